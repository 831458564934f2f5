"""Incidents and what was done about them: the worst first, the latest first, and never more than asked for."""

from __future__ import annotations

from typing import Any

from store.client import Store
from store.reads import incident_log
from tests.store.rows import DAY, HOUR, START, incident, put

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
        rows = incident_log.incidents(store.reader, **asked)
        assert (rows["incident_id"].tolist() if len(rows) else []) == found
    assert set(incident_log.incidents(store.reader, limit=2)["total"]) == {6}


def test_one_incident_is_its_latest_version_or_none(store: Store) -> None:
    incident(store, "a", title="first", customers=["ACME"], value={"EUR": 10.0})
    incident(store, "a", title="second", customers=["ACME", "Globex"], value={"EUR": 30.0})
    found = incident_log.incident(store.reader, incident_id="a")
    assert found is not None
    assert (found["title"], list(found["customers"]), found["value"]) == ("second", ["ACME", "Globex"], {"EUR": 30.0})
    assert incident_log.incident(store.reader, incident_id="none") is None


def test_members_still_in_it_come_first_by_their_due_time(store: Store) -> None:
    for name, due, left in (("late", 3, None), ("gone", 0, START), ("soon", 1, None), ("unknown", None, None)):
        due_at = None if due is None else START + due * HOUR
        put(
            store,
            "incident_members",
            incident_id="a",
            flow="o2c",
            transaction_id=name,
            sla="book",
            joined_at=START,
            due_at=due_at,
            left_at=left,
        )
    put(store, "incident_members", incident_id="b", flow="o2c", transaction_id="other", sla="book", joined_at=START)
    found = incident_log.members(store.reader, incident_id="a")
    assert found["transaction_id"].tolist() == ["soon", "late", "unknown", "gone"]
    assert incident_log.members(store.reader, incident_id="a", limit=1)["total"].tolist() == [4]


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


def test_actions_are_those_on_a_target_the_latest_first(store: Store) -> None:
    for number, target in enumerate(("a", "b", "a", "a")):
        put(store, "actions", at=START + number * HOUR, actor=f"p{number}", action="acknowledge", target=target)
    assert incident_log.actions(store.reader, target="a")["actor"].tolist() == ["p3", "p2", "p0"]
    assert incident_log.actions(store.reader, target="a", limit=1)["actor"].tolist() == ["p3"]
