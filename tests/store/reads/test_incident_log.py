"""Incidents and what was done about them: the worst first, the latest first, and never more than asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from store.client import Store
from store.reads import board, incident_log
from store.reads.connection import ReaderError
from tests.store.rows import DAY, HOUR, START, incident, put
from tests.store.rows import member as held

ASKED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["critical", "own", "late", "acknowledged", "plain", "over"]),
    ({"status": "unresolved"}, ["critical", "own", "late", "acknowledged", "plain"]),
    ({"status": "resolved"}, ["over"]),
    ({"status": "acknowledged"}, ["acknowledged"]),
    ({"flow": "andon"}, ["own"]),
    ({"owner": "sales"}, ["late"]),
    ({"owner": "sales", "flow": "andon"}, []),
    ({"limit": 2}, ["critical", "own"]),
]


def test_the_worst_come_first_resolved_ones_last_and_all_are_counted(store: Store) -> None:
    incident(store, "over", status="resolved", severity="critical", resolved_at=START)
    incident(store, "plain")
    incident(store, "acknowledged", status="acknowledged", members=3)
    incident(store, "late", breached=2, owner="sales")
    incident(store, "own", flow="andon")
    incident(store, "critical", severity="critical")
    for asked, found in ASKED:
        rows = incident_log.incidents(store.reader, now=START, **asked)
        assert (rows["incident_id"].tolist() if len(rows) else []) == found
    assert set(incident_log.incidents(store.reader, now=START, limit=2)["total"]) == {6}


def test_an_incident_is_overdue_since_the_first_deadline_that_a_member_still_in_it_missed(store: Store) -> None:
    for identity in ("late", "warned", "over"):
        incident(store, identity)
    incident(store, "over", status="resolved")
    held(store, "late", "a", "breached", due_at=START - HOUR)
    held(store, "late", "b", "breached")
    held(store, "late", "gone", "met_late", due_at=START - DAY, left_at=START)
    held(store, "late", "warned", "at_risk", due_at=START - DAY)
    held(store, "warned", "c", "at_risk", due_at=START + HOUR)
    held(store, "over", "d", "met_late", due_at=START - HOUR, left_at=START)
    rows = incident_log.incidents(store.reader, now=START).set_index("incident_id")["overdue_since"]
    assert {name: None if pd.isna(at) else at.to_pydatetime() for name, at in rows.items()} == {
        "late": (START - HOUR).replace(tzinfo=None),
        "warned": None,
        "over": None,
    }
    for name, at in rows.items():
        found = incident_log.incident(store.reader, incident_id=str(name))
        assert found is not None
        assert found["overdue_since"] == (None if pd.isna(at) else at.to_pydatetime())


def test_one_incident_is_its_latest_version_or_none(store: Store) -> None:
    incident(store, "a", title="first", customers=["ACME"], value={"EUR": 10.0})
    incident(store, "a", title="second", customers=["ACME", "Globex"], value={"EUR": 30.0})
    found = incident_log.incident(store.reader, incident_id="a")
    assert found is not None
    assert (found["title"], list(found["customers"]), found["value"]) == ("second", ["ACME", "Globex"], {"EUR": 30.0})
    assert incident_log.incident(store.reader, incident_id="none") is None


def test_members_still_in_it_come_first_by_their_value(store: Store) -> None:
    for name, value, due, left in (("small", 10, 1, None), ("gone", 99, 0, START), ("large", 50, 3, None), ("next", 10, 0, None)):
        put(
            store,
            "incident_members",
            incident_id="a",
            flow="o2c",
            transaction_id=name,
            sla="book",
            value=value,
            joined_at=START,
            due_at=START + due * HOUR,
            left_at=left,
        )
    put(store, "incident_members", incident_id="b", flow="o2c", transaction_id="other", sla="book", joined_at=START)
    found = incident_log.members(store.reader, incident_id="a")
    assert found["transaction_id"].tolist() == ["large", "next", "small", "gone"]
    assert incident_log.members(store.reader, incident_id="a", limit=1)["total"].tolist() == [4]
    put(store, "incidents", incident_id="a", cause="queue-stopped:broker/orders.inbound")
    found = incident_log.members(store.reader, incident_id="a")
    assert found["transaction_id"].tolist() == ["next", "small", "large", "gone"], "behind a queue, who is due first comes first"


def test_a_transaction_is_one_member_however_many_of_its_promises_are_in_danger(store: Store) -> None:
    late = {"due_at": START + HOUR, "value": 10.0, "penalty": 2.0}
    held(store, "a", "both", "breached", sla="book", **late)
    held(store, "a", "both", "at_risk", sla="confirm", **{**late, "due_at": START + 2 * HOUR, "penalty": 1.0})
    held(store, "a", "both", "failed", sla="", due_at=None, value=30.0)
    held(store, "a", "left", "met", sla="book", **late, left_at=START + HOUR)
    held(store, "a", "left", "failed", sla="", due_at=None)
    held(store, "a", "gone", "met_late", sla="book", **late, left_at=START + HOUR)
    held(store, "a", "gone", "completed", sla="", due_at=None, left_at=START + HOUR)
    found = incident_log.members(store.reader, incident_id="a").set_index("transaction_id")
    assert found.index.tolist() == ["left", "both", "gone"]
    assert found["total"].tolist() == [3, 3, 3]
    assert found["verdict"].to_dict() == {"both": "failed", "left": "failed", "gone": "met_late"}
    assert found["sla"].to_dict() == {"both": "book", "left": "", "gone": "book"}
    assert found.loc["both", ["value", "penalty"]].tolist() == [30.0, 3.0]
    assert {name: sorted(slas) for name, slas in found["slas"].items()} == {
        "both": ["", "book", "confirm"],
        "left": ["", "book"],
        "gone": ["", "book"],
    }


def test_deliveries_and_attempts_are_the_latest_first_without_the_message(store: Store) -> None:
    for number in range(3):
        moment = START + number * HOUR
        put(store, "deliveries", delivery_id=f"d{number}", incident_id="a", state="pending", message="secret", created_at=moment)
        put(store, "delivery_attempts", delivery_id=f"d{number}", attempt=1, incident_id="a", attempted_at=moment, outcome="retry")
    put(store, "deliveries", delivery_id="d2", incident_id="a", state="sent", message="secret", created_at=START + 2 * HOUR)
    deliveries = incident_log.deliveries(store.reader, incident_id="a")
    assert [(row["delivery_id"], row["state"]) for row in deliveries.to_dict("records")] == [
        ("d2", "sent"),
        ("d1", "pending"),
        ("d0", "pending"),
    ]
    assert "message" not in deliveries
    assert incident_log.attempts(store.reader, incident_id="a")["delivery_id"].tolist() == ["d2", "d1", "d0"]
    assert incident_log.attempts(store.reader, incident_id="b").empty


def test_silences_in_force_are_the_first_to_end_first(store: Store) -> None:
    for name, hours, removed in (("later", 9, 0), ("sooner", 2, 0), ("over", 0, 0), ("lifted", 5, 1)):
        put(store, "silences", silence_id=name, starts_at=START - DAY, ends_at=START + hours * HOUR, removed=removed)
    assert incident_log.silences(store.reader, now=START)["silence_id"].tolist() == ["sooner", "later"]


GROUP: dict[str, Any] = {"incident_id": "a", "flow": "o2c", "stage": "booked", "cause": "overdue"}


def silenced(store: Store, name: str, hours: int, **other: Any) -> None:
    put(store, "silences", silence_id=name, starts_at=START - DAY, ends_at=START + hours * HOUR, **other)


def test_an_incident_is_silenced_by_every_silence_that_matches_until_the_last_of_them_ends(store: Store) -> None:
    for name, stage in (("a", "booked"), ("b", "shipped")):
        incident(store, name, stage=stage)
    silenced(store, "stage", 2, flow="o2c", stage="booked")
    silenced(store, "itself", 5, incident_id="a")
    silenced(store, "over", 0, incident_id="a")
    silenced(store, "lifted", 9, incident_id="a", removed=1)
    silenced(store, "other", 9, flow="o2c", cause="CREDIT")
    assert incident_log.silences_of(store.reader, now=START, **GROUP)["silence_id"].tolist() == ["itself", "stage"]

    for rows in (incident_log.incidents(store.reader, now=START), board.board(store.reader, now=START, limit=9).incidents):
        until = dict(zip(rows["incident_id"], pd.to_datetime(rows["silenced_until"], utc=True), strict=True))
        assert until["a"] == START + 5 * HOUR
        assert until["b"] is pd.NaT
    silenced(store, "all", 7)
    rows = incident_log.incidents(store.reader, now=START)
    assert set(pd.to_datetime(rows["silenced_until"], utc=True)) == {START + 7 * HOUR}


def member(store: Store, name: str, joined: Any, left: Any = None, verdict: str = "breached") -> None:
    put(
        store,
        "incident_members",
        incident_id="a",
        flow="o2c",
        transaction_id=name,
        sla="book",
        verdict=verdict,
        joined_at=joined,
        left_at=left,
    )


def test_its_history_is_what_happened_and_what_people_did_the_latest_first(store: Store) -> None:
    second = timedelta(seconds=1)
    for number in range(3):
        left = START + HOUR if number else None
        member(store, f"t{number}", START + number * second, left, "met_late" if number else "breached")
        for version, verdict in enumerate(("at_risk", "breached"), 1):
            put(
                store, "verdicts", flow="o2c", sla="book", transaction_id=f"t{number}", version=version, verdict=verdict,
                previous="running" if version == 1 else "at_risk", decided_at=START + version * 60 * second,
            )  # fmt: skip
    for channel in ("desk", "chat"):
        told = {"delivery_id": channel, "channel": channel, "reason": "opened", "state": "sent", "created_at": START + 5 * second}
        put(store, "deliveries", incident_id="a", **told)
    put(store, "deliveries", incident_id="a", **{**told, "delivery_id": "mail", "channel": "mail", "error": "refused for b@example.com"})
    incident(store, "a", status="resolved", resolved_at=START + 2 * HOUR, reopened_at=START + HOUR, members_total=3)
    silenced(store, "sil", 5, flow="o2c")
    silenced(store, "foreign", 5, flow="p2p")
    for at, action, target in (
        (1, "acknowledge", "a"),
        (2, "note", "a"),
        (3, "end silence", "sil"),
        (3, "silence", "foreign"),
        (3, "note", "b"),
    ):
        put(store, "actions", at=START + at * HOUR + second, actor="Ana", action=action, target=target, detail=action)

    found = incident_log.history(store.reader, ended_after=START - DAY, **GROUP)
    assert [(row["kind"], row["who"], row["what"], row["number"]) for row in found.to_dict("records")] == [
        ("end silence", "Ana", "end silence", 0),
        ("note", "Ana", "note", 0),
        ("resolved", "", "", 3),
        ("acknowledge", "Ana", "acknowledge", 0),
        ("left", "", "met_late", 2),
        ("reopened", "", "", 0),
        ("late", "", "", 3),
        ("notified", "mail", "opened missed", 1),
        ("notified", "chat, desk", "opened sent", 2),
        ("joined", "", "", 3),
    ]
    assert len(incident_log.history(store.reader, ended_after=START - DAY, limit=2, **GROUP)) == 2


def test_in_its_history_a_transaction_joins_and_leaves_once_whatever_it_was_here_for(store: Store) -> None:
    late, over = START + 5 * 60 * timedelta(seconds=1), START + HOUR
    incident(store, "a", status="resolved", resolved_at=over, members_total=2)
    for name in ("both", "more"):
        held(store, "a", name, "open", sla="", joined_at=START, left_at=over)
        held(store, "a", name, "met_late", sla="book", joined_at=late, left_at=over)
        put(
            store,
            "verdicts",
            flow="o2c",
            sla="book",
            transaction_id=name,
            version=2,
            verdict="breached",
            previous="at_risk",
            decided_at=late,
        )
    held(store, "a", "still", "open", sla="", joined_at=START, left_at=over)
    held(store, "a", "still", "breached", sla="book", joined_at=late)
    put(store, "deliveries", delivery_id="d", incident_id="a", channel="desk", reason="resolved", state="sent", created_at=over)
    found = incident_log.history(store.reader, ended_after=START - DAY, **GROUP)
    assert [(row["kind"], row["what"], row["number"]) for row in found.to_dict("records")] == [
        ("notified", "resolved sent", 1),
        ("resolved", "", 2),
        ("left", "met_late", 2),
        ("late", "", 2),
        ("joined", "", 3),
    ], "at one moment, too, what follows from another thing is the later one"


def test_an_id_is_named_by_its_beginning_if_no_other_begins_so(store: Store) -> None:
    for name in ("ab12", "ab34", "ab3", "cd"):
        incident(store, name)
        incident(store, name, title="again")
    asked = {"c": ["cd"], "ab": ["ab12", "ab3"], "ab3": ["ab3"], "ab34": ["ab34"], "x": []}
    assert {beginning: incident_log.ids(store.reader, beginning=beginning) for beginning in asked} == asked


def test_steps_are_counted_over_all_incidents_and_told_of_one(store: Store) -> None:
    done = [("s1", "a", "worked", 1), ("s1", "b", "did not work", 2), ("s1", "a", "did not work", 3), ("s2", "b", "worked", 4)]
    for step, target, outcome, hours in done:
        put(
            store, "actions", at=START + hours * HOUR, actor=f"p{hours}", action="step", target=target, runbook="book", step=step, outcome=outcome
        )  # fmt: skip
    put(store, "actions", at=START, actor="x", action="step", target="a", runbook="other", step="s1", outcome="worked")
    found = incident_log.steps(store.reader, incident_id="a", runbook="book")
    shown = {step: [row[name] for name in ("runs", "worked", "outcome", "actor")] for step, row in found.items()}
    assert shown == {"s1": [3, 1, "did not work", "p3"], "s2": [1, 1, "", ""]}


def test_a_query_of_a_step_reads_and_can_do_nothing_else(store: Store) -> None:
    for number in range(60):
        incident(store, f"i{number}", owner="desk")
    found = incident_log.run_query(
        store.reader, query="SELECT incident_id FROM incidents FINAL WHERE owner = {who:String}", values=(("who", "desk"), ("unused", "x"))
    )
    assert len(found) == 50
    for query in ("DROP TABLE incidents", "TRUNCATE TABLE incidents"):
        with pytest.raises(ReaderError):
            incident_log.run_query(store.reader, query=query, values=())
    assert store.rows("SELECT count() AS n FROM incidents FINAL")[0]["n"] == 60


def test_causes_are_those_of_lately_the_most_frequent_first(store: Store) -> None:
    for name, cause, days in (("a", "X", 1), ("b", "Y", 2), ("c", "Y", 3), ("d", "Z", 99)):
        incident(store, name, cause=cause, runbook="book", opened_at=START - days * DAY)
    incident(store, "own", flow="andon")
    found = incident_log.causes(store.reader, since=START - 90 * DAY)
    assert found[["cause", "runbook", "incidents"]].to_numpy().tolist() == [["Y", "book", 2], ["X", "book", 1]]


def test_what_becomes_late_after_it_has_left_is_not_of_its_history(store: Store) -> None:
    """It moved to another incident, is late there, and this one was resolved before."""
    incident(store, "a", status="resolved", members_total=2, resolved_at=START + HOUR)
    for name, late in (("here", START + HOUR / 2), ("elsewhere", START + 2 * HOUR)):
        held(store, "a", name, "at_risk", joined_at=START, left_at=START + HOUR)
        put(store, "verdicts", flow="o2c", sla="book", transaction_id=name, verdict="breached", previous="at_risk", decided_at=late)
    found = incident_log.history(store.reader, ended_after=START - DAY, **GROUP)
    assert found["kind"].tolist() == ["resolved", "left", "late", "joined"]
    assert found.set_index("kind").loc["late", "number"] == 1
