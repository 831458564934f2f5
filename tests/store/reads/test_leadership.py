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
    found = leadership.figures(store.reader, start=START + 2 * DAY, end=START + 5 * DAY, earlier=START - DAY, zone="Europe/Berlin")
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
    found = leadership.figures(store.reader, start=START, end=START + 2 * DAY, earlier=START - 2 * DAY, zone="UTC")
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
        found = leadership.figures(store.reader, start=START, end=START + DAY, earlier=START - DAY, zone="UTC", flow=flow)
        return int(found[found["by"] == "all"]["decided"].sum())

    assert [decided(), decided("p2p"), decided("andon-heartbeat"), decided("none")] == [2, 1, 1, 0]


def test_without_anything_decided_there_are_no_figures(store: Store) -> None:
    found = leadership.figures(store.reader, start=START, end=START + DAY, earlier=START - DAY, zone="UTC")
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


LATE = {"stopped_at": START + 2 * HOUR, "cause": "overdue"}
WHEN = {"start": START, "end": START + DAY}
PROMISES = (("o2c", "deliver"),)


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


def test_money_counts_a_transaction_once_and_what_was_protected_only_where_nothing_was_missed(store: Store) -> None:
    decided(store)
    found = leadership.money(store.reader, by="all", **WHEN)
    assert found[["currency", "penalty", "missed", "protected", "missed_clocks", "missed_transactions", "protected_transactions"]].to_numpy().tolist() == [
        ["EUR", 7.0, 1150.0, 0.0, 3, 2, 0], ["USD", 0.0, 0.0, 70.0, 0, 0, 1],
    ]  # fmt: skip
    causes = leadership.money(store.reader, by="cause", **WHEN)
    assert causes[["name", "penalty", "missed"]].to_numpy().tolist() == [
        ["o2c/deliver/LOCKED", 4.0, 250.0], ["o2c/book/overdue", 3.0, 1000.0], ["o2c/deliver/", 0.0, 0.0],
    ]  # fmt: skip
    assert leadership.money(store.reader, by="plant", flow="o2c", **WHEN)["name"].tolist() == ["DE07", "US02"]
    assert leadership.money(store.reader, by="all", start=START + DAY, end=START + 2 * DAY).empty


def test_on_time_in_full_is_broken_by_one_promise_and_not_by_what_is_internal(store: Store) -> None:
    decided(store)
    found = leadership.in_full(store.reader, by="all", promises=PROMISES, earlier=START - DAY, **WHEN)
    assert found[["before", "promised", "kept"]].to_numpy().tolist() == [[0, 3, 2]]
    before = leadership.in_full(store.reader, by="all", promises=PROMISES, earlier=START - DAY, start=START + DAY, end=START + 2 * DAY)
    assert before[["before", "promised", "kept"]].to_numpy().tolist() == [[1, 3, 2]]
    assert leadership.in_full(store.reader, by="all", promises=(), earlier=START - DAY, **WHEN).empty


def test_suppliers_and_carriers_have_their_share_of_the_money(store: Store) -> None:
    clock(store, "a", "breached", value=100.0, penalty=3.0, supplier="Bosch", carrier="DHL")
    clock(store, "b", "breached", value=50.0, penalty=1.0, supplier="Bosch", carrier="DSV")
    follow_clocks(store)
    for by, rows in (("supplier", [["Bosch", 4.0, 150.0]]), ("carrier", [["DHL", 3.0, 100.0], ["DSV", 1.0, 50.0]])):
        assert leadership.money(store.reader, by=by, **WHEN)[["name", "penalty", "missed"]].to_numpy().tolist() == rows
        risk = leadership.value_at_risk(store.reader, by=by)
        assert sorted(risk[["name", "value"]].to_numpy().tolist()) == [[name, value] for name, _, value in rows]
    found = leadership.behind(store.reader, missed=True, selected=leadership.Selected(carrier="DSV"), promises=(), **WHEN)
    assert (found[0]["transaction_id"].tolist(), found[1]) == (["b"], 1)
    assert leadership.at_risk(store.reader, selected=leadership.Selected(supplier="Bosch"))["transaction_id"].tolist() == ["a", "b"]


def test_slas_are_counted_in_the_period_and_in_the_one_before(store: Store) -> None:
    decided(store)
    found = leadership.slas(store.reader, earlier=START - DAY, **WHEN)
    assert sorted(found[["sla", "before", "met", "missed"]].to_numpy().tolist()) == [["book", 0, 0, 2], ["deliver", 0, 2, 1]]


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


def test_what_is_at_risk_now_is_listed_once_a_transaction_largest_first(store: Store) -> None:
    clock(store, "a", "at_risk", sla="x", value=250.0)
    clock(store, "a", "breached", sla="y", value=200.0)
    clock(store, "b", "breached", value=300.0, plant="DE01")
    clock(store, "c", "running", value=999.0)
    found = leadership.at_risk(store.reader, selected=leadership.Selected())
    assert found[["transaction_id", "sla", "value"]].to_numpy().tolist() == [["b", "book", 300.0], ["a", "x", 250.0]]
    assert leadership.at_risk(store.reader, selected=leadership.Selected(plant="DE01"))["transaction_id"].tolist() == ["b"]


def test_the_slowest_of_what_was_completed_come_first(store: Store) -> None:
    for name, hours in (("a", 1), ("b", 9), ("c", 5)):
        transaction(store, name, state="completed", ended_at=START + hours * HOUR)
    transaction(store, "d", ended_at=None)
    found = leadership.slowest(store.reader, selected=leadership.Selected(), limit=2, **WHEN)
    assert found[["transaction_id", "seconds"]].to_numpy().tolist() == [["b", 9 * 3600], ["c", 5 * 3600]]
