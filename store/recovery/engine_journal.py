"""What the engine itself writes to the journal: rows of its own tables that no signal can bring back.

Below ``<data>/journal/@engine`` (no collector can have that name) there are two folders of segments like those of collectors. ``acts``:
what people did, incidents, and who was notified of what; kept for ever. ``decisions``: which key names which transaction, and verdicts;
kept as long as the signals that they follow from. A record is rows of one table: ``source`` names the table, ``detail`` is the highest
revision in it, ``body`` the columns as zstd-compressed JSON.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec
import numpy as np
from backports import zstd

from core.clock import Clock, to_milliseconds
from core.disk import NO_ROOM
from core.errors import NoRoom, Retryable, UsageError
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from journal.format import ENGINE, SEGMENT_SUFFIX
from journal.reader import read_segment
from journal.segment import SegmentWriter, lock_folder, make_row
from journal.segments import SegmentReader

Columns = Mapping[str, Sequence[Any]]

ACTS = (
    *("incidents", "incident_members", "silences", "deliveries", "delivery_attempts", "actions"),
    *("expected_sources", "catalogs", "swept_segments", "losses"),
)
DECISIONS = ("transaction_keys", "verdicts")
FOLDERS = {"acts": ACTS, "decisions": DECISIONS}
APPENDED = frozenset({"actions", "catalogs"})
"""Tables in which a row that is inserted twice appears twice."""
FOLDER_OF = {table: folder for folder, tables in FOLDERS.items() for table in tables}
_READ_BYTES = 64 << 20
_REACHED = "SELECT source, max(CAST(detail AS INTEGER)) FROM records GROUP BY source"


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one table as a record holds them.

    ``revision``: the highest in it. ``damage``: why it could not be read; then without rows.
    """

    table: str
    revision: int
    columns: dict[str, list[Any]]
    damage: str = ""


class EngineJournal:
    """The writing and the reading side; safe to use from several threads.

    Raises :class:`core.errors.UsageError` if another engine writes this journal.
    """

    def __init__(self, journal: Path, clock: Clock, segment_max_bytes: int) -> None:
        self._folder = journal / ENGINE
        alone = lock_folder(self._folder)
        if alone is None:
            raise UsageError(f"another engine writes the journal {self._folder}; stop it first")
        self._alone = alone
        self._lock = threading.Lock()
        self._writers = {name: _Writer(self._folder / name, clock, segment_max_bytes) for name in FOLDERS}

    def append(self, tables: Mapping[str, Columns]) -> None:
        """Write rows of tables; they are on disk when this returns.

        Raises :class:`core.errors.Retryable` if the disk does not accept them.
        """
        with self._lock:
            for name, own in FOLDERS.items():
                if chosen := {table: columns for table, columns in tables.items() if table in own}:
                    self._writers[name].append(chosen)

    def reached(self) -> dict[str, int]:
        """Return the highest revision written, by table; 0 if there is none."""
        found = dict.fromkeys(FOLDER_OF, 0)
        for name in FOLDERS:
            for path in self._segments(name):
                for table, revision in _reached(path):
                    found[table] = max(found.get(table, 0), revision)
        return found

    def read(self, name: str) -> Iterator[Kept]:
        """Yield what a folder holds, in the order in which it was written."""
        for path in self._segments(name):
            after = 0
            while found := list(read_segment(path, Lane.CRITICAL, after, _READ_BYTES)):
                for stored in found:
                    yield _kept(stored.record) if stored.record else Kept("", 0, {}, f"{path.name} record {stored.id}: {stored.damage}")
                after = found[-1].id

    def sweep(self, oldest: int) -> list[Path]:
        """Delete segments of decisions that ended before ``oldest`` (milliseconds since 1970); return them."""
        deleted = []
        with self._lock:
            writing = self._writers["decisions"].path
            for path in self._segments("decisions"):
                if path != writing and SegmentReader(path, Lane.CRITICAL).ended_at() < oldest:
                    for suffix in ("", "-wal", "-shm"):
                        path.with_name(path.name + suffix).unlink(missing_ok=True)
                    deleted.append(path)
        return deleted

    def close(self) -> None:
        """Close the segments and release the folder."""
        with self._lock:
            for writer in self._writers.values():
                writer.close()
            self._alone.close()

    def _segments(self, name: str) -> list[Path]:
        return sorted((self._folder / name).glob(f"*{SEGMENT_SUFFIX}"))


class _Writer:
    """One folder's open segment, started by the first rows."""

    def __init__(self, folder: Path, clock: Clock, segment_max_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._max_bytes = segment_max_bytes
        self._segment: SegmentWriter | None = None

    @property
    def path(self) -> Path | None:
        """The segment that is being written."""
        return self._segment.path if self._segment else None

    def append(self, tables: Mapping[str, Columns]) -> None:
        now = to_milliseconds(self._clock.now())
        rows = [make_row(_record(table, columns, now)) for table, columns in tables.items()]
        try:
            self._segment = self._segment or self._begin(now)
            self._segment.append(rows)
            if self._segment.size >= self._max_bytes:
                self.close()
        except (apsw.Error, OSError) as error:
            # nobody knows what the disk has of it: the next rows start another segment, and until then the store has them
            with contextlib.suppress(apsw.Error, OSError):
                self.close()
            kind = NoRoom if isinstance(error, OSError) and error.errno in NO_ROOM else Retryable
            raise kind(f"the journal {self._folder} cannot be written: {error}; make room on its disk, or repair it") from error

    def close(self) -> None:
        segment, self._segment = self._segment, None
        if segment:
            segment.close(to_milliseconds(self._clock.now()))

    def _begin(self, now: int) -> SegmentWriter:
        make_folder(self._folder)
        last = max((int(path.stem) for path in self._folder.glob(f"*{SEGMENT_SUFFIX}")), default=0)
        return SegmentWriter(self._folder / f"{max(last, now // 1000 - 1) + 1:09d}{SEGMENT_SUFFIX}")


def _record(table: str, columns: Columns, now: int) -> Record:
    revisions = columns["revision"]
    body = zstd.compress(msgspec.json.encode({k: list(v) for k, v in columns.items()}, enc_hook=_plain), level=1)
    return Record(SignalKind.ROWS, table, Lane.CRITICAL, now, len(revisions), body, str(max(revisions)))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be kept in the journal")


def _kept(record: Record) -> Kept:
    try:
        columns = msgspec.json.decode(zstd.decompress(record.body))
        return Kept(record.source, int(record.detail), columns)
    except (ValueError, zstd.ZstdError, msgspec.DecodeError) as error:
        return Kept(record.source, 0, {}, f"unreadable rows of {record.source}: {error}")


def _reached(path: Path) -> list[tuple[str, int]]:
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return [(str(table), int(str(revision))) for table, revision in connection.execute(_REACHED)]
        finally:
            connection.close()
    except (apsw.Error, ValueError):  # damaged: what can be salvaged of it counts
        found = [stored.record for stored in read_segment(path, Lane.CRITICAL, 0, 1 << 62) if stored.record]
        return [(record.source, int(record.detail)) for record in found]
