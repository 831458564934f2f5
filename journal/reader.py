"""Reads segment files, even while another process writes them, and even damaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw

from core.signal import Lane
from journal.format import BUSY_MILLISECONDS, SEGMENT_SUFFIX, Stored, closing_checksum, parse_row
from journal.salvage import PAGE_BYTES, frames_of_last_run, salvage, salvage_closing

_HEADER = b"SQLite format 3\0"


def is_closed(path: Path) -> bool:
    """Return whether nothing will ever be added to the segment."""
    if any(other.name > path.name for other in path.parent.glob(f"*{SEGMENT_SUFFIX}")):
        return True
    try:
        connection = _open(path)
        try:
            return connection.execute("SELECT 1 FROM closed").fetchone() is not None
        finally:
            connection.close()
    except apsw.Error:
        return False


def _open(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection


def read_segment(path: Path, lane: Lane, after: int, max_bytes: int) -> Iterator[Stored]:
    """Yield the records of a segment file with an id above ``after``, in order.

    It ends once ``max_bytes`` of bodies are read (at least one record).

    Another process may be writing the file. Where SQLite cannot read, or skips ids, the records are salvaged from the raw pages; every lost
    id is yielded once as damage. A file of which nothing is left yields one damage, with id 1. Raises ``FileNotFoundError`` if the file
    does not exist.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    total = 0
    last = after
    try:
        connection = _open(path)
        try:
            for stored in read(connection, lane, after, max_bytes):
                if stored.id != last + 1:
                    break
                yield stored
                last = stored.id
                total += len(stored.record.body) if stored.record else 0
                if total >= max_bytes:
                    return
            else:
                if not _is_cut_short(connection, path, last):
                    return
        finally:
            connection.close()
    except apsw.BusyError:
        raise
    except apsw.Error:  # no longer a database, or damaged at this point: salvage what is left
        pass
    yield from _salvaged(path, lane, last, max_bytes - total)


def _is_cut_short(connection: apsw.Connection, path: Path, last: int) -> bool:
    """Return whether records that were written are missing after the last one that SQLite returned."""
    if (end := _last_id(path)) is not None:
        return end > last
    if not is_closed(path):
        return False  # its writer is at work: anything beyond is not committed yet
    known: int = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)[0]
    return frames_of_last_run(path) > max(known, 0)


def _salvaged(path: Path, lane: Lane, after: int, max_bytes: int) -> Iterator[Stored]:
    found: dict[int, Stored] = {}
    last = 0
    for row in salvage(path):
        stored = parse_row(lane, row)
        last = max(last, stored.id if stored.record else 0)
        if stored.record is not None and stored.id > after:
            found[stored.id] = stored
    last = max(last, _last_id(path) or 0)
    if not last and not after and not _is_being_made(path):
        yield Stored(1, None, "nothing of the segment can be read")
    total = 0
    for id_ in range(after + 1, last + 1):
        stored = found.get(id_, Stored(id_, None, "the segment is damaged and the record could not be salvaged"))
        yield stored
        total += len(stored.record.body) if stored.record else 0
        if total >= max_bytes:
            return


def _is_being_made(path: Path) -> bool:
    """Return whether the file is a segment without tables: its writer is creating them, or was killed before it could."""
    with path.open("rb") as file:
        head = file.read(len(_HEADER))
    return path.stat().st_size <= 3 * PAGE_BYTES or (head == _HEADER and not is_closed(path))


def _last_id(path: Path) -> int | None:
    """Return the last id that the segment says it has; None if it does not say."""
    for at, last_id, expected in salvage_closing(path):
        if closing_checksum(at, last_id) == expected:
            return last_id
    return None


def read(connection: apsw.Connection, lane: Lane, after: int, max_bytes: int) -> Iterator[Stored]:
    """Yield records with an id above ``after``, in order, until ``max_bytes`` of bodies are read (at least one record)."""
    total = 0
    query = "SELECT id, kind, source, received_at, count, detail, body, checksum FROM records WHERE id > ? ORDER BY id"
    for row in connection.execute(query, (after,)):
        stored = parse_row(lane, row)
        yield stored
        total += len(row[6]) if isinstance(row[6], bytes) else 0
        if total >= max_bytes:
            return
