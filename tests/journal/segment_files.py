"""Segments as their writer leaves them, and how a test reads one whole."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from core.signal import Lane, Record, SignalKind
from journal.reader import read_segment
from journal.segment import SegmentWriter, make_row

RECEIVED_AT = 1_774_000_000_000
"""Milliseconds since 1970: record ``n`` was received ``n`` milliseconds later."""


def record(number: int, size: int) -> Record:
    """Return a record of three spans, by its number always the same one; ``size`` of its body in bytes."""
    body = random.Random(number).randbytes(size)
    return Record(SignalKind.TRACES, "gateway", Lane.STANDARD, RECEIVED_AT + number, 3, body)


def size_of(number: int) -> int:
    """Return the size of a record's body, in bytes: within a page, about one, and over several."""
    return (40, 700, 5_000, 31_000, 33_500, 150_000)[number % 6]


def write(folder: Path, count: int, *, close: bool = True, number: int = 1) -> tuple[Path, SegmentWriter]:
    """Write the records 1 to ``count`` in transactions of five."""
    folder.mkdir(parents=True, exist_ok=True)
    segment = SegmentWriter(folder / f"{number:09d}.journal")
    for first in range(1, count + 1, 5):
        segment.append([make_row(record(each, size_of(each))) for each in range(first, min(first + 5, count + 1))])
    if close:
        segment.close(1)
    return segment.path, segment


def leave_as_killed(path: Path, segment: SegmentWriter, folder: Path) -> Path:
    """Copy an open segment to ``folder`` as a killed collector leaves it, and end its writer."""
    folder.mkdir(parents=True)
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), folder)
    segment.close(1)
    return folder / path.name


def read_all(path: Path) -> tuple[dict[int, Record], set[int]]:
    """Return the intact records by their ids, and the ids that are reported as lost; every id comes once and in order."""
    intact: dict[int, Record] = {}
    lost: set[int] = set()
    after = 0
    while True:
        stored = list(read_segment(path, Lane.STANDARD, after, 1 << 20))
        if not stored:
            return intact, lost
        assert [one.id for one in stored] == list(range(after + 1, after + 1 + len(stored)))
        for one in stored:
            if one.record is None:
                assert one.damage
                lost.add(one.id)
            else:
                intact[one.id] = one.record
        after = stored[-1].id
