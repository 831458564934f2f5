"""Steps of a runbook on the command line, over a real store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from andon.client import steps
from core.catalog.load import load_catalog
from core.catalog.runbook import Runbook, Step
from core.clock import FakeClock
from core.errors import AndonError
from store.catalogs import StoredCatalogs
from store.client import Store
from store.reads import incident_log
from tests.dashboard.synthetic import SHIPPED
from tests.store.rows import DAY, HOUR, START, incident, put, transaction

QUERY = Step(
    step="query",
    title="Query",
    query="SELECT {sales_order:String} AS named, count() AS n FROM transactions WHERE reference = {reference:String}",
)
LINK = Step(step="link", title="Link", link="https://crm/{sales_order}?c={customer}")
ASK = Step(step="ask", title="Ask", ask="How many?")
RESUBMIT = Step(step="letters", title="Letters", resubmit="erp")
BOOK = Runbook(runbook="book", title="Book", steps=[QUERY, LINK, ASK, RESUBMIT], body="x")


@pytest.fixture
def known(store: Store) -> Mapping[str, Any]:
    """An incident with two members, whose runbook has four steps."""
    catalog = replace(load_catalog(SHIPPED).catalog, runbooks={"book": BOOK})
    StoredCatalogs(store, FakeClock(START)).taken(catalog)
    incident(store, "a", runbook="book")
    for name, value in (("small", 1.0), ("large", 99.0)):
        transaction(store, name, reference=f"ref-{name}", keys={"sales_order": [f"so-{name}"]}, facts={"customer": "A & B"})
        put(store, "incident_members", incident_id="a", flow="o2c", transaction_id=name, sla="book", value=value, joined_at=START)
    row = incident_log.incident(store.reader, incident_id="a")
    assert row is not None
    return row


@pytest.mark.usefixtures("known")
def test_a_step_is_told_for_the_transaction_with_the_most_at_stake(store: Store) -> None:
    def told(name: str) -> list[str]:
        return list(steps.told(store.reader, steps.prepare(store.reader, "a", name)))

    assert told("query") == ["Query", "  named so-large, n 1", "1 row"]
    assert told("link") == ["Link", "https://crm/so-large?c=A%20%26%20B"]
    assert told("ask") == ["Ask", "How many?"]
    with pytest.raises(AndonError, match="has no step 'x'; known: query, link, ask, letters"):
        told("x")


@pytest.mark.usefixtures("known")
def test_dead_letters_are_told_with_the_command_that_publishes_each(store: Store) -> None:
    def told() -> list[str]:
        return list(steps.told(store.reader, steps.prepare(store.reader, "a", "letters")))

    assert told() == ["Letters", "0 dead letters of erp"]
    event = {"milestone": "failed", "event_id": "e", "signal": "event", "signal_id": "/q m 1", "failure": 1, "source": "erp", "active": 1}
    put(store, "transaction_events", flow="o2c", transaction_id="large", event_time=START, **event)
    put(store, "events", slice=1, source="erp", event_source="/q", id="m 1", type="orders.dead_letter", received_at=START)
    assert told() == ["Letters", "  ref-large: andon resubmit 'm 1'", "1 dead letter of erp"]
    store.command(
        "INSERT INTO transaction_events (flow, transaction_id, milestone, event_id, signal, signal_id, failure, source, active)"
        " SELECT 'o2c', 'small', 'failed', toString(number), 'event', concat('/q ', toString(number)), 1, 'erp', 1 FROM numbers(1200)"
    )
    store.command(
        "INSERT INTO events (source, event_source, id, type) SELECT 'erp', '/q', toString(number), 'orders.dead_letter' FROM numbers(1200)"
    )
    assert told()[-1] == "the latest 200 of 1,201 dead letters of erp"


def test_a_step_says_what_came_of_it_here_and_how_often_it_worked(store: Store, known: Mapping[str, Any]) -> None:
    for hours, target, outcome in ((1, "b", "worked"), (2, "a", "did not work"), (3, "a", "worked")):
        put(
            store, "actions", at=START + hours * HOUR, actor="Ana", action="step", target=target, runbook="book", step="ask", outcome=outcome
        )  # fmt: skip
    assert list(steps.states(store.reader, known)) == [
        "step query: Query",
        "step link: Link",
        "step ask: Ask; worked, Ana 2026-03-02 11:00:00 UTC; worked 2 of 3 times",
        "step letters: Letters",
    ]


@pytest.mark.usefixtures("known")
def test_causes_without_a_runbook_are_listed_and_others_are_not(store: Store) -> None:
    incident(store, "b", cause="CREDIT", runbook="book")
    incident(store, "c", runbook="gone")
    incident(store, "old", cause="OLD", runbook="gone", opened_at=START - 100 * DAY)
    assert sorted(steps.unanswered(store.reader, START)) == [
        "o2c booked CREDIT: 1 incidents, no runbook names it",
        "o2c booked overdue: 1 incidents, no runbook",
    ]
