"""Parts by their names: what covers what, and what is missing after merges, deletions and losses."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.recovery.parts import Part, holds_something, is_part, missing, parts_in

NUMBERS = st.integers(0, 9)
PARTS = st.builds(
    lambda partition, first, more, level, version: Part(
        f"{partition}_{first}_{first + more}_{level}" + (f"_{version}" if version else ""), rows=10
    ),
    st.sampled_from(["all", "20260101"]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.integers(0, 3),
)


def test_what_covers_a_part() -> None:
    names = ["all_1_1_0", "all_1_3_1", "all_1_3_1_9", "all_2_2_0", "all_4_4_0", "20260101_1_3_1"]
    first, merged, changed, second, _, other = [Part(name, 10) for name in names]
    assert merged.covers(first)
    assert changed.covers(merged)
    assert not merged.covers(changed)
    assert not other.covers(first)
    assert missing([first, second], [merged]) == []
    assert missing([merged], [first]) == []
    assert missing([replaced := Part("all_1_3_1", 15)], [first]) == [replaced]


@given(PARTS, PARTS, PARTS)
def test_covering_is_an_order(one: Part, other: Part, third: Part) -> None:
    assert one.covers(one)
    if one.covers(other) and other.covers(third):
        assert one.covers(third)
    if one.covers(other) and other.covers(one):
        assert one == other


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("all_1_1_0", True),
        ("20260101_12_345_6_789", True),
        ("all_1_1", False),
        ("all_1_1_0_1_1", False),
        ("tmp_merge_all_1_1_0", False),
        ("delete_tmp_all_1_1_0", False),
        ("detached", False),
        ("all_a_1_0", False),
        ("", False),
        ("all_1_1_0\n", False),
    ],
)
def test_names_of_parts(name: str, is_one: bool) -> None:
    assert is_part(name) is is_one
    if not is_one:
        with pytest.raises(ValueError, match="name of a part"):
            Part(name).covers(Part("all_1_1_0"))


class Table:
    """A table as ClickHouse runs it: parts are inserted, merged and emptied; what is covered is listed for a while."""

    def __init__(self, seed: int) -> None:
        self.by = random.Random(seed)
        self.active: list[Part] = []
        self.covered: list[Part] = []
        self.blocks = 0

    def insert(self) -> None:
        self.blocks += 1
        self.active.append(Part(f"all_{self.blocks}_{self.blocks}_0", self.by.randint(1, 100)))

    def merge(self) -> None:
        if len(self.active) < 2:
            return
        first = self.by.randrange(len(self.active) - 1)
        chosen = self.active[first : first + self.by.randint(2, 3)]
        begin, end = chosen[0].name.split("_")[1], chosen[-1].name.split("_")[2]
        level = 1 + max(int(part.name.split("_")[3]) for part in chosen)
        rows = sum(part.rows for part in chosen) - self.by.randint(0, 1)  # rows that repeat a key go
        self.active[first : first + len(chosen)] = [Part(f"all_{begin}_{end}_{level}", rows)]
        self.covered += chosen

    def expire(self) -> None:
        if self.active:
            place = self.by.randrange(len(self.active))
            self.covered.append(self.active[place])
            begin, end, level = self.active[place].name.split("_")[1:4]
            self.active[place] = Part(f"all_{begin}_{end}_{int(level) + 1}", 0)


@pytest.mark.parametrize("seed", range(100))
def test_nothing_is_missing_while_a_table_runs_and_what_is_taken_away_is(seed: int) -> None:
    table = Table(seed)
    for _ in range(table.by.randint(3, 15)):
        table.insert()
    known = [part for part in table.active if part.rows]
    for _ in range(table.by.randint(0, 10)):
        table.by.choice([table.insert, table.merge, table.expire])()
    assert missing(known, table.active) == []
    full = [part for part in table.active if part.rows]
    if full:
        gone = table.by.choice(full)
        left = [part for part in table.active if part is not gone]
        assert missing(full, left) == [gone]
        lost = missing(known, left)
        assert all(gone.covers(part) for part in lost)
        assert lost == [part for part in known if gone.covers(part)]


def test_a_part_without_rows_cannot_be_missing() -> None:
    assert missing([Part("all_1_1_0", 0)], []) == []


def test_parts_in_a_folder_are_those_that_hold_something(tmp_path: Path) -> None:
    for name in ("all_1_1_0", "all_2_2_0", "tmp_insert_all_3_3_0", "detached", "all_5_5_0"):
        (tmp_path / name).mkdir()
    for name in ("all_1_1_0", "tmp_insert_all_3_3_0", "detached"):
        (tmp_path / name / "data.bin").touch()
    (tmp_path / "all_4_4_0").touch()
    assert parts_in(tmp_path) == [Part("all_1_1_0")]
    assert parts_in(tmp_path / "none") == []
    assert parts_in(tmp_path / "all_4_4_0") == []
    assert [holds_something(tmp_path / name) for name in ("all_1_1_0", "all_2_2_0", "all_4_4_0", "none")] == [True, False, False, False]
