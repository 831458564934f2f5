"""Key figures: each transaction once in each period, and money once by currency."""

from __future__ import annotations

from store.client import Store
from store.derived import follow_clocks
from store.reads import attainment, leadership
from tests.store.rows import DAY, HOUR, START, clock, transaction


def test_figures_count_each_transaction_once_in_each_period_and_day(store: Store) -> None:
    """Three clocks of one transaction: met before the period, then met and missed on two days of it; another transaction met all."""
    for sla, due, stopped in (("x", 1, 1), ("y", 3, 3), ("z", 4, 5)):
        verdict = "met" if stopped <= due else "met_late"
        clock(store, "a", verdict, sla=sla, due_at=START + due * DAY, stopped_at=START + stopped * DAY)
    clock(store, "b", "met", due_at=START + 4 * DAY, stopped_at=START + 3 * DAY, customer="Globex")
    clock(store, "c", "unknown", due_at=START + 4 * DAY, customer="Globex")
    follow_clocks(store)
    found = leadership.figures(store.reader, start=START + 2 * DAY, end=START + 5 * DAY, zone="Europe/Berlin")
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
    kept = attainment.attainment(store.reader, start=START + 2 * DAY, end=START + 5 * DAY, zone="Europe/Berlin")
    assert [tuple(row) for row in kept[["sla", "met", "missed", "unknown"]].to_numpy()] == [
        ("book", 1, 0, 0), ("book", 0, 0, 1), ("y", 1, 0, 0), ("z", 0, 1, 0),
    ]  # fmt: skip


def test_cycle_times_are_those_of_what_was_completed_in_the_period(store: Store) -> None:
    for name, hours in (("a", 1), ("b", 2), ("c", 9)):
        transaction(store, name, state="completed", ended_at=START + hours * HOUR, facts={"plant": "DE07"})
    transaction(store, "d", state="completed", started_at=START - 2 * DAY, ended_at=START - DAY)
    transaction(store, "e", state="cancelled", ended_at=START + HOUR)
    transaction(store, "f")
    found = leadership.figures(store.reader, start=START, end=START + 2 * DAY, zone="UTC")
    figures = {(row["by"], row["name"], bool(row["before"])): row for row in found.to_dict("records")}
    whole = figures["all", "", False]
    assert (whole["completed"], whole["cycle_seconds"]) == (3, 2 * 3600)
    assert 2 * 3600 < whole["cycle_p90_seconds"] <= 9 * 3600
    assert figures["plant", "DE07", False]["completed"] == 3
    assert (figures["all", "", True]["completed"], figures["all", "", True]["cycle_seconds"]) == (1, 24 * 3600)


def test_figures_of_one_flow_are_its_own_and_those_of_all_leave_heartbeats_out(store: Store) -> None:
    clock(store, "a", "met", stopped_at=START)
    clock(store, "b", "met", flow="p2p", stopped_at=START)
    clock(store, "c", "met", flow="andon-heartbeat", stopped_at=START)
    follow_clocks(store)

    def decided(flow: str = "") -> int:
        found = leadership.figures(store.reader, start=START, end=START + DAY, zone="UTC", flow=flow)
        return int(found[found["by"] == "all"]["decided"].sum())

    assert [decided(), decided("p2p"), decided("andon-heartbeat"), decided("none")] == [2, 1, 1, 0]


def test_without_anything_decided_there_are_no_figures(store: Store) -> None:
    found = leadership.figures(store.reader, start=START, end=START + DAY, zone="UTC")
    assert found.empty
    assert {"by", "name", "before", "decided", "cycle_seconds"} <= set(found.columns)


def test_money_at_risk_is_counted_once_a_transaction_and_by_currency(store: Store) -> None:
    clock(store, "a", "at_risk", sla="x", value=250.0)
    clock(store, "a", "breached", sla="y", value=200.0)
    clock(store, "b", "breached", value=300.0, plant="DE01")
    clock(store, "c", "at_risk", flow="p2p", value=70.0, currency="USD", customer="Globex")
    clock(store, "d", "running", value=9_000.0)
    clock(store, "e", "met_late", value=9_000.0, stopped_at=START + 2 * HOUR)
    expected: dict[leadership.Dimension, list[list[object]]] = {
        "all": [["", "EUR", 550.0, 2], ["", "USD", 70.0, 1]],
        "flow": [["o2c", "EUR", 550.0, 2], ["p2p", "USD", 70.0, 1]],
        "plant": [["DE01", "EUR", 300.0, 1], ["DE07", "EUR", 250.0, 1], ["DE07", "USD", 70.0, 1]],
        "customer": [["ACME", "EUR", 550.0, 2], ["Globex", "USD", 70.0, 1]],
    }
    for by, rows in expected.items():
        found = leadership.value_at_risk(store.reader, by=by)
        assert sorted(found[["name", "currency", "value", "transactions"]].to_numpy().tolist()) == rows
        assert leadership.value_at_risk(store.reader, by=by, flow="p2p")["value"].tolist() == [70.0]
