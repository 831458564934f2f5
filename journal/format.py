"""The journal's format on disk. Collectors write it (``writer.py``), and so does the engine for its own rows (``engine_journal.py``).

One folder per collector and lane: ``<data>/journal/<collector>/<lane>/<number>.journal``, with rising numbers of nine digits or more. A
segment is a SQLite file in WAL mode (``synchronous=FULL``), written by one connection, rotated by size and deleted whole (with its ``-wal``
and ``-shm``). A segment is closed once it has a row in ``closed`` or its folder has a segment with a higher number; its writer will never
add to it again. Ids start at 1, rise by one within a segment and are never reused, so that a gap reveals a loss; ``closed.last_id`` says
where they end.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from core.signal import Lane, Record, SignalKind

SEGMENT_SUFFIX = ".journal"
ENGINE = "@engine"
"""The folder of the engine's own rows; no collector can have this name."""
BUSY_MILLISECONDS = 5_000
"""How long a reader waits while the writer closes a segment, which locks it for a moment."""
_AT_ONCE_BYTES = 5120
"""zlib releases the interpreter's lock above this, and getting it back costs more than a checksum."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    detail TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS closed (at INTEGER NOT NULL, last_id INTEGER NOT NULL, checksum INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as stored in a segment; ``record`` is None if it is damaged (``damage`` says how)."""

    id: int
    record: Record | None
    damage: str = ""


def checksum(kind: str, source: str, received_at: int, count: int, detail: str, body: bytes) -> int:
    """Return the CRC-32 over every field of a record."""
    crc = zlib.crc32(f"{kind}\0{source}\0{received_at}\0{count}\0{detail}\0".encode())
    if len(body) <= _AT_ONCE_BYTES:
        return zlib.crc32(body, crc)
    view = memoryview(body)
    for start in range(0, len(body), _AT_ONCE_BYTES):
        crc = zlib.crc32(view[start : start + _AT_ONCE_BYTES], crc)
    return crc


def closing_checksum(at: int, last_id: int) -> int:
    """Return the CRC-32 over the row of ``closed``."""
    return zlib.crc32(f"{at}\0{last_id}".encode())


def segment_path(journal: Path, collector: str, lane: Lane, number: int) -> Path:
    """Return the path of segment ``number`` below the journal folder."""
    return journal / collector / lane.value / f"{number:09d}{SEGMENT_SUFFIX}"


def segments(journal: Path, lane: Lane) -> list[Path]:
    """Return all segments of a lane, of every collector, oldest first within each collector."""
    return sorted(journal.glob(f"*/{lane.value}/*{SEGMENT_SUFFIX}"))


def segment_name(path: Path) -> str:
    """Return the segment's name, unique in a journal: ``collector/lane/number``."""
    return f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"


def parse_row(lane: Lane, row: tuple[int, str, str, int, int, str, bytes, int]) -> Stored:
    """Turn a row of ``records`` into a record, or report that it is damaged."""
    id_, kind, source, received_at, count, detail, body, expected = row
    try:
        if checksum(kind, source, received_at, count, detail, body) != expected:
            return Stored(id_, None, "the checksum does not match")
        return Stored(id_, Record(SignalKind(kind), source, lane, received_at, count, body, detail))
    except (TypeError, ValueError, AttributeError) as error:
        return Stored(id_, None, f"unreadable: {error}")
