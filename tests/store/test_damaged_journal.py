"""A journal that was damaged while everything stood still: the store gets every intact record, and the loss is told with its number."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from core.clock import to_milliseconds
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from journal.format import segment_path
from journal.reader import read_segment
from journal.segment import SegmentWriter, make_row
from store.client import Store
from tests.store.journals import NOW, ids, loader_on

SIZES = (40, 700, 5_000, 31_000, 33_500, 150_000)
COUNT = 36


def record(number: int) -> Record:
    filler = random.Random(number).randbytes(SIZES[number % len(SIZES)] // 2).hex()
    fields = {"specversion": "1.0", "source": "/shop", "id": f"{number:03d}", "type": "order.placed", "data": filler}
    return Record(SignalKind.EVENT, "shop", Lane.CRITICAL, to_milliseconds(NOW) + number, 1, json.dumps(fields).encode())


def stopped_journal(settings: Settings, folder: Path, *, killed: bool) -> Path:
    """Write a segment; ``killed``: as kill -9 leaves it, its newest records in the WAL alone."""
    path = segment_path(settings.journal, "local", Lane.CRITICAL, 1)
    make_folder(path.parent)
    written = folder / path.name if killed else path
    segment = SegmentWriter(written)
    for first in range(1, COUNT + 1, 5):
        segment.append([make_row(record(number)) for number in range(first, min(first + 5, COUNT + 1))])
    if killed:
        for name in (written.name, f"{written.name}-wal"):
            shutil.copy(folder / name, path.parent / name)
        SegmentWriter(segment_path(settings.journal, "local", Lane.CRITICAL, 2)).close(to_milliseconds(NOW))
    segment.close(to_milliseconds(NOW))
    return path


def flip(file: Path, generator: random.Random) -> None:
    damaged = bytearray(file.read_bytes())
    for _ in range(generator.randint(1, 4)):
        damaged[generator.randrange(100, len(damaged))] ^= 1 << generator.randrange(8)
    file.write_bytes(damaged)


def cut(file: Path, generator: random.Random) -> None:
    file.write_bytes(file.read_bytes()[: generator.randrange(3 * 32_768, file.stat().st_size)])


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("seed", range(4))
def test_the_store_gets_what_is_intact_and_the_rest_is_reported(store: Store, tmp_path: Path, seed: int, damage, killed: bool) -> None:
    settings, telemetry = Settings(data=tmp_path / "data"), Telemetry()
    (tmp_path / "live").mkdir()
    path = stopped_journal(settings, tmp_path / "live", killed=killed)
    damage(path.with_name(path.name + "-wal") if killed else path, random.Random(seed))
    read = list(read_segment(path, Lane.CRITICAL, 0, 1 << 40))
    intact = sorted(f"{one.id:03d}" for one in read if one.record is not None)

    loader = loader_on(store, settings, telemetry=telemetry)
    damaged = 0
    while (report := loader.load()).slices:
        damaged += report.damaged
    loader.close()

    assert ids(store) == intact
    rows = store.rows("SELECT quarantine_id AS name FROM quarantine FINAL WHERE reason = 'journal_damaged' ORDER BY name")
    assert sorted(row["name"] for row in rows) == sorted(f"local/critical/000000001:{one.id}" for one in read if one.record is None)
    assert damaged == telemetry.value(M.JOURNAL_DAMAGED, lane="critical") == len(rows)
    if damage is flip:
        assert len(intact) >= COUNT - 4
    if not killed:  # the segment says itself where it ends: what is missing at its end is missed too
        assert len(intact) + damaged == COUNT
