"""What may be published again, and what was asked and done about it."""

from __future__ import annotations

from datetime import timedelta

from store.client import Store
from store.reads import resubmission
from store.statement import statement
from tests.store.rows import START, put


def test_only_a_dead_letter_with_this_id_is_found(store: Store) -> None:
    for number, kind in enumerate(("orders.dead_letter", "orders")):
        row = {"source": "erp", "received_at": START, "event_source": f"/q{number}", "id": "m-1", "type": kind, "data": "{}"}
        put(store, "events", slice=number + 1, **row)
    (found,) = resubmission.dead_letters(store.reader, event_id="m-1")
    assert (found["event_source"], found["type"], found["data"]) == ("/q0", "orders.dead_letter", "{}")
    assert resubmission.dead_letters(store.reader, event_id="m-2") == []


def test_of_an_event_that_came_twice_what_was_loaded_first_says_whether_it_is_a_dead_letter(store: Store) -> None:
    for number, kind in enumerate(("orders", "orders.dead_letter")):
        put(store, "events", slice=number + 1, source="erp", received_at=START, event_source="/q", id="m-1", type=kind, data=f"{number}")
    assert resubmission.dead_letters(store.reader, event_id="m-1") == []


def test_an_event_leads_to_its_transaction_and_what_that_has_reached(store: Store) -> None:
    of = {"flow": "o2c", "milestone": "failed", "event_id": "e", "signal": "event", "signal_id": "/q m-1"}
    put(store, "transaction_events", **of, transaction_id="t1", active=1)
    put(store, "transaction_events", **of, transaction_id="merged", active=0)
    for identity in ("t1", "merged"):
        put(store, "transactions", flow="o2c", transaction_id=identity, reference=identity, first_at={"booked": START})
    (found,) = resubmission.transactions_of(store.reader, signal_id="/q m-1")
    assert (found["transaction_id"], found["milestone"], list(found["first_at"])) == ("t1", "failed", ["booked"])


def test_of_many_transactions_only_those_of_the_event_are_read(store: Store) -> None:
    store.command(
        "INSERT INTO transaction_events (flow, transaction_id, milestone, event_id, signal, signal_id, active, revision)"
        " SELECT 'o2c', toString(number), 'failed', toString(number), 'event', concat('/q ', toString(number)), 1, number FROM numbers(30000)"
    )
    store.command("INSERT INTO transactions (flow, transaction_id, revision) SELECT 'o2c', toString(number), number FROM numbers(30000)")
    (found,) = resubmission.transactions_of(store.reader, signal_id="/q 1001")
    assert found["transaction_id"] == "1001"
    plan = store.rows(f"EXPLAIN indexes = 1 {statement('resubmission/transactions')}", {"signal_id": "/q 1001"})
    granules = [told for row in plan if "/" in (told := row["explain"].partition("Granules: ")[2])]
    assert [told.split("/")[0] for told in granules] == ["1", "1"], granules


def test_history_is_of_these_and_in_order(store: Store) -> None:
    for action, target in (("ask to resubmit", "a"), ("resubmit", "b"), ("note", "a"), ("resubmitted", "a"), ("resubmit", "c")):
        put(store, "actions", at=START, actor="Ana", action=action, target=target)
    found = resubmission.history(store.reader, targets=("a", "b"))
    assert list(found["action"]) == ["ask to resubmit", "resubmit", "resubmitted"]
    put(store, "actions", at=START, actor="Ana", action="resubmit", target="in Order 4711.csv")
    found = resubmission.history(store.reader, events=("/folders/in in Order 4711.csv", "/q c", "/q bb"))
    assert list(found["target"]) == ["c", "in Order 4711.csv"]


def test_what_an_incidents_transactions_had_given_up_is_of_one_source_and_of_those_still_in_it(store: Store) -> None:
    letters = (("here", "erp", 1), ("here", "crm", 1), ("left", "erp", 1), ("other", "erp", 1), ("merged", "erp", 0))
    for number, (identity, source, active) in enumerate(letters):
        put(store, "transactions", flow="o2c", transaction_id=identity, reference=f"so-{identity}")
        event = {"milestone": "failed", "event_id": source, "signal": "event", "failure": 1, "source": source, "active": active}
        put(store, "transaction_events", flow="o2c", transaction_id=identity, signal_id=f"/q m {number}", event_time=START, **event)
        kind = {"source": source, "event_source": "/q", "id": f"m {number}", "type": "orders.dead_letter"}
        put(store, "events", slice=number + 1, received_at=START, **kind)
    for identity in ("here", "left", "merged"):
        left = {"left_at": START} if identity == "left" else {}
        put(store, "incident_members", incident_id="i", flow="o2c", transaction_id=identity, sla="", joined_at=START, **left)
    found = resubmission.given_up(store.reader, incident_id="i", source="erp").to_dict("records")
    assert found == [{"id": "m 0", "source": "erp", "type": "orders.dead_letter", "reference": "so-here", "among": 1}]
    assert resubmission.given_up(store.reader, incident_id="i", source="mes").empty


def test_failures_that_are_no_dead_letters_hide_none_and_it_is_told_of_how_many_the_latest_are(store: Store) -> None:
    """Of an incident with thousands of them, those that may be published again were looked for among 200 only."""
    store.command(
        "INSERT INTO transaction_events (flow, transaction_id, milestone, event_id, signal, signal_id, failure, source, active, event_time)"
        " SELECT 'o2c', 'here', 'failed', toString(number), 'event', concat('/q ', toString(number)), 1, 'erp', 1,"
        " toDateTime64('2026-03-01', 3, 'UTC') + number FROM numbers(10000)"
    )
    put(store, "transactions", flow="o2c", transaction_id="here", reference="so-here")
    put(store, "incident_members", incident_id="i", flow="o2c", transaction_id="here", sla="", joined_at=START)
    store.command(
        "INSERT INTO events (source, event_source, id, type, received_at)"
        " SELECT 'erp', '/q', toString(number), if(number < 500, 'orders.dead_letter', 'orders'), now64(3) FROM numbers(10000)"
    )
    found = resubmission.given_up(store.reader, incident_id="i", source="erp")
    assert list(found["id"]) == [str(number) for number in range(499, 299, -1)]
    assert set(found["among"]) == {500}


def test_what_was_begun_lately_is_counted_for_its_source_alone(store: Store) -> None:
    for number, (source, kind) in enumerate((("erp", "orders.dead_letter"), ("erp", "orders"), ("crm", "orders.dead_letter"))):
        put(store, "events", slice=number + 1, source=source, event_source="/q", id=f"m-{number}", type=kind, received_at=START)
    put(store, "quarantine", slice=1, source="erp", quarantine_id="q_1", received_at=START)
    for seconds, action, target in ((0, "resubmit", "m-0"), (5, "resubmit", "m-0"), (6, "resubmit", "m-1"), (7, "resubmit", "m-2")):
        put(store, "actions", at=START + timedelta(seconds=seconds), actor="Ana", action=action, target=target)
    for action in ("resubmit", "resubmitted", "ask to resubmit"):
        put(store, "actions", at=START + timedelta(seconds=8), actor="Ana", action=action, target="q_1")
    assert [resubmission.begun_since(store.reader, source=source, since=START) for source in ("erp", "crm", "mes")] == [2, 1, 0]
