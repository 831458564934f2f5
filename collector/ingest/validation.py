"""What a request says, once its sender is known: decoded, validated, and turned into what may be journalled.

The same here as in the offload process.

Small input is validated at once, on the event loop; see :func:`validate_small`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collector import cloud_events
from collector.cloud_events import BadEvent
from collector.http.encoding import decode, too_large_decompressed
from collector.http.webhook_signatures import delivered_event
from collector.ingest.content import REQUEST_MAX_BYTES, SMALL_MAX_BYTES, Bytes, Content
from collector.ingest.uploads import uploaded_events
from collector.otlp import json_records
from collector.otlp.admission import Admitted, admit, admit_ordinary
from collector.rejection import Rejection, reject
from core.signal import SignalKind

JSON_MAX_BYTES = 4 << 20
"""JSON cannot be validated in pieces, and takes a multiple of its size."""
ODD_SMALL_BYTES = 32 << 10
"""What has to be inspected value by value or record by record is validated at once up to this size."""
ENCODED_SMALL_BYTES = 128 << 10
SMALL_RECORDS_MAX = 10_000
"""More are validated beside the event loop, however few bytes they have."""
PROTOBUF, JSON, STRUCTURED, BATCH, BINARY, DELIVERY = "protobuf", "json", "structured", "batch", "binary", "delivery"
DOCUMENTS = "documents"
TWICE, NONE = "both in headers and body", "no event"
Validated = Admitted | bytes | BadEvent


@dataclass(frozen=True, slots=True)
class Task:
    """What to make of a body. ``form`` is one of those above.

    ``headers`` belong to the input: those of an event in binary mode, the attributes of a webhook's delivery, or the format of documents.
    """

    kind: SignalKind
    form: str
    encoding: str = ""
    content_type: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def max_bytes(self) -> int:
        """Return how large the body may be, as sent and decompressed."""
        return REQUEST_MAX_BYTES if self.form == PROTOBUF else JSON_MAX_BYTES


def size_of(found: list[Validated]) -> int:
    """Return how many bytes the results of a request take until they are on disk."""
    size = 0
    for each in found:
        if isinstance(each, Admitted):
            size += len(each.body) + sum(len(bad.body) for bad in each.bad)
        else:
            size += len(each if isinstance(each, bytes) else each[1])
    return size


def takes_a_while(task: Task, content: Content) -> bool:
    """Return whether :func:`validate_small` may take more than half a millisecond: what is compressed may be anything."""
    return bool(task.encoding) or content.size > ENCODED_SMALL_BYTES


def validate_small(task: Task, content: Content) -> list[Validated] | None:
    """Return the result for a request that takes at most a few milliseconds; None for any other, about which nothing is known then.

    Raises :class:`Rejection` if all of it is unusable.
    """
    if content.is_large or (task.encoding and content.size > ENCODED_SMALL_BYTES):
        return None
    try:
        body = decode(content.whole(), task.encoding, SMALL_MAX_BYTES)
    except Rejection as rejection:
        if rejection.status != 413:
            raise
        return None
    is_small = len(body) <= ODD_SMALL_BYTES
    if task.form == PROTOBUF and (is_small or task.kind is not SignalKind.METRICS):
        admitted = admit_ordinary(task.kind, body, SMALL_RECORDS_MAX)
        if admitted is not None:
            return [admitted]
    return list(validate(task, body)) if is_small else None


def validate(task: Task, body: Bytes) -> Iterator[Validated]:
    """Yield the results for a decoded body. Raises :class:`Rejection` if all of it is unusable; nothing of it is then used."""
    if len(body) > task.max_bytes:
        raise too_large_decompressed(task.max_bytes)
    if task.form == PROTOBUF:
        yield from admit(task.kind, body)
        return
    if task.form in {TWICE, NONE}:
        raise _no_event(task.form)
    text = bytes(body)
    if task.form == JSON:
        body, bad = json_records.read(task.kind, text) if text else (b"", [])
        if bad:
            yield Admitted(b"", 0, bad)
        yield from admit(task.kind, body)
    elif task.form == BATCH:
        yield from cloud_events.parse_batch(text)
    elif task.form == STRUCTURED:
        yield cloud_events.parse_structured(text)
    elif task.form == BINARY:
        yield cloud_events.parse_binary(task.headers, task.content_type, text)
    elif task.form == DOCUMENTS:
        yield from uploaded_events(dict(task.headers), text)
    else:
        yield delivered_event(dict(task.headers), task.content_type, text)


def _no_event(form: str) -> Rejection:
    if form == TWICE:
        return cloud_events.bad("the event must be either in the headers or in the body, not in both", "ce-specversion")
    return reject(
        415,
        "unsupported_type",
        "this is not a CloudEvent",
        field="content-type",
        what_to_do=f"send {cloud_events.STRUCTURED}, {cloud_events.BATCH} or ce- headers",
    )
