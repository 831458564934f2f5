"""The runbook beside an incident: its steps, one by one, with what came of each."""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from html import unescape
from typing import Any

import httpx
import pandas as pd
import pytest

from dashboard import data
from dashboard.components.time_format import Zone
from store.client import Store
from store.reads import incident_log, resubmission
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW


@pytest.fixture
def identity(filled: Store) -> str:
    """An open incident whose runbook has steps."""
    rows = filled.rows("SELECT incident_id FROM incidents FINAL WHERE runbook = 'order-not-booked' AND status = 'open' LIMIT 1")
    return str(rows[0]["incident_id"])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        found.append((url.partition("/api/v1/")[2], json))
        return httpx.Response(
            200, json={"said": "to queue orders (rabbitmq), 2 bytes\n{}", "confirm": "w0rd"} if url.endswith("show") else {}
        )

    monkeypatch.setattr(httpx, "post", post)
    return found


def choose(test: Any, step: str) -> Any:
    return next(box for box in test.selectbox if box.label == "Step").select(step).run()


def last(test: Any, kind: str, label: str) -> Any:
    return [one for one in test.get(kind) if one.label == label][-1]


def test_the_query_of_a_step_runs_for_the_chosen_transaction_and_changes_nothing(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = view("incidents", filled, id=identity)
    assert "andon-todo" in words(test)
    assert next(box for box in test.selectbox if box.label == "Step").value == "where"
    test = next(one for one in test.button if one.label == "Run the query").click().run()
    shown = words(test).split('aria-label="Rows of the query"')
    assert len(shown) == 2 or "The query found nothing." in shown[0]
    assert sent == []


def test_what_came_of_a_step_is_posted_with_a_name(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = choose(view("incidents", filled, id=identity), "queue")
    assert any("how many consumers" in text.value for text in test.text)
    test = next(one for one in test.button if one.label == "It worked").click().run()
    assert "Enter your name" in test.error[0].value
    last(test, "text_input", "Your name").set_value("m.weber")
    last(test, "text_input", "What you found").set_value("none")
    test = next(one for one in test.button if one.label == "It did not").click().run()
    body = {"by": "m.weber", "step": "queue", "outcome": "did not work", "note": "none"}
    assert sent == [(f"incidents/{identity}/step", body)]
    assert [one.value for one in test.toast] == ["Step recorded by m\\.weber."]


def test_dead_letters_of_the_incidents_transactions_are_offered_as_anywhere_else_and_what_came_of_it_is_recorded(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = choose(view("incidents", filled, id=identity), "letters")
    assert "None of the incident's transactions has a dead letter of the source crm." in unescape(words(test))
    (member,) = filled.rows(
        "SELECT flow, transaction_id, reference FROM incident_members FINAL WHERE incident_id = {id:String} AND left_at IS NULL LIMIT 1",
        {"id": identity},
    )
    event = {
        "milestone": "booking-failed",
        "source": "crm",
        "event_id": "letter",
        "event_time": NOW,
        "signal_id": "/queues/orders m 8/dead/1",
    }
    event |= {"signal": "event", "failure": 1, "active": 1, "revision": 1}
    letter = {"id": "m 8/dead/1", "source": "crm", "event_source": "/queues/orders", "type": "orders.dead_letter", "received_at": NOW}
    of = {name: member[name] for name in ("flow", "transaction_id")}
    for table, row in (("transaction_events", {**of, **event}), ("events", {"slice": 1, **letter})):
        filled.insert(table, {name: [value] for name, value in row.items()})
    try:
        data._fetch.clear()
        test = choose(view("incidents", filled, id=identity), "letters")
        box = next(box for box in test.selectbox if box.label == "What is published again")
        reference = filled.rows("SELECT reference FROM transactions FINAL WHERE transaction_id = {id:String}", {"id": of["transaction_id"]})
        assert box.options == [f"{reference[0]['reference']} · orders · m 8/dead/1"]
        assert not [one for one in test.caption if one.value.startswith("Offered are")]
        found = resubmission.given_up
        monkeypatch.setattr(resubmission, "given_up", wraps(found)(lambda client, **asked: found(client, **asked).assign(among=10_000)))
        data._fetch.clear()
        assert "Offered are the latest 1 of 10,000 dead letters; the page of each transaction offers its own." in [
            one.value for one in test.run().caption
        ]
        test = next(one for one in test.button if one.label == "Show what would be sent").click().run()
        assert sent == [("resubmissions/show", {"id": "m 8/dead/1"})]
        last(test, "text_input", "Your name").set_value("m.weber")
        next(one for one in test.button if one.label == "It worked").click().run()
        assert sent[1:] == [(f"incidents/{identity}/step", {"by": "m.weber", "step": "letters", "outcome": "worked", "note": ""})]
    finally:
        filled.command("DELETE FROM events WHERE id = 'm 8/dead/1'")
        filled.command("DELETE FROM transaction_events WHERE event_id = 'letter'")
        data._fetch.clear()


def test_what_was_found_at_one_step_is_not_said_of_the_next(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = choose(view("incidents", filled, id=identity), "queue")
    last(test, "text_input", "Your name").set_value("m.weber")
    last(test, "text_input", "What you found").set_value("none")
    test = choose(next(one for one in test.button if one.label == "It worked").click().run(), "resubmit")
    assert len(sent) == 1
    assert last(test, "text_input", "What you found").value == ""


def test_times_of_a_query_are_those_of_the_viewer(view: View, filled: Store, identity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pd.DataFrame({"milestone": ["mapped"], "first_at": [NOW.replace(tzinfo=None)]})
    monkeypatch.setattr(incident_log, "run_query", lambda *_, **__: rows)
    test = next(one for one in view("incidents", filled, id=identity).button if one.label == "Run the query").click().run()
    assert f">{Zone('Europe/Berlin').show(NOW, seconds=True)}</time>" in words(test).split('aria-label="Rows of the query"')[1]


def test_outcome_time_and_name_stay_and_so_does_how_often_it_worked(view: View, filled: Store, identity: str) -> None:
    for minutes, target, outcome in ((30, "other", "worked"), (20, identity, "did not work"), (10, identity, "worked")):
        row = {
            "at": NOW - timedelta(minutes=minutes), "actor": "<b>Ana</b>", "action": "step", "target": target,
            "runbook": "order-not-booked", "step": "where", "outcome": outcome, "detail": f"Look: {outcome}",
        }  # fmt: skip
        filled.insert("actions", {name: [value] for name, value in row.items()})
    test = view("incidents", filled, id=identity)
    steps = words(test).split("andon-todo")[1].split("</ol>")[0]
    assert "worked, &lt;b&gt;Ana&lt;/b&gt; <time" in steps
    assert "10:20</time>" in steps
    assert "worked 2 of 3 times" in steps
    assert next(box for box in test.selectbox if box.label == "Step").value == "queue", "the first that was not done"


def test_causes_without_a_runbook_are_listed_under_the_incidents(view: View, filled: Store) -> None:
    row = {
        "incident_id": "causeless",
        "revision": 1,
        "flow": "order-to-cash",
        "stage": "booked",
        "cause": "NEVER_SEEN",
        "status": "resolved",
    }
    row |= {"runbook": "order-not-booked", "opened_at": NOW - timedelta(days=2)}
    filled.insert("incidents", {name: [value] for name, value in row.items()})
    try:
        listed = words(view("incidents", filled)).split('aria-label="Causes without a runbook"')[1].split("</table>")[0]
        assert "NEVER_SEEN" in listed
        assert "no runbook names it" in listed
    finally:
        filled.command("DELETE FROM incidents WHERE incident_id = 'causeless'")
