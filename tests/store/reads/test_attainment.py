"""How SLAs are kept, by the day they were decided on in the reader's time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from store.client import Store
from store.reads import attainment
from store.stages.derived import follow_clocks
from tests.store.rows import DAY, HOUR, START, clock

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_clock_counts_on_the_day_of_the_reader_on_which_it_was_decided(store: Store) -> None:
    late = datetime(2026, 3, 3, 0, 30, tzinfo=BERLIN)
    clock(store, "a", "met", started_at=late - HOUR, due_at=late + HOUR, stopped_at=late)
    follow_clocks(store)
    for zone, day in (("UTC", "2026-03-02"), ("Europe/Berlin", "2026-03-03"), ("America/New_York", "2026-03-02")):
        (row,) = attainment.attainment(store.reader, start=START - DAY, end=START + 2 * DAY, zone=zone).to_dict("records")
        assert (str(row["day"])[:10], row["met"]) == (day, 1)


def test_met_missed_and_unknown_are_counted_by_flow_and_sla(store: Store) -> None:
    clock(store, "a", "met", stopped_at=START)
    clock(store, "b", "met_late", stopped_at=START + 2 * HOUR)
    clock(store, "c", "breached")
    clock(store, "d", "unknown")
    clock(store, "e", "running", due_at=START + 9 * DAY)
    clock(store, "f", "met", sla="ship", stopped_at=START)
    clock(store, "g", "met", flow="p2p", stopped_at=START)
    follow_clocks(store)
    found = attainment.attainment(store.reader, start=START - DAY, end=START + DAY, zone="UTC")
    assert [tuple(row) for row in found[["flow", "sla", "met", "missed", "unknown", "total"]].to_numpy()] == [
        ("o2c", "book", 1, 2, 1, 4),
        ("o2c", "ship", 1, 0, 0, 1),
        ("p2p", "book", 1, 0, 0, 1),
    ]


def test_a_period_holds_its_beginning_and_not_its_end(store: Store) -> None:
    clock(store, "a", "met", stopped_at=START)
    follow_clocks(store)
    for start, end, rows in ((START, START + HOUR, 1), (START - HOUR, START, 0)):
        assert len(attainment.attainment(store.reader, start=start, end=end, zone="UTC")) == rows


def test_how_long_it_took_is_a_share_of_the_time_allowed(store: Store) -> None:
    for number, share in enumerate((0.0, 0.52, 1.0, 1.26, 7.0)):
        clock(store, str(number), "met" if share <= 1 else "met_late", stopped_at=START + share * HOUR)
    clock(store, "b", "breached")
    clock(store, "c", "met", stopped_at=START, removed=1)
    found = attainment.durations(store.reader, flow="o2c", sla="book", start=START, end=START + DAY)
    assert found["share"].tolist() == pytest.approx([0.0, 0.5, 1.0, 1.25, 2.0])
    assert found["clocks"].tolist() == [1] * 5


def test_a_clock_without_time_takes_all_the_time_there_is(store: Store) -> None:
    clock(store, "a", "met", due_at=START, stopped_at=START)
    found = attainment.durations(store.reader, flow="o2c", sla="book", start=START, end=START + DAY)
    assert found["clocks"].tolist() == [1]
    assert 0 <= found["share"][0] <= 2


def test_what_is_late_and_what_is_due_next_of_a_flow_and_an_sla(store: Store) -> None:
    clock(store, "a", "breached")
    clock(store, "b", "breached", sla="ship")
    clock(store, "c", "breached", flow="p2p")
    clock(store, "d", "running", due_at=START + 3 * HOUR)
    clock(store, "e", "at_risk", due_at=START + 2 * HOUR)
    clock(store, "f", "paused")
    clock(store, "g", "running", flow="p2p", due_at=START + HOUR)
    assert [attainment.still_late(store.reader, **asked) for asked in ({}, {"flow": "o2c"}, {"sla": "ship"}, {"flow": "p2p", "sla": "ship"})] == [
        3, 2, 1, 0,
    ]  # fmt: skip
    assert attainment.next_due(store.reader)["transaction_id"].tolist() == ["g", "e", "d"]
    assert attainment.next_due(store.reader, flow="o2c", limit=1)["transaction_id"].tolist() == ["e"]
    assert attainment.next_due(store.reader, flow="none").empty
