"""Everything about one transaction: in order, of its current version, and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from store.client import Store
from store.reads import detail
from tests.store.rows import DAY, HOUR, START, clock, incident, put, transaction


def milestone(store: Store, name: str, hours: float, identity: str = "t", active: int = 1) -> None:
    moment = START + hours * HOUR
    put(
        store, "transaction_events", flow="o2c", transaction_id=identity, milestone=name, event_id=f"{name}{hours}", event_time=moment, active=active
    )  # fmt: skip


def test_a_transaction_is_its_latest_version_or_none(store: Store) -> None:
    transaction(store, "t")
    transaction(store, "t", stage="booked", facts={"amount": "12.50"})
    found = detail.transaction(store.reader, transaction_id="t")
    assert found is not None
    assert (found["stage"], found["facts"]) == ("booked", {"amount": "12.50"})
    assert detail.transaction(store.reader, transaction_id="none") is None


def test_milestones_are_in_order_of_their_time_and_those_that_moved_away_are_left_out(store: Store) -> None:
    milestone(store, "shipped", 3)
    milestone(store, "captured", 0)
    milestone(store, "booked", 1)
    milestone(store, "elsewhere", 2, "other")
    milestone(store, "moved", 2)
    milestone(store, "moved", 2, active=0)
    assert detail.milestones(store.reader, flow="o2c", transaction_id="t")["milestone"].tolist() == ["captured", "booked", "shipped"]


def test_clocks_are_in_order_of_their_due_time(store: Store) -> None:
    clock(store, "t", "running", sla="y", due_at=START + 2 * HOUR)
    clock(store, "t", "met", sla="x", stopped_at=START)
    clock(store, "t", "running", sla="gone", removed=1)
    clock(store, "u", "running")
    assert detail.clocks(store.reader, flow="o2c", transaction_id="t")["sla"].tolist() == ["x", "y"]


def test_every_version_of_a_verdict_is_told_the_latest_first(store: Store) -> None:
    for version, verdict in enumerate(("running", "at_risk", "met"), 1):
        put(
            store, "verdicts", flow="o2c", sla="book", transaction_id="t", version=version, verdict=verdict, decided_at=START + version * HOUR,
            started_at=START, reason=f"because {version}",
        )  # fmt: skip
    found = detail.verdicts(store.reader, flow="o2c", transaction_id="t")
    assert found[["verdict", "reason"]].to_numpy().tolist() == [["met", "because 3"], ["at_risk", "because 2"], ["running", "because 1"]]


def test_incidents_that_hold_or_held_it(store: Store) -> None:
    for name, status, opened in (("over", "resolved", START + DAY), ("first", "open", START), ("second", "open", START + HOUR)):
        incident(store, name, status=status, opened_at=opened)
        put(store, "incident_members", incident_id=name, flow="o2c", transaction_id="t", sla="book", joined_at=START)
    incident(store, "of another")
    assert detail.incidents_of(store.reader, flow="o2c", transaction_id="t")["incident_id"].tolist() == ["second", "first", "over"]
    assert detail.incidents_of(store.reader, flow="p2p", transaction_id="t").empty


def signal(store: Store, table: str, number: int, **row: Any) -> None:
    put(store, table, slice=number, source="crm", received_at=START, **row)


def test_signals_are_those_of_its_traces_and_those_that_are_named(store: Store) -> None:
    signal(store, "spans", 1, trace_id="t1", span_id="b", name="second", start_time=START + HOUR)
    signal(store, "spans", 2, trace_id="t1", span_id="a", name="first", start_time=START)
    signal(store, "spans", 3, trace_id="t2", span_id="c", name="other", start_time=START)
    assert detail.spans(store.reader, trace_ids=("t1",))["name"].tolist() == ["first", "second"]
    signal(store, "logs", 4, log_id="l1", trace_id="t1", time=START + HOUR, body="of the trace")
    signal(store, "logs", 5, log_id="l2", time=START, body="named")
    signal(store, "logs", 6, log_id="l3", time=START, body="other")
    assert detail.logs(store.reader, trace_ids=("t1",), log_ids=("l2",))["body"].tolist() == ["named", "of the trace"]
    signal(store, "events", 7, event_source="/shop", id="1", trace_id="t1", time=START + HOUR)
    signal(store, "events", 8, event_source="/shop", id="2", time=START)
    signal(store, "events", 9, event_source="/other", id="2", time=START)
    assert detail.events(store.reader, trace_ids=("t1",), signal_ids=("/shop 2",))["id"].tolist() == ["2", "1"]
    assert detail.how_many(store.reader, kind="spans", trace_ids=("t1", "t2")) == 3
    assert detail.how_many(store.reader, kind="logs", trace_ids=("t1",), ids=("l2", "l3")) == 3
    assert detail.how_many(store.reader, kind="events", trace_ids=(), ids=("/shop 2",)) == 1


@pytest.mark.parametrize("source", ["/folders/in", "/my folders/in é"])
@pytest.mark.parametrize("id_", ["4711", "in Order 4711.csv", " é  b ", "Order"])
def test_an_event_is_found_by_its_id_where_that_or_its_source_has_blanks(store: Store, source: str, id_: str) -> None:
    for number, other in enumerate((id_, "4711.csv", "b ", f"x{id_}")):
        signal(store, "events", number, event_source=source, id=other)
    assert detail.events(store.reader, trace_ids=(), signal_ids=(f"{source} {id_}", "without"))["id"].tolist() == [id_]


@pytest.mark.parametrize("kind", ["spans", "logs", "events"])
def test_of_many_signals_the_first_are_given_and_all_are_counted(store: Store, kind: str) -> None:
    count = detail.SIGNALS + 5
    name, time = {"spans": ("span_id", "start_time"), "logs": ("log_id", "time"), "events": ("id", "time")}[kind]
    rows = {"slice": [1] * count, "trace_id": ["t"] * count, "received_at": [START] * count}
    rows |= {name: [f"{number:04}" for number in range(count)], time: [START + number * HOUR / 3600 for number in range(count)]}
    store.insert(kind, rows)
    given = {
        "spans": lambda: detail.spans(store.reader, trace_ids=("t",)),
        "logs": lambda: detail.logs(store.reader, trace_ids=("t",), log_ids=()),
        "events": lambda: detail.events(store.reader, trace_ids=("t",), signal_ids=()),
    }[kind]()
    assert given[name].tolist() == [f"{number:04}" for number in range(detail.SIGNALS)]
    assert detail.how_many(store.reader, kind=kind, trace_ids=("t",)) == count


def test_the_usual_time_is_the_median_of_what_completed_last_in_the_same_plant(store: Store) -> None:
    def run(number: int, minutes: float, plant: str = "DE07", **more: Any) -> None:
        begun = START - number * HOUR
        first = {"captured": begun, "booked": begun + minutes / 60 * HOUR, "shipped": begun + 5 * HOUR}
        transaction(
            store, f"{int(begun.timestamp() * 1000):012x}{number:020}",
            **{"state": "completed", "ended_at": first["shipped"], "first_at": first, "facts": {"plant": plant}, **more},
        )  # fmt: skip

    for number in range(1, 12):
        run(number, number)
        run(number + 20, 500, "US02")
    run(40, 9999, state="open", ended_at=None)
    found = detail.usual(store.reader, flow="o2c", plant="DE07", day=START)
    times = {(row["earlier"], row["later"]): (row["usual"], row["transactions"]) for row in found.to_dict("records")}
    assert times["captured", "booked"] == (6 * 60_000, 11)
    assert times["captured", "shipped"] == (5 * 3_600_000, 11)
    assert ("booked", "captured") not in times, "what came before it is not a way on"
    assert detail.usual(store.reader, flow="o2c", plant="PL03", day=START).empty
    assert detail.usual(store.reader, flow="o2c", plant="DE07", day=START + 65 * DAY).empty, "too long ago to be usual"


def test_fewer_than_ten_are_not_usual_and_of_many_the_last_ones_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(number: int, minutes: float) -> None:
        begun = START - number * HOUR
        ended = begun + minutes / 60 * HOUR
        transaction(
            store, f"{int(begun.timestamp() * 1000):012x}{number:020}", state="completed", ended_at=ended,
            first_at={"captured": begun, "booked": ended}, facts={"plant": "DE07"},
        )  # fmt: skip

    for number in range(1, 10):
        run(number, 10)
    assert detail.usual(store.reader, flow="o2c", plant="DE07", day=START).empty
    for number in range(100, 120):
        run(number, 50)
    monkeypatch.setattr(detail, "USUAL_MOST", 15)
    assert detail.usual(store.reader, flow="o2c", plant="DE07", day=START)["usual"].tolist() == [10 * 60_000]
