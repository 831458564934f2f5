"""Rows that wait for the disk: in their order, none forgotten, read in place of what they follow, and not without a bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NoRoom
from store.disk.held import CLOCK_KEY, ROWS_MAX, Batch, Held, over, write_where_there_is_room
from store.disk.held_file import HeldFile


class Disk:
    """What takes batches, or as many tables as there is room for."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.written: list[tuple[str, list[Any]]] = []
        self.flushed = 0

    def write(self, batch: Batch) -> None:
        for table in list(batch.tables):
            if self.room == 0:
                raise NoRoom("full")
            self.room = None if self.room is None else self.room - 1
            self.written.append((table, list(batch.tables[table]["n"])))
            del batch.tables[table]

    def flush(self) -> None:
        self.flushed += 1


def batch(table: str, *numbers: int, **more: list[int]) -> Batch:
    return Batch({table: {"n": list(numbers)}, **{name: {"n": values} for name, values in more.items()}}, {})


def clocks(*rows: tuple[str, int]) -> pd.DataFrame:
    return pd.DataFrame([{"flow": "f", "sla": "s", "transaction_id": name, "revision": revision} for name, revision in rows])


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def held(disk: Disk) -> Held:
    return Held(disk.write, disk.flush)


def test_what_waits_is_written_in_the_order_it_came(held: Held, disk: Disk) -> None:
    for number in range(3):
        held.add(batch("a", number))
    assert len(held) == 3
    held.write()
    assert (len(held), disk.written) == (0, [("a", [0]), ("a", [1]), ("a", [2])])
    assert disk.flushed, "what is written behind comes first"


def test_a_disk_that_takes_a_part_gets_the_rest_later_and_nothing_twice(held: Held, disk: Disk) -> None:
    held.add(batch("a", 1, b=[2], c=[3]))
    held.add(batch("a", 4))
    disk.room = 2
    with pytest.raises(NoRoom):
        held.write()
    assert len(held) == 2
    assert held.columns("c") == [{"n": [3]}]
    assert held.columns("b") == [], "it is in the store"
    disk.room = None
    held.write()
    assert disk.written == [("a", [1]), ("b", [2]), ("c", [3]), ("a", [4])]


def test_a_full_disk_is_no_error_to_who_only_tries(held: Held, disk: Disk) -> None:
    held.add(batch("a", 1))
    disk.room = 0
    write_where_there_is_room(held)
    assert len(held) == 1


def test_an_error_that_is_no_lack_of_room_is_raised_and_forgets_nothing(held: Held, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    held.add(batch("a", 1))

    def broken(_: Batch) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(held, "_write", broken)
    with pytest.raises(ValueError, match="broken"):
        write_where_there_is_room(held)
    assert len(held) == 1
    assert disk.written == []


def test_no_more_clocks_are_evaluated_while_as_many_rows_wait_as_may(held: Held, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    held.add(batch("a", *range(ROWS_MAX - 1)))
    held.require_room()
    held.add(batch("a", 1))
    caplog.clear()
    for _ in range(3):
        with pytest.raises(NoRoom, match="100,000 rows wait"):
            held.require_room()
    assert len(caplog.records) == 1, "it is told once"
    held.write()
    held.require_room()
    assert disk.room is None


def test_the_latest_of_each_clock_that_waits_is_read_with_its_times_as_from_the_store(held: Held) -> None:
    assert held.clocks().empty

    def waiting(name: str, verdict: str, due_at: int | None) -> Batch:
        row = {
            "flow": "f",
            "sla": "s",
            "transaction_id": name,
            "verdict": verdict,
            "due_at": due_at,
            "paused": [(1, None, "credit")] if due_at else [],
        }
        return Batch({"clocks": {key: [value] for key, value in row.items()}}, {})

    held.add(waiting("a", "running", 1_774_000_000_123))
    held.add(waiting("b", "running", None))
    held.add(waiting("a", "breached", 1_774_000_000_123))
    found = held.clocks()
    assert found["verdict"].tolist() == ["running", "breached"]
    assert "paused" not in found
    assert found["pauses"].tolist() == ["", "1  credit;"]
    assert found["due_at"].dtype == "datetime64[ms]"
    assert pd.isna(found["due_at"][0])
    assert found["due_at"][1] == pd.Timestamp("2026-03-20 09:46:40.123")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5))), st.lists(st.tuples(st.sampled_from("abcd"), st.integers(6, 9))))
def test_held_clocks_stand_in_place_of_stored_ones(stored: list[tuple[str, int]], waiting: list[tuple[str, int]]) -> None:
    one, other = dict(stored), dict(waiting)
    found = over(clocks(*one.items()), clocks(*other.items()))
    assert dict(zip(found["transaction_id"], found["revision"], strict=True) if len(found) else ()) == {**one, **other}
    assert len(found) == len({**one, **other})
    assert not len(found) or set(CLOCK_KEY) <= set(found.columns)


def test_what_waits_is_in_the_file_and_what_was_in_it_comes_first(disk: Disk, tmp_path: Path) -> None:
    disk.room = 0
    held = Held(disk.write, disk.flush)
    file = HeldFile(tmp_path / "held")
    held.add(batch("a", 2))
    held.keep_in(file, [batch("a", 1)])
    held.add(batch("a", 3))
    assert [one["tables"]["a"]["n"] for one in file.read()] == [[1], [2], [3]]
    disk.room = None
    held.write()
    assert [numbers for _, numbers in disk.written] == [[1], [2], [3]]
    assert file.read() == []
