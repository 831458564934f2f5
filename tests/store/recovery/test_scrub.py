"""A flipped bit in a part is found, named, set aside and brought back; where nothing is wrong a round says so."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest

from core.clock import FakeClock
from core.condition import Conditions
from core.telemetry import M, Telemetry
from store.client import Store
from store.recovery.losses import CONDITION as LOSS
from store.recovery.losses import Losses
from store.recovery.parts_ledger import PartsLedger, listed
from store.recovery.scrub import CONDITION, Scrub
from tests.store.journals import NOW


class Scrubbed:
    """A store with a scrub that runs when it is asked to."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.telemetry, self.conditions, self.clock = store, Telemetry(), Conditions(), FakeClock(NOW)
        self.losses = Losses(store, PartsLedger(folder / "parts.json", Path("/")), self.clock, self.telemetry, self.conditions)
        self.scrub = Scrub(store, self.losses, 3600, self.clock, self.telemetry, self.conditions)

    def round(self) -> list[str]:
        return [damage.subject for damage in self.scrub.scrub(threading.Event())]

    def insert(self, table: str = "events") -> str:
        """Insert a part that is mostly data, flip a bit in its middle, and return its name."""
        ids = [f"{number * 2654435761 % 2**32:x}" for number in range(2000)]
        columns = {"slice": [1] * 2000, "id": ids, "received_at": [NOW] * 2000}
        self.store.insert(table, columns if table == "events" else {"transaction_id": ids, "revision": list(range(2000))})
        (part,) = [one for one in listed(self.store, active=True, tables=[table])[table] if one.part.rows]
        file = part.path / "data.packed"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        return part.part.name

    def told(self, name: str) -> dict[str, str]:
        return {one.subject: one.title for one in self.conditions.current() if one.name == name}


@pytest.fixture
def scrubbed(store: Store, tmp_path: Path) -> Scrubbed:
    return Scrubbed(store, tmp_path)


def test_a_store_that_is_as_it_was_written_is_read_and_said_to_be(scrubbed: Scrubbed, caplog: pytest.LogCaptureFixture) -> None:
    scrubbed.store.insert("events", {"slice": [1], "id": ["1"], "received_at": [NOW]})
    with caplog.at_level(logging.INFO):
        assert scrubbed.round() == []
    assert "every part of the store has been read" in caplog.text
    assert scrubbed.telemetry.value(M.SCRUB_FINISHED) == NOW.timestamp()
    assert scrubbed.conditions.is_over(CONDITION, "events/all_1_1_0")


@pytest.mark.parametrize("table", ["events", "clocks"])
def test_a_flipped_bit_is_named_and_what_the_journal_has_is_brought_back(
    scrubbed: Scrubbed, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    part = scrubbed.insert(table)
    with caplog.at_level(logging.ERROR):
        assert scrubbed.round() == [f"{table}/{part}"]
    assert f"Part {part} of {table} is damaged" in scrubbed.told(CONDITION)[f"{table}/{part}"]
    assert "set aside" in scrubbed.told(CONDITION)[f"{table}/{part}"]
    assert "a part of the store is damaged" in caplog.text
    assert scrubbed.telemetry.value(M.DAMAGED_PARTS) == 1
    assert [loss.table_name for loss in scrubbed.losses.waiting()] == [table]
    assert scrubbed.store.rows(f"SELECT count() AS n FROM {table}")[0]["n"] == 0, "what is there can be read"
    scrubbed.losses.look()
    assert len(scrubbed.losses.waiting()) == 1

    assert scrubbed.round() == []
    assert not scrubbed.told(CONDITION)
    assert scrubbed.told(LOSS)


def test_a_damaged_part_that_the_journal_cannot_make_good_stays_and_is_named_in_every_round(scrubbed: Scrubbed) -> None:
    swept = {"segment": ["a"], "lane": ["bulk"], "records": [1], "first_at": [NOW], "last_at": [NOW], "revision": [1]}
    scrubbed.store.insert("swept_segments", {**swept, "signals": [{"events": 1}]})
    part = scrubbed.insert()
    for _ in range(2):
        assert scrubbed.round() == [f"events/{part}"]
        assert "restore a backup" in scrubbed.told(CONDITION)[f"events/{part}"]
    assert not scrubbed.losses.waiting()


def test_a_round_is_due_once_the_time_is_over_also_after_a_restart(scrubbed: Scrubbed, tmp_path: Path) -> None:
    scrubbed.round()
    scrubbed.clock.advance(timedelta(minutes=59))
    again = Scrubbed(scrubbed.store, tmp_path)
    again.clock = scrubbed.clock
    assert again.telemetry.value(M.SCRUB_FINISHED) == NOW.timestamp()
    assert not scrubbed.scrub.due()
    scrubbed.clock.advance(timedelta(minutes=1))
    with mock.patch.object(scrubbed.store, "rows", side_effect=AssertionError("asked every second, it must not cost a statement")):
        assert scrubbed.scrub.due()
