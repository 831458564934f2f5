"""Open clocks and outcomes follow the clocks: whatever came before, however often."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from store.client import Store
from store.reads import attainment
from store.stages.derived import follow_clocks, forget_ended_clocks, keep_up
from tests.store.rows import HOUR, START, clock

EXPECTED_OUTCOMES = """
    SELECT flow, transaction_id, arraySort(groupArray((toString(sla), toDateTime(least(ifNull(stopped_at, due_at), due_at), 'UTC'),
        toUInt8(multiIf(verdict = 'unknown', 3, stopped_at <= due_at, 1, 2))))) AS decided
    FROM clocks FINAL WHERE removed = 0 AND due_at IS NOT NULL AND verdict NOT IN ('running', 'at_risk', 'paused')
        AND NOT (verdict = 'cancelled' AND (stopped_at IS NULL OR stopped_at <= due_at))
    GROUP BY flow, transaction_id ORDER BY flow, transaction_id"""
OUTCOMES = """
    SELECT flow, transaction_id, arraySort(arrayZip(arrayMap(sla -> toString(sla), slas), decided_at, outcomes)) AS decided
    FROM transaction_outcomes FINAL WHERE notEmpty(slas) ORDER BY flow, transaction_id"""
EXPECTED_OPEN = """
    SELECT flow, sla, transaction_id, verdict, due_at, value FROM clocks FINAL
    WHERE removed = 0 AND verdict IN ('running', 'at_risk', 'breached', 'paused', 'unknown') ORDER BY flow, sla, transaction_id"""
OPEN = "SELECT flow, sla, transaction_id, verdict, due_at, value FROM open_clocks FINAL ORDER BY flow, sla, transaction_id"


def assert_in_step(store: Store) -> None:
    follow_clocks(store)
    assert store.rows(OUTCOMES) == store.rows(EXPECTED_OUTCOMES)
    assert store.rows(OPEN) == store.rows(EXPECTED_OPEN)


def test_they_follow_a_clock_through_everything_that_can_become_of_it(store: Store) -> None:
    clock(store, "a", "running")
    assert_in_step(store)
    assert store.rows(OUTCOMES) == []
    clock(store, "a", "breached")
    clock(store, "b", "running")
    assert_in_step(store)
    clock(store, "a", "met_late", stopped_at=START + 2 * HOUR)
    clock(store, "b", "met", stopped_at=START + HOUR / 2)
    assert_in_step(store)
    assert store.rows(OPEN) == []
    clock(store, "b", "running", due_at=START + 3 * HOUR)  # the event that stopped it went to another transaction
    clock(store, "a", "met_late", stopped_at=START + 2 * HOUR, removed=1)
    assert_in_step(store)
    assert store.rows(OUTCOMES) == []
    clock(store, "c", "unknown", due_at=None)
    clock(store, "d", "unknown")
    clock(store, "d", "met", sla="ship", stopped_at=START + HOUR)
    assert_in_step(store)
    assert [row["transaction_id"] for row in store.rows(OUTCOMES)] == ["d"]


def test_who_calls_off_late_has_missed_and_who_calls_off_in_time_has_not(store: Store) -> None:
    for identity, stopped in (("in time", START + HOUR), ("late", START + 2 * HOUR), ("at no known time", None)):
        clock(store, identity, "breached")
        clock(store, identity, "cancelled", stopped_at=stopped)
    assert_in_step(store)
    assert [row["transaction_id"] for row in store.rows(OUTCOMES)] == ["late"]
    day = attainment.attainment(store.reader, start=START, end=START + 24 * HOUR, zone="UTC")
    assert day[["met", "missed", "unknown", "total"]].to_numpy().tolist() == [[0, 1, 0, 1]]


def test_a_crash_between_clocks_and_outcomes_is_made_up_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.stages.derived._STEP", 3)
    for number in range(10):
        clock(store, f"t{number}", "met", stopped_at=START)
    follow_clocks(store)
    kept = store.rows("SELECT max(revision) AS r FROM transaction_outcomes")[0]["r"]
    assert kept == store.rows("SELECT max(revision) AS r FROM clocks")[0]["r"]
    store.command("DELETE FROM transaction_outcomes WHERE revision > (SELECT min(revision) FROM transaction_outcomes)")
    assert store.rows("SELECT count() AS n FROM transaction_outcomes")[0]["n"] == 3
    assert_in_step(store)


def test_ended_clocks_leave_for_good_and_running_ones_stay(store: Store) -> None:
    for number in range(8):
        clock(store, f"t{number}", "running")
        if number < 6:
            clock(store, f"t{number}", "met", stopped_at=START)
    forget_ended_clocks(store, more_than=6)
    assert store.rows("SELECT countIf(gone = 1) AS n FROM open_clocks")[0]["n"] == 6
    forget_ended_clocks(store, more_than=5)
    assert store.rows("SELECT transaction_id FROM open_clocks ORDER BY transaction_id") == [
        {"transaction_id": "t6"},
        {"transaction_id": "t7"},
    ]
    clock(store, "t0", "running")
    assert_in_step(store)


class Rounds:
    """An event that is set once something has happened after each of so many rounds."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        self._happens = list(happens)
        self._over = False

    def is_set(self) -> bool:
        return self._over

    def wait(self, _seconds: float) -> None:
        if self._happens:
            self._happens.pop(0)()
        else:
            self._over = True


def test_the_store_is_asked_only_after_clocks_were_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("store.stages.derived.follow_clocks", lambda _: asked.append("again"))

    def write() -> None:
        asked.append("written")
        store.fresh["clocks"].add(pd.DataFrame(), store.revision())

    keep_up(store, Rounds(lambda: asked.append("idle"), lambda: asked.append("idle"), write, lambda: asked.append("idle")))  # type: ignore[arg-type]  # what keep_up needs of an event
    assert asked == ["again", "idle", "idle", "written", "again", "idle"]
