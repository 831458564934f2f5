"""Open clocks and outcomes follow the clocks: whatever came before, however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.client import Store
from store.derived import follow_clocks, forget_ended_clocks
from store.reads import attainment, leadership, search

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
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


def clock(store: Store, identity: str, verdict: str, sla: str = "book", **other: Any) -> None:
    """Write one version of a clock that started at ``START`` and is due an hour later."""
    row: dict[str, Any] = {
        "flow": "o2c", "sla": sla, "transaction_id": identity, "revision": store.revision(), "reference": identity, "stage": "booked",
        "started_at": START, "due_at": START + HOUR, "stopped_at": None, "verdict": verdict, "verdict_version": 1, "value": 100.0, "currency": "EUR",
        "customer": "ACME", "plant": "DE07", "removed": 0, **other,
    }  # fmt: skip
    store.insert("clocks", {name: [value] for name, value in row.items()})


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
    monkeypatch.setattr("store.derived._STEP", 3)
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


def test_figures_count_each_transaction_once_in_each_period_and_day(store: Store) -> None:
    """Three clocks of one transaction: met before the period, then met and missed on two days of it; another transaction met all."""
    day = timedelta(days=1)
    for sla, due, stopped in (("x", 1, 1), ("y", 3, 3), ("z", 4, 5)):
        verdict = "met" if stopped <= due else "met_late"
        clock(store, "a", verdict, sla=sla, due_at=START + due * day, stopped_at=START + stopped * day)
    clock(store, "b", "met", due_at=START + 4 * day, stopped_at=START + 3 * day, customer="Globex")
    clock(store, "c", "unknown", due_at=START + 4 * day, customer="Globex")
    follow_clocks(store)
    found = leadership.figures(store.reader, start=START + 2 * day, end=START + 5 * day, zone="Europe/Berlin")
    counts = {
        (row["by"], row["name"], bool(row["before"])): tuple(int(row[name]) for name in ("decided", "met", "transactions", "exceptions"))
        for row in found.to_dict("records")
    }
    assert counts == {
        ("all", "", True): (1, 1, 1, 0), ("all", "", False): (3, 2, 3, 1), ("flow", "o2c", True): (1, 1, 1, 0), ("flow", "o2c", False): (3, 2, 3, 1),
        ("plant", "DE07", True): (1, 1, 1, 0), ("plant", "DE07", False): (3, 2, 3, 1), ("customer", "ACME", True): (1, 1, 1, 0),
        ("customer", "ACME", False): (2, 1, 1, 1), ("customer", "Globex", False): (1, 1, 2, 0), ("day", "2026-03-03", True): (1, 1, 1, 0),
        ("day", "2026-03-05", False): (2, 2, 2, 0), ("day", "2026-03-06", False): (1, 0, 2, 1),
    }  # fmt: skip
    kept = attainment.attainment(store.reader, start=START + 2 * day, end=START + 5 * day, zone="Europe/Berlin")
    assert [tuple(row) for row in kept[["sla", "met", "missed", "unknown"]].to_numpy()] == [
        ("book", 1, 0, 0), ("book", 0, 0, 1), ("y", 1, 0, 0), ("z", 0, 1, 0),
    ]  # fmt: skip


def test_lists_look_back_until_they_have_enough(store: Store) -> None:
    """Of one customer's orders, one a day, the youngest come first from however far back; another's old one is found too."""
    ages = [timedelta(days=days) for days in range(100)]
    ids = [f"{int((START - age).timestamp() * 1000):012x}{'0' * 20}" for age in ages]
    rows = {
        "flow": ["o2c"] * 100, "transaction_id": ids, "revision": [1] * 100, "state": ["open"] * 100, "started_at": [START - age for age in ages],
        "facts": [{"customer": "ACME" if number < 99 else "Globex"} for number in range(100)],
    }  # fmt: skip
    store.insert("transactions", rows)
    for number in (3, 70):
        clock(store, ids[number], "breached", revision=2)
        clock(store, ids[number + 1], "met", stopped_at=START, revision=2)

    def listed(**choices: Any) -> list[str]:
        return search.listing(store.reader, now=START, **choices)["transaction_id"].tolist()

    assert listed(customer="ACME", limit=20) == ids[:20]
    assert listed(customer="ACME", limit=200) == ids[:99]
    assert listed(customer="Globex") == [ids[99]]
    assert listed(customer="ACME", since=START - timedelta(days=5)) == ids[:6]
    assert listed(verdict="breached") == [ids[3], ids[70]]
    assert listed(verdict="met") == [ids[4], ids[71]]
    assert listed(awaited="booked", since=START - timedelta(days=9)) == [ids[3]]
    assert listed(ids=(ids[99], ids[2])) == [ids[2], ids[99]]
