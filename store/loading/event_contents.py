"""What was received under the key of each event, as numbers: known at once, and in the store together with the loader's positions.

After a crash the store may lack what came since: it is taken from the events that are stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from core.clock import from_milliseconds
from core.signal import Record
from store.client import Store
from store.statement import statement

_Content = tuple[int, int]
"""Of an event: a hash of its key, and one of all of it."""


class EventContents:
    """One thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_complete = False
        """Whether the store has what was received before the start."""
        self._unwritten: dict[_Content, tuple[int, int]] = {}
        """With the slice and the time of receipt, in milliseconds since 1970, of each."""

    def note(self, events: Sequence[Record], slice_: int) -> set[int]:
        """Note a small slice's events, and return which of their keys have more than one content now."""
        self._complete()
        noted = {(key_hash(*key_of(record)), int.from_bytes(_digest(record.body)[:8], "little")): record for record in events}
        keys = {key for key, _ in noted}
        known = self._store.rows(statement("conflicts/contents"), {"keys": sorted(keys)})
        stored = {(int(row["key"]), int(row["content"])) for row in known}
        new = noted.keys() - stored
        found = {content for content in self._unwritten if content[0] in keys} | stored | new
        self._unwritten = {content: (slice_, noted[content].received_at) for content in new} | self._unwritten
        return {key for key, contents in Counter(key for key, _ in found).items() if contents > 1}

    def noted_by_store(self, slice_: int) -> set[int]:
        """Return which keys of a large slice, whose events the store itself has noted, have more than one content now."""
        self._complete()
        self.write()
        return {int(row["key"]) for row in self._store.rows(statement("conflicts/keys"), {"slice": slice_})}

    def _complete(self) -> None:
        if not self._is_complete:
            self._store.command(statement("conflicts/note_contents"))
            self._is_complete = True

    def columns(self) -> dict[str, list[Any]]:
        """Return what is not written yet as rows of ``event_contents``."""
        return {
            "key": [key for key, _ in self._unwritten],
            "content": [content for _, content in self._unwritten],
            "slice": [slice_ for slice_, _ in self._unwritten.values()],
            "received_at": [from_milliseconds(at) for _, at in self._unwritten.values()],
        }

    def written(self) -> None:
        """Record that all of :meth:`columns` is in the store."""
        self._unwritten = {}

    def write(self) -> None:
        """Write what is not written yet. Raises what the store raises."""
        self._store.insert("event_contents", self.columns())
        self.written()


def key_of(record: Record) -> tuple[str, str]:
    """Return the event's source and id; empty ones if the body is not a CloudEvent."""
    try:
        event = json.loads(record.body)
        return str(event["source"]), str(event["id"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def key_hash(source: str, id_: str) -> int:
    """Return ``event_contents.key``."""
    return int.from_bytes(_digest(f"{source} {id_}".encode("utf-8", "surrogatepass"))[:8], "little")


def content_hash(body: bytes) -> str:
    """Return ``events.content_hash``."""
    return _digest(body).hex()


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()[:16]
