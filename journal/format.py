"""The journal's format on disk. Collectors write it (``writer.py``), and the engine what it keeps there (``store/engine_journal.py``).

One folder a collector and lane: ``<data>/journal/<collector>/<lane>/<number>.journal``, numbers rising, nine digits or more. A segment is a SQLite
file in WAL mode (``synchronous=FULL``), written by one connection, rotated by size, deleted whole (with its ``-wal`` and ``-shm``). A segment is
closed when it has a row in ``closed`` or when its folder has a segment of a higher number; its writer will never add to it again. Ids begin
at 1, rise by one within a segment and are never used twice, so that a gap is a loss that can be seen; ``closed.last_id`` says where they end.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from core.signal import Lane, Record, SignalKind

SEGMENT_SUFFIX = ".journal"
ENGINE = "@engine"
"""The folder of what the engine writes there: no collector can have that name."""
BUSY_MILLISECONDS = 5_000
"""How long a reader waits while the writer closes a segment, which locks it for a moment."""
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
    """A record as it lies in a segment; ``record`` is None when it is damaged (``damage`` says how)."""

    id: int
    record: Record | None
    damage: str = ""


def checksum(kind: str, source: str, received_at: int, count: int, detail: str, body: bytes) -> int:
    """Return the CRC-32 that covers every field of a record."""
    crc = zlib.crc32(f"{kind}\0{source}\0{received_at}\0{count}\0{detail}\0".encode())
    view = memoryview(body)
    # zlib gives the interpreter's lock away for more than 5 KiB, and getting it back costs more than the sum
    for start in range(0, len(body), 5120):
        crc = zlib.crc32(view[start : start + 5120], crc)
    return crc


def closing_checksum(at: int, last_id: int) -> int:
    """Return the CRC-32 that covers the row of ``closed``."""
    return zlib.crc32(f"{at}\0{last_id}".encode())


def segment_path(journal: Path, collector: str, lane: Lane, number: int) -> Path:
    """Return the path of segment ``number`` below the journal folder."""
    return journal / collector / lane.value / f"{number:09d}{SEGMENT_SUFFIX}"


def segments(journal: Path, lane: Lane) -> list[Path]:
    """Return all segments of a lane, of every collector, oldest first per collector."""
    return sorted(journal.glob(f"*/{lane.value}/*{SEGMENT_SUFFIX}"))


def segment_name(path: Path) -> str:
    """Return the segment's name, unique in a journal: ``collector/lane/number``."""
    return f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"


def parse_row(lane: Lane, row: tuple[int, str, str, int, int, str, bytes, int]) -> Stored:
    """Turn a row of ``records`` into a record, or say that it is damaged."""
    id_, kind, source, received_at, count, detail, body, expected = row
    try:
        if checksum(kind, source, received_at, count, detail, body) != expected:
            return Stored(id_, None, "the checksum does not fit")
        return Stored(id_, Record(SignalKind(kind), source, lane, received_at, count, body, detail))
    except (TypeError, ValueError, AttributeError) as error:
        return Stored(id_, None, f"unreadable: {error}")
