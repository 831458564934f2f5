"""Numbers that senders count up, by which a gap in what a source delivers is found."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from collector.receiver import ReceiverContext

_PLACES_MAX = 100_000
_LOG = logging.getLogger("andon.collector")


class Sequence:
    """The last number of each place (a topic), on disk, so that a gap over a restart is found too.

    ``path`` leads to the number in an event: ``data.seq``, or an extension attribute by its name. A number that is not above the last one
    is a redelivery, or a sender that counts anew; an event without a number says nothing.
    """

    def __init__(self, path: str, context: ReceiverContext) -> None:
        self._path = path.split(".")
        self._context = context
        self._file = context.state / "sequence.json"
        self._last = self._read()

    def follow(self, place: str, events: Iterable[bytes]) -> None:
        """Look at the events of one message, and tell the gap before it."""
        for event in events:
            number = _number(event, self._path)
            if number is None:
                continue
            last = self._last.pop(place, None)
            if last is not None and number > last + 1:
                self._context.tell_gap(
                    "the numbers of its sender have a gap", place=place, after=last, next=number, missing=number - last - 1
                )
            self._last[place] = number
            if len(self._last) > _PLACES_MAX:  # the one that has been silent longest
                del self._last[next(iter(self._last))]

    def save(self) -> None:
        """Keep the numbers; what is lost of them in a crash costs one gap that is not found."""
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(self._last), encoding="utf-8")
        beside.replace(self._file)

    def _read(self) -> dict[str, int]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            fields = {"source": self._context.source.source, "why": str(error)}
            _LOG.warning("the last numbers of the source cannot be read; gaps are looked for from now on", extra={"fields": fields})
            return {}
        return {str(place): int(number) for place, number in found.items()}


def _number(event: bytes, path: list[str]) -> int | None:
    found: Any = msgspec.json.decode(event)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    try:
        return None if isinstance(found, bool) else int(found)
    except (TypeError, ValueError, OverflowError):
        return None
