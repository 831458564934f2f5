"""Fresh rows: they are all there, or the store is asked."""

from __future__ import annotations

import pandas as pd
import pytest

from core.errors import NoRoom
from store.stages import fresh as fresh_rows
from store.stages.fresh import FreshRows


def rows(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"name": list(names)})


def names(fresh: FreshRows, after: int) -> list[str] | None:
    found = fresh.above(after)
    return None if found is None else list(found[0].get("name", []))


def test_nothing_is_known_at_the_start():
    assert FreshRows().above(0) is None


def test_what_a_reader_lacks_that_came_before_the_first_write_is_in_the_store_alone():
    fresh = FreshRows()
    fresh.add(rows("a"), 10)
    assert names(fresh, 8) is None
    assert names(fresh, 9) == ["a"]


def test_what_lies_above_the_reader_is_given_again_until_it_has_moved_on():
    fresh = FreshRows()
    fresh.add(rows("a"), 10)
    fresh.add(rows("b"), 11)
    assert names(fresh, 9) == names(fresh, 9) == ["a", "b"]
    assert fresh.above(9)[1] == 11
    assert names(fresh, 10) == ["b"]
    assert fresh.above(11)[1] == 0
    assert names(fresh, 9) is None, "a reader that starts over asks the store"


def test_what_was_written_and_is_not_here_yet_is_asked_of_the_store():
    fresh = FreshRows()
    fresh.add(rows("a"), 10, after=5)
    fresh.expect(12)
    assert names(fresh, 5) is None
    fresh.add(rows("b"), 12, after=10)
    assert names(fresh, 5) == ["a", "b"]


def test_a_gap_is_asked_of_the_store():
    fresh = FreshRows()
    fresh.add(rows("a"), 10, after=5)
    fresh.add(rows("c"), 20, after=15)
    assert names(fresh, 10) is None
    assert names(fresh, 15) == ["c"]


def test_after_a_write_of_unknown_outcome_the_store_is_asked():
    fresh = FreshRows()
    fresh.add(rows("a"), 10)
    with pytest.raises(NoRoom, match="full"), fresh.lost_unless_written(11):
        raise NoRoom("full")
    assert names(fresh, 10) is None
    fresh.add(rows("c"), 12)
    assert names(fresh, 10) is None
    assert names(fresh, 11) == ["c"]


def test_no_more_is_held_than_is_worth_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fresh_rows, "ROWS_MAX", 2)
    fresh = FreshRows()
    fresh.add(rows("a", "b"), 10)
    assert names(fresh, 9) == ["a", "b"]
    fresh.add(rows("c"), 11)
    assert names(fresh, 9) is None
    assert names(fresh, 11) == []
