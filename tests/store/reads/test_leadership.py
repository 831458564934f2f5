"""Key figures: each transaction once in each period, and money once by currency."""

from __future__ import annotations

import random
import statistics
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from store.client import Store
from store.reads import attainment, board, leadership
from store.stages.derived import follow_clocks
from tests.store.rows import DAY, HOUR, START, clock, put, transaction


def test_figures_count_each_transaction_once_in_each_period_and_day(store: Store) -> None:
    """Three clocks of one transaction: met before the period, then met and missed on two days of it; another transaction met all."""
    for sla, due, stopped in (("x", 1, 1), ("y", 3, 3), ("z", 4, 5)):
        verdict = "met" if stopped <= due else "met_late"
        clock(store, "a", verdict, sla=sla, due_at=START + due * DAY, stopped_at=START + stopped * DAY)
    clock(store, "b", "met", due_at=START + 4 * DAY, stopped_at=START + 3 * DAY, customer="Globex")
    clock(store, "c", "unknown", due_at=START + 4 * DAY, customer="Globex")
    follow_clocks(store)
    when: dict[str, Any] = {"start": START + 2 * DAY, "end": START + 5 * DAY, "earlier": START - DAY, "zone": "Europe/Berlin"}
    dimensions: tuple[leadership.Breakdown, ...] = ("all", "flow", "plant", "customer", "supplier", "carrier", "sla", "cause")
    counts = {
        (row["by"], row["name"], bool(row["before"])): tuple(int(row[name]) for name in ("decided", "met", "transactions", "exceptions"))
        for by in dimensions
        for row in leadership.figures(store.reader, by=by, **when).counted.to_dict("records")
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
    spans: dict[str, Any] = {"start": START, "end": START + 2 * DAY, "earlier": START - 2 * DAY, "zone": "UTC"}
    found = leadership.figures(store.reader, by="plant", **spans).counted
    figures = {(row["by"], row["name"], bool(row["before"])): row for row in found.to_dict("records")}
    whole = figures["all", "", False]
    assert (whole["completed"], whole["cycle_seconds"]) == (3, 2 * 3600)
    assert 2 * 3600 < whole["cycle_p90_seconds"] <= 9 * 3600
    assert figures["plant", "DE07", False]["completed"] == 3
    assert (figures["all", "", True]["completed"], figures["all", "", True]["cycle_seconds"]) == (1, 24 * 3600)


def test_the_median_of_many_cycle_times_is_exact(store: Store) -> None:
    """However many there are: an estimate would be another one each time it is asked for."""
    seconds = random.Random(4711).sample(range(10**6), 30_001)
    rows: dict[str, list[Any]] = {
        "flow": ["o2c"] * len(seconds), "transaction_id": [str(number) for number, _ in enumerate(seconds)], "state": ["completed"] * len(seconds),
        "revision": [store.revision() for _ in seconds], "started_at": [START - each * timedelta(seconds=1) for each in seconds],
        "ended_at": [START] * len(seconds),
    }  # fmt: skip
    store.insert("transactions", rows)
    found = leadership.figures(store.reader, start=START - DAY, end=START + DAY, earlier=START - 2 * DAY, zone="UTC").counted
    whole = found[found["by"] == "all"].iloc[0]
    assert (whole["completed"], whole["cycle_seconds"]) == (30_001, statistics.median(seconds))
    assert whole["cycle_p90_seconds"] == sorted(seconds)[27_000]


def test_figures_of_one_flow_are_its_own_and_those_of_all_leave_heartbeats_out(store: Store) -> None:
    clock(store, "a", "met", stopped_at=START)
    clock(store, "b", "met", flow="p2p", stopped_at=START)
    clock(store, "c", "met", flow="andon-heartbeat", stopped_at=START)
    follow_clocks(store)

    def decided(flow: str = "") -> int:
        found = leadership.figures(store.reader, start=START, end=START + DAY, earlier=START - DAY, zone="UTC", flow=flow).counted
        return int(found[found["by"] == "all"]["decided"].sum())

    assert [decided(), decided("p2p"), decided("andon-heartbeat"), decided("none")] == [2, 1, 1, 0]


def test_without_anything_decided_there_are_no_figures(store: Store) -> None:
    found = leadership.figures(store.reader, start=START, end=START + DAY, earlier=START - DAY, zone="UTC")
    assert found.counted.empty
    assert found.slas.empty
    assert found.money.empty
    assert {"by", "name", "before", "decided", "kept", "cycle_seconds"} <= set(found.counted.columns)
    assert {"by", "name", "before", "currency", "penalty", "missed", "protected", "missed_clocks"} <= set(found.money.columns)


def member(store: Store, incident: str, identity: str, verdict: str, value: float, **columns: Any) -> None:
    """Put a member into an incident of the store."""
    row = {
        "flow": "o2c",
        "sla": "book",
        "revision": 1,
        "reference": identity,
        "due_at": START,
        "currency": "EUR",
        "customer": "ACME",
        "plant": "DE07",
        **columns,
    }
    put(store, "incident_members", incident_id=incident, transaction_id=identity, verdict=verdict, value=value, joined_at=START, **row)


def incident(store: Store, identity: str, **columns: Any) -> None:
    """Put an incident into the store."""
    row = {"flow": "o2c", "revision": 1, "status": "open", "stage": "booked", "owner": "orders", **columns}
    put(store, "incidents", incident_id=identity, **row)


def at_risk(store: Store) -> None:
    """Four transactions in open incidents, one of them in two; others in a resolved incident, no longer a member, or running."""
    for name, columns in {"i": {}, "j": {}, "p": {"flow": "p2p"}, "old": {"status": "resolved"}, "own": {"flow": "andon"}}.items():
        incident(store, name, **columns)
    transaction(store, "b", facts={"supplier": "Bosch", "carrier": "DHL"})
    member(store, "i", "a", "at_risk", 250.0, sla="x")
    member(store, "j", "a", "breached", 200.0, sla="y")
    member(store, "i", "b", "breached", 300.0, plant="DE01")
    member(store, "p", "c", "unknown", 70.0, flow="p2p", currency="USD", customer="Globex")
    member(store, "p", "f", "failed", 5.0, flow="p2p", sla="", currency="USD", customer="Globex", due_at=None)
    member(store, "old", "g", "breached", 9_000.0)
    member(store, "i", "h", "met_late", 9_000.0, left_at=START)
    member(store, "own", "d", "failed", 9_000.0, flow="andon")
    clock(store, "e", "at_risk", value=9_000.0)


def test_value_at_risk_is_that_of_what_open_incidents_hold_once_a_transaction_and_by_currency(store: Store) -> None:
    at_risk(store)
    expected: dict[leadership.Dimension, list[list[object]]] = {
        "all": [["", "EUR", 550.0, 2], ["", "USD", 75.0, 2]],
        "flow": [["o2c", "EUR", 550.0, 2], ["p2p", "USD", 75.0, 2]],
        "plant": [["DE01", "EUR", 300.0, 1], ["DE07", "EUR", 250.0, 1], ["DE07", "USD", 75.0, 2]],
        "customer": [["ACME", "EUR", 550.0, 2], ["Globex", "USD", 75.0, 2]],
        "supplier": [["", "EUR", 250.0, 1], ["", "USD", 75.0, 2], ["Bosch", "EUR", 300.0, 1]],
        "carrier": [["", "EUR", 250.0, 1], ["", "USD", 75.0, 2], ["DHL", "EUR", 300.0, 1]],
    }
    for by, rows in expected.items():
        found = leadership.value_at_risk(store.reader, by=by)
        assert sorted(found[["name", "currency", "value", "transactions"]].to_numpy().tolist()) == rows
        assert leadership.value_at_risk(store.reader, by=by, flow="p2p")["value"].tolist() == [75.0]
    held = board.board(store.reader, now=START, limit=9).held
    assert held.groupby("currency")["value_at_risk"].sum().to_dict() == {"EUR": 550.0, "USD": 75.0}, "the board tells the same"


def test_what_is_at_risk_now_is_listed_once_a_transaction_largest_first(store: Store) -> None:
    at_risk(store)

    def listed(**selected: str) -> list[list[object]]:
        found = leadership.at_risk(store.reader, selected=leadership.Selected(**selected))
        return found[["transaction_id", "sla", "value", "owner"]].to_numpy().tolist() if len(found) else []

    assert listed() == [
        ["b", "book", 300.0, "orders"],
        ["a", "x", 250.0, "orders"],
        ["c", "book", 70.0, "orders"],
        ["f", "", 5.0, "orders"],
    ]
    assert listed(plant="DE01") == listed(supplier="Bosch", carrier="DHL") == [["b", "book", 300.0, "orders"]]
    assert listed(flow="p2p", customer="ACME") == []


LATE = {"stopped_at": START + 2 * HOUR, "cause": "overdue"}
WHEN = {"start": START, "end": START + DAY}
BEFORE = {"earlier": START - DAY, "zone": "UTC"}
PROMISES = (("o2c", "deliver"),)
COMPANIES: tuple[leadership.Breakdown, ...] = ("supplier", "carrier")


def decided(store: Store) -> None:
    """Three transactions: one missed two SLAs, one was met after its warning, one broke no promise to its customer."""
    clock(store, "a", "met_late", sla="book", value=100.0, penalty=3.0, **LATE)
    clock(store, "a", "breached", sla="deliver", value=250.0, penalty=4.0, cause="LOCKED")
    clock(
        store,
        "b",
        "met",
        sla="deliver",
        value=70.0,
        currency="USD",
        warn_at=START + HOUR / 2,
        stopped_at=START + HOUR * 3 / 4,
        plant="US02",
    )
    clock(store, "c", "met", sla="deliver", value=900.0, warn_at=START + HOUR / 2, stopped_at=START + HOUR / 4)
    clock(store, "c", "met_late", sla="book", value=900.0, **LATE)
    clock(store, "d", "unknown", sla="deliver", value=5_000.0)
    clock(store, "e", "met_late", sla="deliver", flow="andon-heartbeat", value=5_000.0, **LATE)
    follow_clocks(store)


def of(money: pd.DataFrame, by: str, *columns: str, before: int = 0) -> list[list[object]]:
    mine = money[(money["by"] == by) & (money["before"] == before)]
    return mine[[*columns]].to_numpy().tolist()


def test_money_counts_a_transaction_once_and_what_was_protected_only_where_nothing_was_missed(store: Store) -> None:
    decided(store)
    found = leadership.figures(store.reader, by="cause", **WHEN, **BEFORE).money
    columns = ("currency", "penalty", "missed", "protected", "missed_clocks", "protected_transactions")
    expected = [["EUR", 7.0, 1150.0, 0.0, 3, 0], ["USD", 0.0, 0.0, 70.0, 0, 1]]
    assert of(found, "all", *columns) == expected
    assert of(found, "cause", "name", "penalty", "missed") == [
        ["o2c/deliver/LOCKED", 4.0, 250.0], ["o2c/book/overdue", 3.0, 1000.0], ["o2c/deliver/", 0.0, 0.0],
    ]  # fmt: skip
    assert set(found["by"]) == {"all", "cause"}
    slas = leadership.figures(store.reader, by="sla", **WHEN, **BEFORE).money
    assert of(slas, "sla", "name", "penalty", "missed", "missed_clocks") == [
        ["o2c/deliver", 4.0, 250.0, 1],
        ["o2c/book", 3.0, 1000.0, 2],
        ["o2c/deliver", 0.0, 0.0, 0],
    ]
    assert of(leadership.figures(store.reader, flow="o2c", by="plant", **WHEN, **BEFORE).money, "plant", "name") == [["DE07"], ["US02"]]
    later = leadership.figures(store.reader, start=START + DAY, end=START + 2 * DAY, earlier=START - DAY, zone="UTC").money
    assert of(later, "all", *columns) == []
    assert of(later, "all", *columns, before=1) == expected


def test_on_time_in_full_is_broken_by_one_promise_and_not_by_what_is_internal(store: Store) -> None:
    decided(store)

    def kept(start: datetime, promises: leadership.Promises = PROMISES) -> list[list[object]]:
        spans = {"start": start, "end": start + DAY, "earlier": START - DAY, "zone": "UTC"}
        found = leadership.figures(store.reader, promises=promises, **spans).counted
        return found[found["by"] == "all"][["before", "promised", "kept"]].to_numpy().tolist()

    assert kept(START) == [[0, 3, 2]]
    assert kept(START + DAY) == [[1, 3, 2]]
    assert kept(START, promises=()) == [[0, 0, 0]]
    assert kept(START, promises=(("p2p", "deliver"), ("o2c", "book"))) == [[0, 2, 0]], "an SLA of this name in another flow is none"


def test_suppliers_and_carriers_have_their_share_of_the_money(store: Store) -> None:
    clock(store, "a", "breached", value=100.0, penalty=3.0, supplier="Bosch", carrier="DHL")
    clock(store, "b", "breached", value=50.0, penalty=1.0, supplier="Bosch", carrier="DSV")
    follow_clocks(store)
    suppliers, carriers = (leadership.figures(store.reader, by=by, **WHEN, **BEFORE).money for by in COMPANIES)
    assert of(suppliers, "supplier", "name", "penalty", "missed") == [["Bosch", 4.0, 150.0]]
    assert of(carriers, "carrier", "name", "penalty", "missed") == [["DHL", 3.0, 100.0], ["DSV", 1.0, 50.0]]
    found = leadership.behind(store.reader, missed=True, selected=leadership.Selected(carrier="DSV"), promises=(), **WHEN)
    assert (found[0]["transaction_id"].tolist(), found[1]) == (["b"], 1)


def test_slas_are_counted_in_the_period_and_in_the_one_before(store: Store) -> None:
    decided(store)
    found = leadership.figures(store.reader, **WHEN, **BEFORE).slas
    assert sorted(found[["flow", "sla", "before", "met", "missed"]].to_numpy().tolist()) == [
        ["o2c", "book", 0, 0, 2], ["o2c", "deliver", 0, 2, 1],
    ]  # fmt: skip
    assert {found[column].dtype.kind for column in ("met", "missed")} == {"i"}, "they are told without decimals"


def test_behind_a_figure_are_its_clocks_the_most_expensive_first(store: Store) -> None:
    decided(store)

    def listed(missed: bool = True, limit: int = 9, **selected: str) -> tuple[list[tuple[str, str]], int, int]:
        asked = leadership.Selected(**selected)
        rows, clocks, transactions = leadership.behind(store.reader, missed=missed, selected=asked, promises=PROMISES, limit=limit, **WHEN)
        return ([(row["transaction_id"], row["sla"]) for row in rows.to_dict("records")], clocks, transactions)

    assert listed() == ([("a", "deliver"), ("a", "book"), ("c", "book")], 3, 2)
    assert listed(limit=1) == ([("a", "deliver")], 3, 2)
    assert listed(promised="customer") == ([("a", "deliver")], 1, 1)
    assert listed(promised="internal", cause="overdue") == ([("a", "book"), ("c", "book")], 2, 2)
    assert listed(sla="deliver", flow="o2c", plant="DE07", customer="ACME") == ([("a", "deliver")], 1, 1)
    assert listed(missed=False) == ([("b", "deliver")], 1, 1)
    assert listed(plant="none") == ([], 0, 0)


def test_the_slowest_of_what_was_completed_come_first(store: Store) -> None:
    for name, hours in (("a", 1), ("b", 9), ("c", 5)):
        transaction(store, name, state="completed", ended_at=START + hours * HOUR)
    transaction(store, "d", ended_at=None)
    found = leadership.slowest(store.reader, selected=leadership.Selected(), limit=2, **WHEN)
    assert found[["transaction_id", "seconds"]].to_numpy().tolist() == [["b", 9 * 3600], ["c", 5 * 3600]]
