"""Cross-checks of the queues before milestones: that somebody tells how much waits in them."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog.flow import Flow, Through
from core.catalog.positions import Document, Path
from core.catalog.review import Review
from core.catalog.source import Source
from core.duration import parse_duration


def check_through(review: Review, document: Document, flow: Flow, sources: Mapping[str, Source]) -> None:
    """Report every error in the queues that the milestones of a flow name."""
    seen: dict[tuple[str, str], str] = {}
    for name, milestone in flow.milestones.items():
        if (through := milestone.through) is None:
            continue
        path: Path = ("milestones", name, "through")
        review.refers(document, (*path, "source"), "source", through.source, " in sources/")
        if through.source in sources:
            _check_queue(review, document, path, through, sources[through.source])
        if milestone.failure or flow.before(name) is None:
            review.wrong(document, path, f"nothing waits for '{name}'; name the queue at a milestone that comes after another", at_key=True)
        if parse_duration(through.limit).working:
            review.wrong(document, (*path, "limit"), "a queue has no calendar; remove 'working'")
        first = seen.setdefault((through.source, through.queue), name)
        if first != name:
            review.wrong(
                document, path, f"'{through.queue}' is before '{first}' already; name it at one milestone of the flow", at_key=True
            )


def _check_queue(review: Review, document: Document, path: Path, through: Through, source: Source) -> None:
    if source.receiver is None:
        return  # it may be told of by OpenTelemetry's Collector; the page Sources says so if nobody does
    told = review.validators.queues(source.receiver) if review.validators.queues else None
    if told == []:
        review.wrong(
            document, (*path, "source"), f"source '{through.source}' tells no queues; name one whose receiver reads a broker that does"
        )
    elif told is not None and through.queue not in told and not any(name.startswith("^") for name in told):
        message = f"source '{through.source}' does not tell how much waits in '{through.queue}'; it tells {', '.join(told)}"
        review.unknown(document, (*path, "queue"), message, through.queue, told)
