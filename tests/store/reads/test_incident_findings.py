"""What there is to find out about an incident: counted in the store, compared with healthy transactions of the same time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from store.client import Store
from store.reads import incident_findings as reads
from tests.store.rows import DAY, HOUR, START, clock, incident, put, transaction

MINUTE = timedelta(minutes=1)
ASKED: dict[str, Any] = {"incident_id": "a", "flow": "o2c", "resolved": False}
GROUP: dict[str, Any] = {"incident_id": "a", "flow": "o2c", "stage": "booked", "cause": "overdue"}


def identity(number: int) -> str:
    """Return an id as of a transaction that was first seen so many minutes after START."""
    return f"{int((START + number * MINUTE).timestamp() * 1000):012x}{number:020x}"


def order(
    store: Store, number: int, *, affected: bool, spans: tuple[dict[str, Any], ...] = (), left: datetime | None = None, **facts: str
) -> None:
    """Write a transaction, with one trace of these spans."""
    name = identity(number)
    transaction(store, name, stage="mapped" if affected else "booked", facts=facts, started_at=START + number * MINUTE)
    put(store, "transaction_events", flow="o2c", transaction_id=name, milestone="mapped", event_id=name, trace_id=f"t{number}", active=1)
    for position, span in enumerate(spans):
        at = START + number * MINUTE
        put(store, "spans", slice=1, trace_id=f"t{number}", span_id=str(position), start_time=at, end_time=at, **span)
    if affected:
        put(
            store, "incident_members", incident_id="a", flow="o2c", transaction_id=name, sla="book", joined_at=START, left_at=left, value=number
        )  # fmt: skip


def outstanding(store: Store, **other: Any) -> dict[tuple[str, str], dict[str, Any]]:
    asked = {**ASKED, "cause": "overdue", "opened": START + HOUR, "names": ("customer", "plant"), "zone": "Europe/Berlin", **other}
    found = reads.outstanding(store.reader, **asked)
    return {(row["trait"], row["value"]): row for row in found.to_dict("records")}


def test_what_stands_out_is_told_with_lift_and_counts_and_what_does_not_is_left_out(store: Store) -> None:
    for number in range(40):
        affected = number % 4 == 0
        plant = "US02" if affected or number == 1 else "DE07"
        node = {"service": "sap", "resource": {"host.name": "n2" if affected else "n1", "service.version": "2.1" if affected else "2.0"}}
        order(store, number, affected=affected, spans=(node,), plant=plant, customer=f"c{number % 2}" if number % 8 < 4 else "c0")
    found = outstanding(store)
    assert list(found)[:2] != []
    plant = found["plant", "US02"]
    assert (plant["affected"], plant["affected_total"], plant["healthy"], plant["healthy_total"]) == (10, 10, 1, 30)
    assert math.isclose(plant["lift"], 30.0)
    assert {("node", "n2"), ("version", "sap 2.1")} < set(found)
    assert math.isinf(found["node", "n2"]["lift"])
    assert not {value for trait, value in found if trait == "hour"}, "they are of the same hours"
    assert ("plant", "DE07") not in found
    assert outstanding(store, flow="p2p", incident_id="none") == {}


def test_an_hour_stands_out_among_what_started_meanwhile_and_not_because_an_incident_is_of_a_few_hours(store: Store) -> None:
    for number in range(0, 600, 15):  # ten hours of healthy ones, four in each
        order(store, number, affected=False)
    for number in (301, 310, 320, 331, 341):  # within one hour
        order(store, number, affected=True)
    wide = {"opened": START + DAY}
    assert outstanding(store, **wide) == {}
    for number in (1, 599):  # they come all the time, and most of them in that hour
        order(store, number, affected=True)
    found = outstanding(store, **wide)
    assert list(found) == [("hour", "14")]
    assert (found["hour", "14"]["affected"], found["hour", "14"]["affected_total"]) == (5, 7)
    assert (found["hour", "14"]["healthy"], found["hour", "14"]["healthy_total"]) == (4, 39)


def test_two_of_three_are_no_pattern_where_it_is_common_and_one_where_it_is_rare(store: Store) -> None:
    for number in range(60):
        affected = number in {1, 2, 3}
        rare = "ACME" if number in {1, 2} or number == 40 else f"c{number % 9}"
        order(store, number, affected=affected, plant="US02" if number in {1, 2} or number % 5 == 0 else "DE07", customer=rare)
    assert list(outstanding(store)) == [("customer", "ACME")]


def test_the_cause_itself_stands_out_of_nothing_and_an_error_code_does(store: Store) -> None:
    for number in range(20):
        affected = number < 6
        code = {"service": "sap", "status": "error", "attributes": {"error.type": "PRICE_MISSING"}} if affected else {"service": "sap"}
        order(store, number, affected=affected, spans=(code,))
    assert ("error", "PRICE_MISSING") in outstanding(store)
    assert outstanding(store, cause="PRICE_MISSING") == {}


def test_where_its_transactions_stand_is_counted_and_of_a_resolved_one_all_that_ever_were(store: Store) -> None:
    for number in range(5):
        order(store, number, affected=True, left=START if number == 4 else None)
    transaction(store, identity(3), stage="accepted")
    assert reads.standing(store.reader, **ASKED).to_dict("records") == [
        {"stage": "mapped", "transactions": 3},
        {"stage": "accepted", "transactions": 1},
    ]
    assert reads.standing(store.reader, **{**ASKED, "resolved": True})["transactions"].tolist() == [4, 1]


def test_the_rhythm_of_a_milestone_is_its_last_time_and_the_usual_gap(store: Store) -> None:
    def asked() -> dict[str, Any] | None:
        return reads.rhythm(store.reader, flow="o2c", milestone="dequeued", since=START, now=START + DAY)

    for number, minutes in enumerate((1, 2, 3, 4, 14)):
        assert asked() is None or number >= 3
        put(
            store, "milestone_events", slice=1, flow="o2c", milestone="dequeued", event_id=str(number), event_time=START + minutes * MINUTE
        )  # fmt: skip
    put(store, "milestone_events", slice=1, flow="o2c", milestone="dequeued", event_id="later", event_time=START + 2 * DAY)
    found = asked()
    assert found is not None
    assert (
        pd.Timestamp(found["last_at"]).tz_localize("UTC") if found["last_at"].tzinfo is None else found["last_at"]
    ) == START + 14 * MINUTE
    assert found["usual_seconds"] == 60


def test_the_first_errors_are_the_earliest_failed_spans_and_error_logs_of_its_traces(store: Store) -> None:
    failed = {"service": "sap", "name": "book", "status": "error", "status_message": "refused"}
    order(store, 2, affected=True, spans=(failed, {"service": "sap", "name": "fine", "status": "ok"}))
    order(store, 1, affected=False, spans=({**failed, "name": "of another"},))
    for log, severity, minutes in (("l1", 17, 1), ("l2", 9, 0), ("l3", 21, 5)):
        put(
            store, "logs", slice=1, trace_id="t2", log_id=log, service="crm", severity_number=severity, severity_text="ERROR", body=log,
            time=START + minutes * MINUTE,
        )  # fmt: skip
    found = reads.first_errors(store.reader, **ASKED)
    assert found[["kind", "service", "what", "said"]].to_numpy().tolist() == [
        ["log", "crm", "ERROR", "l1"],
        ["span", "sap", "book", "refused"],
        ["log", "crm", "ERROR", "l3"],
    ]


def test_an_error_that_a_transaction_has_overcome_is_not_its_first(store: Store) -> None:
    """It failed at capture two days before, went on to *mapped*, and stands there since; what fails after it has left is not looked at."""
    name, mapped = identity(2), START + 2 * DAY
    order(store, 2, affected=False)
    put(
        store,
        "incident_members",
        incident_id="a",
        flow="o2c",
        transaction_id=name,
        sla="book",
        joined_at=mapped + HOUR,
        left_at=mapped + DAY,
    )
    for milestone, at, failure in (("mapped", mapped, 0), ("refused", mapped + MINUTE, 1), ("booked", mapped + 2 * DAY, 0)):
        row = {"milestone": milestone, "event_id": f"e-{milestone}", "event_time": at, "failure": failure, "trace_id": "t2", "active": 1}
        put(store, "transaction_events", flow="o2c", transaction_id=name, **row)
    failed = {"slice": 1, "trace_id": "t2", "service": "sap", "status": "error"}
    for what, begin, end in (
        ("capture", START, START + MINUTE),
        ("across", mapped - MINUTE, mapped + MINUTE),
        ("book", mapped + MINUTE, mapped + MINUTE),
        ("ship", mapped + 2 * DAY, mapped + 2 * DAY),
    ):
        put(store, "spans", span_id=what, name=what, start_time=begin, end_time=end, **failed)
    found = reads.first_errors(store.reader, **{**ASKED, "resolved": True})
    assert found["what"].tolist() == ["across", "book"]


def test_what_changed_before_it_is_catalogs_versions_and_silent_sources_of_that_day(store: Store) -> None:
    opened = START + 30 * MINUTE
    for number, version in ((1, "2.0"), (5, "2.0"), (9, "2.1"), (40, "2.2")):
        order(store, number, affected=number == 9, spans=({"service": "sap", "resource": {"service.version": version}},))
    for version, problem, minutes in (("v1", "", 10), ("", "broken", 20), ("v2", "", 40), ("v0", "", -2000)):
        put(store, "catalogs", version=version, problem=problem, definitions="", looked_at=START + minutes * MINUTE)
    for source, minutes in (("erp", 15), ("mes", 45), ("old", -2000)):
        put(store, "expected_sources", source=source, since=START - 9 * DAY, silent_since=START + minutes * MINUTE)
    found = reads.changes(store.reader, opened=opened, **ASKED)
    assert found[["kind", "what"]].to_numpy().tolist() == [["refused", ""], ["silent", "erp"], ["catalog", "v1"], ["version", "sap 2.1"]]


def test_the_first_catalog_of_all_is_no_change(store: Store) -> None:
    put(store, "catalogs", version="v1", problem="", definitions="", looked_at=START + 10 * MINUTE)
    assert reads.changes(store.reader, opened=START + 30 * MINUTE, **ASKED).empty


def test_the_next_are_those_that_stand_there_and_have_not_been_warned_of_by_their_deadline(store: Store) -> None:
    for number, (verdict, stage) in enumerate(
        [("running", "mapped"), ("running", "mapped"), ("at_risk", "mapped"), ("running", "booked"), ("running", "mapped")]
    ):
        transaction(store, identity(number), stage=stage)
        clock(store, identity(number), verdict, due_at=START + (9 - number) * HOUR)
    asked: dict[str, Any] = {"flow": "o2c", "stage": "booked", "stages": ("mapped",)}
    found = reads.victims(store.reader, **asked, until=START + DAY)
    assert found["transaction_id"].tolist() == [identity(4), identity(1), identity(0)]
    assert reads.victims(store.reader, **asked, until=START + DAY, limit=1)["total"].tolist() == [3]
    assert reads.victims(store.reader, **asked, until=START + 8 * HOUR)["transaction_id"].tolist() == [identity(4), identity(1)]


def test_earlier_incidents_are_those_like_it_with_the_last_that_was_written(store: Store) -> None:
    over: dict[str, Any] = {"status": "resolved", "resolved_at": START + HOUR, "members_total": 4}
    incident(store, "same", opened_at=START - 9 * DAY, **over)
    incident(store, "stage", cause="CREDIT", opened_at=START - DAY, **over)
    incident(store, "late elsewhere", stage="shipped", opened_at=START - DAY, **over)
    incident(store, "other", stage="shipped", cause="CREDIT", opened_at=START - DAY, **over)
    incident(store, "foreign", flow="p2p", opened_at=START - DAY, **over)
    incident(store, "open", opened_at=START - DAY)
    incident(store, "a")
    for hours, action, detail in ((1, "note", "first"), (2, "note", "restarted the connector"), (3, "acknowledge", "until later")):
        put(store, "actions", at=START + hours * HOUR, actor="Ana", action=action, target="same", detail=detail)
    found = reads.similar(store.reader, opened=START, **GROUP)
    assert found[["incident_id", "same", "actor", "detail"]].to_numpy().tolist() == [
        ["same", 1, "Ana", "restarted the connector"],
        ["stage", 0, "", ""],
    ]
    assert len(reads.similar(store.reader, opened=START, limit=1, **GROUP)) == 1
    named = reads.similar(store.reader, opened=START, **{**GROUP, "incident_id": "b", "stage": "picked", "cause": "CREDIT"})
    assert set(named["incident_id"]) == {"stage", "other"}
