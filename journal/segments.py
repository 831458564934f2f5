"""Watches the journal's segments for records that are not loaded yet; costs almost nothing while there are none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

import apsw

from core.clock import Clock
from core.signal import Lane
from journal.format import Stored, segment_name, segments
from journal.reader import is_closed, read_segment

STAMP_SECONDS = 2.0
"""The coarsest clock by which a file system stamps its folders: two changes within one tick leave the same stamp."""
_ENDED = "SELECT coalesce((SELECT max(at) FROM closed), (SELECT max(received_at) FROM records))"
_LAST = "SELECT coalesce(max(id), 0) FROM records"
_RECEIVED = "SELECT min(received_at), max(received_at) FROM records"
_COUNT = (
    "SELECT count(*), coalesce(sum(count), 0), coalesce(sum(length(body)), 0), min(received_at), max(received_at) FROM records WHERE id > ?"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a segment holds that is not loaded: records, their signals and bytes, and when the oldest and the newest were received.

    Times are in milliseconds since 1970, UTC; 0 means none.
    """

    records: int = 0
    signals: int = 0
    bytes: int = 0
    oldest: int = 0
    newest: int = 0


class SegmentReader:
    """One segment file with an open connection that can tell cheaply whether anything was added.

    ``closed``: nothing will ever be added, as of the last :meth:`read`; ``finished``: closed, and everything was read.
    """

    def __init__(self, path: Path, lane: Lane) -> None:
        self.path = path
        self.name = segment_name(path)
        self.lane = lane
        self.closed = False
        self.finished = False
        self._connection: apsw.Connection | None = None
        self._seen = -1

    def changed(self) -> bool:
        """Return whether the file may hold records that the last exhausted :meth:`read` did not return."""
        if self.finished:
            return False
        version = self._data_version()
        return version is None or version != self._seen

    def read(self, after: int, max_bytes: int) -> list[Stored]:
        """Return the next records after ``after``; an empty list means that the segment is exhausted for now."""
        version = self._data_version()
        self.closed = is_closed(self.path)
        found = list(read_segment(self.path, self.lane, after, max_bytes))
        if not found:
            self._seen = -1 if version is None else version
            self.finished = self.closed
            if self.closed:
                self.close()
        return found

    def waiting(self, after: int) -> Waiting:
        """Count what comes after ``after``, over a connection of its own: other threads may ask."""
        try:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                # a count always returns one row
                return Waiting(*(int(each or 0) for each in connection.execute(_COUNT, (after,)).fetchone()))  # type: ignore[union-attr]
            finally:
                connection.close()
        except apsw.Error:
            return Waiting()

    def holds(self, after: int) -> bool:
        """Return whether it may hold records with an id above ``after``: a file that cannot be read may."""
        try:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                return int(connection.execute(_LAST).fetchone()[0]) > after  # type: ignore[index]  # an aggregate always returns one row
            finally:
                connection.close()
        except apsw.Error:
            return True

    def ended_at(self) -> int:
        """Return when the segment was closed, in milliseconds since 1970 by its writer's clock.

        A segment left by a killed collector has no such time, so that of its last record is used. A file that cannot be read keeps the time
        of its last modification.
        """
        try:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                (ended,) = connection.execute(_ENDED).fetchone()  # type: ignore[misc]
            finally:
                connection.close()
        except apsw.Error:
            ended = None
        return int(ended) if isinstance(ended, int) else self.path.stat().st_mtime_ns // 1_000_000

    def received(self) -> tuple[int, int] | None:
        """Return when its first and last records were received, in milliseconds since 1970; None if it does not say."""
        try:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                first, last = connection.execute(_RECEIVED).fetchone()  # type: ignore[misc]
            finally:
                connection.close()
        except apsw.Error:
            return None
        return (first, last) if isinstance(first, int) and isinstance(last, int) else None

    def close(self) -> None:
        """Close the connection; it is reopened when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._seen = -1  # a version says something only to the connection that gave it

    def _data_version(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])  # type: ignore[index]
        except apsw.Error:  # damaged, or still being created: reading it will tell
            return None


class JournalReader:
    """All segments of a journal, listed again only when a folder's entries have changed. Any thread may ask."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._stamps: dict[Lane, tuple[tuple[str, int], ...]] = {}
        self._first_seen: dict[Lane, float] = {}
        self._trusted: set[Lane] = set()
        """Lanes that were listed after nothing more could change under the same stamp."""
        self._known: dict[Lane, list[SegmentReader]] = {lane: [] for lane in Lane}
        self._lock = threading.Lock()

    def of(self, lane: Lane) -> list[SegmentReader]:
        """Return the lane's segments, oldest first within each collector."""
        with self._lock:
            stamp, now = self._stamp(lane), self._clock.monotonic()
            if stamp != self._stamps.get(lane):
                self._stamps[lane], self._first_seen[lane] = stamp, now
                self._trusted.discard(lane)
            if lane not in self._trusted:
                old = {segment.path: segment for segment in self._known[lane]}
                self._known[lane] = [old.pop(path) if path in old else SegmentReader(path, lane) for path in segments(self._folder, lane)]
                for gone in old.values():
                    gone.close()
                if now - self._first_seen[lane] >= STAMP_SECONDS:
                    self._trusted.add(lane)
            return self._known[lane]

    def readable(self, lane: Lane) -> Iterator[SegmentReader]:
        """Yield for each collector the first segment that may hold something new: within a collector the order is kept."""
        for _, group in groupby(self.of(lane), key=lambda segment: segment.path.parent):
            for segment in group:
                if segment.changed():
                    yield segment
                    break

    def close(self) -> None:
        """Close every connection."""
        for segment in chain.from_iterable(self._known.values()):
            segment.close()

    def _stamp(self, lane: Lane) -> tuple[tuple[str, int], ...]:
        try:
            collectors = sorted(entry for entry in self._folder.iterdir() if entry.is_dir())
        except FileNotFoundError:
            return ()
        stamps = []
        for collector in collectors:
            try:
                stamps.append((collector.name, (collector / lane.value).stat().st_mtime_ns))
            except FileNotFoundError:
                continue
        return tuple(stamps)
