"""Messages: what happened in the flow's own words, how much is at stake, and text that cannot break out of its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from alerts.incidents import Incident
from alerts.render import NAMES, TOP, Rendering, money, render, summary_of
from core.catalog.catalog import Catalog
from core.catalog.routing import Owner, Owners
from core.catalog.runbook import Runbook
from core.incident import Message, Reason
from tests.alerts.clocks import at, clocks
from tests.alerts.messages import NOW
from tests.alerts.shop import ORDERS

INCIDENT = Incident(
    "i1", "orders", "booked", "overdue", NOW, NOW, title="Orders", owner="desk", runbook="book", members=12, members_total=15
)
CATALOG = Catalog(
    flows={"orders": ORDERS},
    owners=Owners(owners={"desk": Owner(title="Order desk", email="desk@example.com")}),
    runbooks={"book": Runbook(runbook="book", title="Order not booked", body="1. Look.")},
)


def test_money_is_grouped_and_the_largest_amount_comes_first() -> None:
    assert money({"USD": 1200.4, "EUR": 184_000.0}) == "184,000 EUR + 1,200 USD"
    assert money({"USD": 9000.0, "EUR": 10.0}) == "10 EUR + 9,000 USD", "as the title tells it"
    assert money({}) == ""


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({}, "12 transactions"),
        ({"members": 1, "breached": 1}, "1 transaction, 1 late or failed"),
        ({"value": {"EUR": 10.0}, "penalty": {"EUR": 1.0}}, "12 transactions, 10 EUR at risk, 1 EUR penalty so far"),
        ({"next_due": "2026-03-02 11:05 Berlin"}, "12 transactions, next deadline 2026-03-02 11:05 Berlin"),
        (
            {"reopened_at": NOW + timedelta(minutes=7)},
            "12 transactions, opened first 2026-03-02 10:00 UTC, reopened 2026-03-02 10:07 UTC",
        ),
        ({"status": "resolved"}, "Resolved: 15 transactions affected in total"),
        (
            {"status": "resolved", "peak_breached": 4, "peak_value": {"EUR": 184_000.0}, "peak_penalty": {"EUR": 20.0}},
            "Resolved: 15 transactions affected in total; at its worst 4 late or failed, 184,000 EUR at risk, 20 EUR penalty",
        ),
        ({"flow": "andon"}, "Andon itself, since 2026-03-02 10:00 UTC"),
        ({"flow": "andon", "resolved_at": NOW}, "Andon itself, since 2026-03-02 10:00 UTC: resolved"),
    ],
)
def test_a_summary_says_how_many_how_much_and_until_when(changes: dict[str, Any], summary: str) -> None:
    next_due = changes.pop("next_due", "")
    assert summary_of(replace(INCIDENT, **changes), next_due) == summary


def rendered(incident: Incident = INCIDENT, members: pd.DataFrame | None = None, catalog: Catalog = CATALOG) -> Message:
    return render(
        Rendering(catalog, "http://board"), incident, clocks("breached", 0) if members is None else members, Reason.OPENED, "dlv_1"
    )


def test_a_message_leads_to_the_board_names_the_owner_and_holds_the_runbook() -> None:
    message = rendered()

    assert (message.delivery_id, message.incident_id, message.reason) == ("dlv_1", "i1", Reason.OPENED)
    assert (message.owner, message.owner_title, message.contact.email) == ("desk", "Order desk", "desk@example.com")
    assert (message.runbook_title, message.runbook_body) == ("Order not booked", "1. Look.")
    assert (message.incident_url, message.runbook_url) == ("http://board/incidents?id=i1", "http://board/incidents?id=i1#runbook")


def test_what_the_catalog_does_not_have_any_more_leaves_its_place_empty() -> None:
    message = rendered(catalog=Catalog())

    assert (message.owner_title, str(message.contact), message.runbook_title, message.runbook_url) == ("desk", "", "", "")


def test_the_late_ones_come_first_then_those_with_most_money_and_each_transaction_once() -> None:
    members = pd.concat(
        [
            clocks("at_risk", first=1, value=900.0),
            clocks("breached", first=2, value=10.0, penalty=1.0),
            clocks("breached", first=2, sla="ship", value=10.0, penalty=2.0),
            clocks("breached", first=3, value=20.0, due_at=at(NOW - timedelta(hours=1))),
        ],
        ignore_index=True,
    )
    top = rendered(members=members).top

    assert [int(line.transaction_id, 16) for line in top] == [3, 2, 1]
    assert [line.penalty for line in top] == [0.0, 3.0, 0.0], "it owes what all its promises owe"
    assert top[0].due_at == NOW - timedelta(hours=1)
    assert top[0].url == f"http://board/transactions?id={3:032x}"

    behind = clocks("at_risk", 2, value=900.0)
    behind["due_at"] = [at(NOW + timedelta(hours=2)), at(NOW + timedelta(hours=1))]
    behind["value"] = [900.0, 10.0]
    held_up = replace(INCIDENT, cause="queue-stopped:broker/orders.inbound")
    assert [int(line.transaction_id, 16) for line in rendered(held_up, members=behind).top] == [1, 0], "behind a queue, who is due first"


def test_a_message_is_bounded_however_many_are_affected() -> None:
    names = [f"customer {number}" for number in range(1000)]
    message = rendered(replace(INCIDENT, customers=names, plants=names), clocks("breached", 1000))

    assert (len(message.top), len(message.customers), len(message.plants)) == (TOP, NAMES, NAMES)


def test_an_incident_of_andon_itself_lists_no_transaction() -> None:
    assert rendered(replace(INCIDENT, flow="andon"), clocks("breached", 3, flow="andon")).top == []


def test_what_people_and_systems_wrote_stays_in_its_line() -> None:
    hostile = "x\r\ny"
    message = rendered(replace(INCIDENT, title=hostile, cause=hostile, assignee=hostile, acknowledged_by=hostile, customers=[hostile]))

    assert {message.title, message.cause, message.assignee, message.acknowledged_by, *message.customers} == {"x y"}
