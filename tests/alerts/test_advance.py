"""ADVANCE: from what was open and what has changed to what is open now, in the words of the catalog. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from alerts import actions
from alerts.advance import Advanced, advance
from alerts.conditions import candidates_of
from alerts.incidents import State
from alerts.members import candidates
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook
from core.condition import Condition, Conditions
from tests.alerts.clocks import clocks, transactions
from tests.alerts.messages import NOW

BOOKS = {
    "book": Runbook(runbook="book", title="Order not booked", body="1. Look."),
    "credit": Runbook(runbook="credit", title="Credit block", causes=["CREDIT"], body="1. Call."),
    "disk": Runbook(runbook="disk", title="A full disk", causes=["disk-full"], body="1. Make room."),
}
CATALOG = Catalog(runbooks=BOOKS)
NOTHING = clocks("met", 0)
HOUR = timedelta(hours=1)


def changed(state: State, verdict: str, **more: object) -> Advanced:
    found = candidates(clocks(verdict, **more), NOTHING, CATALOG, NOW)  # type: ignore[arg-type]  # more: columns of any type
    return advance(state, found, (), CATALOG, NOW)


def acknowledged(state: State, incident_id: str, until: timedelta) -> State:
    (one,) = actions.acknowledge(state.incidents, incident_id, "Ana", "", NOW + until, NOW).incidents
    return replace(state, incidents={**state.incidents, incident_id: one})


def test_without_changes_nothing_is_written_and_nothing_is_to_be_decided():
    state = changed(State(), "breached").state
    advanced = advance(state, NOTHING, (), CATALOG, NOW)

    assert (advanced.state.incidents, advanced.written, len(advanced.members), advanced.decide) == (state.incidents, [], 0, frozenset())


def test_what_is_touched_is_written_with_the_title_and_the_runbook_of_its_cause():
    advanced = changed(State(), "breached", count=2, runbook="book")
    (one,) = advanced.written

    assert (one.title, one.runbook, one.members) == ("2 transactions not booked, all late · DE07 · €20 at risk", "book", 2)
    assert advanced.decide == {one.incident_id}
    assert advanced.state.incidents == {one.incident_id: one}
    assert list(advanced.members["incident_id"]) == [one.incident_id] * 2


def test_a_failure_has_the_runbook_that_names_its_cause():
    found = candidates(NOTHING, transactions(), CATALOG, NOW)
    (one,) = advance(State(), found, (), CATALOG, NOW).written

    assert (one.title, one.runbook) == ("1 transaction not booked: CREDIT", "credit")


def test_an_own_incident_says_what_its_condition_says_and_keeps_it_once_it_is_over():
    conditions = Conditions()
    conditions.raise_(Condition("disk-full", "/srv", "Disk of /srv is full", NOW))
    state = State()
    opened = advance(state, candidates_of(conditions, state.members), (), CATALOG, NOW)
    conditions.clear("disk-full")
    resolved = advance(opened.state, candidates_of(conditions, opened.state.members), (), CATALOG, NOW + HOUR)

    assert [(one.title, one.runbook, one.status) for one in (*opened.written, *resolved.written)] == [
        ("Disk of /srv is full", "disk", "open"),
        ("Disk of /srv is full", "disk", "resolved"),
    ]


def test_an_acknowledgement_whose_time_is_over_ends_when_its_incident_is_due():
    first = changed(State(), "breached")
    (incident_id,) = first.state.incidents
    state = acknowledged(first.state, incident_id, HOUR)
    early = advance(state, NOTHING, {incident_id}, CATALOG, NOW + HOUR / 2)
    assert (early.written, early.decide) == ([], {incident_id}), "it is decided again, and there is nothing to write"

    ended = advance(state, NOTHING, {incident_id}, CATALOG, NOW + HOUR)
    assert [(one.status, one.acknowledged_by, one.acknowledged_until) for one in ended.written] == [("open", "Ana", NOW + HOUR)]
    assert ended.state.incidents[incident_id].status == "open"


def test_an_acknowledgement_ends_also_when_its_incident_is_touched():
    first = changed(State(), "breached")
    (incident_id,) = first.state.incidents
    state = acknowledged(first.state, incident_id, HOUR)
    found = candidates(clocks("breached", first=1), NOTHING, CATALOG, NOW)
    (one,) = advance(state, found, {incident_id}, CATALOG, NOW + 2 * HOUR).written

    assert (one.status, one.members) == ("open", 2)


def test_what_is_due_and_not_there_any_more_is_passed():
    assert advance(State(), NOTHING, {"gone"}, CATALOG, NOW).decide == frozenset()


def test_the_state_before_is_left_as_it_was():
    before = changed(State(), "breached").state
    incidents, members = dict(before.incidents), before.members.copy()
    changed(before, "met_late")

    assert before.incidents == incidents
    assert before.members.equals(members)
