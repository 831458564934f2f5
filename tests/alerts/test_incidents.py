"""Incidents: one for each cause, with all its members, whatever the order in which they come. Pure."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.incidents import MEMBER, REOPENS_WITHIN, Incident, Outcome, State, advance, aware, expire, forget, rows
from alerts.members import candidates
from tests.alerts.clocks import at, clocks
from tests.alerts.messages import NOW
from tests.alerts.shop import CATALOG

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def changed(state: State, *frames: pd.DataFrame, now: datetime = NOW) -> Outcome:
    return advance(state, candidates(pd.concat(frames, ignore_index=True), pd.DataFrame(), CATALOG, now), now)


def only(state: State) -> Incident:
    (one,) = state.incidents.values()
    return one


def test_without_candidates_nothing_is_touched():
    outcome = advance(State(), candidates(pd.DataFrame(), pd.DataFrame(), CATALOG, NOW), NOW)

    assert (outcome.state.incidents, outcome.touched, list(outcome.members.columns)) == ({}, [], MEMBER)


def test_what_shares_flow_stage_and_cause_is_one_incident():
    causes = itertools.product(("orders", "returns"), ("booked", "shipped"), ("overdue", "CREDIT"))
    frames = [
        clocks("breached", 2, first=2 * number, flow=flow, stage=stage, cause=cause) for number, (flow, stage, cause) in enumerate(causes)
    ]
    state = changed(State(), *frames).state

    assert len(state.incidents) == 8
    assert {one.members for one in state.incidents.values()} == {2}


def test_its_figures_are_those_of_its_members():
    state = changed(
        State(),
        clocks("breached", 1, value=100.0, penalty=5.0, customer="ACME", plant="DE07"),
        clocks("breached", 1, sla="ship", stage="booked", value=80.0, penalty=2.0, customer="ACME", plant="DE07"),
        clocks("at_risk", 1, first=1, value=50.0, currency="USD", customer="Globex", plant="US01", due_at=at(NOW + HOUR)),
        clocks("at_risk", 1, first=2, value=0.0, customer="", plant="", due_at=at(NOW + MINUTE)),
    ).state
    one = only(state)

    assert (one.members, one.members_total, one.breached) == (3, 3, 1), "a transaction counts once, however many of its promises are late"
    assert one.value == {"EUR": 100.0, "USD": 50.0}, "with its largest value"
    assert one.penalty == {"EUR": 7.0}, "and owes what all its promises owe"
    assert (one.customers, one.plants) == (["ACME", "Globex"], ["DE07", "US01"]), "those with most money first"
    assert one.next_due_at == NOW + MINUTE
    assert (one.severity, one.status) == ("critical", "open")


def test_its_gravity_and_owner_are_those_of_its_gravest_member():
    warning = clocks("breached", severity="warning", owner="sales")
    first = changed(State(), warning)
    assert (only(first.state).severity, only(first.state).owner) == ("warning", "sales")
    second = changed(first.state, clocks("breached", first=1, owner="finance"))

    assert (only(second.state).severity, only(second.state).owner) == ("critical", "finance")


def test_members_come_and_go_and_the_last_one_resolves_it():
    state = changed(State(), clocks("breached", 3)).state
    fewer = changed(state, clocks("met_late", 2), now=NOW + MINUTE)
    assert (only(fewer.state).members, only(fewer.state).members_total, only(fewer.state).status) == (1, 3, "open")
    assert sorted(map(str, fewer.members["left_at"])) == [str(at(NOW + MINUTE))] * 2

    over = changed(fewer.state, clocks("met_late", 1, first=2), now=NOW + 2 * MINUTE)
    one = only(over.state)
    assert (one.status, one.resolved_at, one.members, one.members_total) == ("resolved", NOW + 2 * MINUTE, 0, 3)
    assert (one.value, one.penalty, one.breached, one.next_due_at) == ({}, {}, 0, None)
    assert over.state.members.empty


def test_the_most_there_was_at_once_stays_when_it_is_resolved_and_grows_when_it_is_reopened():
    state = changed(State(), clocks("breached", 3, value=100.0, penalty=5.0), clocks("at_risk", first=3, currency="USD", value=7.0)).state
    state = changed(state, clocks("met_late", 2), now=NOW + MINUTE).state
    over = changed(state, clocks("met_late", first=2), clocks("met", first=3, currency="USD"), now=NOW + 2 * MINUTE).state
    one = only(over)
    assert (one.status, one.members, one.value) == ("resolved", 0, {})
    assert (one.peak_members, one.peak_breached) == (4, 3)
    assert (one.peak_value, one.peak_penalty) == ({"EUR": 300.0, "USD": 7.0}, {"EUR": 15.0})

    again = only(changed(over, clocks("breached", first=9, value=400.0), now=NOW + 3 * MINUTE).state)
    assert (again.status, again.peak_members, again.peak_value) == ("open", 4, {"EUR": 400.0, "USD": 7.0})


def test_customers_and_plants_are_those_of_now_and_once_it_is_resolved_all_there_ever_were():
    state = changed(
        State(), clocks("breached", 1, customer="ACME", plant="DE07"), clocks("breached", first=1, customer="Globex", plant="US02")
    ).state
    state = changed(state, clocks("met_late", 1, customer="ACME", plant="DE07"), now=NOW + MINUTE).state
    assert (only(state).customers, only(state).plants) == (["Globex"], ["US02"])
    over = changed(state, clocks("met_late", first=1, customer="Globex", plant="US02"), now=NOW + 2 * MINUTE).state
    assert (sorted(only(over).customers), sorted(only(over).plants)) == (["ACME", "Globex"], ["DE07", "US02"])
    again = only(changed(over, clocks("breached", first=9, customer="Initech", plant="DE07"), now=NOW + 3 * MINUTE).state)
    assert (again.customers, sorted(again.peak_customers)) == (["Initech"], ["ACME", "Globex", "Initech"])


def test_a_member_that_stays_keeps_the_time_at_which_it_came():
    state = changed(State(), clocks("at_risk", moment=NOW)).state
    outcome = changed(state, clocks("breached", moment=NOW + HOUR), now=NOW + HOUR)

    assert list(outcome.members["joined_at"]) == [at(NOW)]
    assert only(outcome.state).members == 1


def test_a_member_whose_cause_changes_leaves_one_incident_and_joins_another():
    state = changed(State(), clocks("breached", cause="overdue")).state
    outcome = changed(state, clocks("breached", cause="CREDIT", moment=NOW + MINUTE), now=NOW + MINUTE)
    by_cause = {one.cause: one for one in outcome.state.incidents.values()}

    assert (by_cause["overdue"].status, by_cause["CREDIT"].status) == ("resolved", "open")
    assert sorted(outcome.touched) == sorted(outcome.state.incidents)
    left, joined = outcome.members.sort_values("joined_at").to_dict("records")
    assert (left["incident_id"], left["left_at"]) == (by_cause["overdue"].incident_id, at(NOW + MINUTE))
    assert (joined["incident_id"], joined["left_at"]) == (by_cause["CREDIT"].incident_id, pd.NaT) or pd.isna(joined["left_at"])


@pytest.mark.parametrize(("after", "same"), [(REOPENS_WITHIN - MINUTE, True), (REOPENS_WITHIN, False)])
def test_a_cause_that_comes_back_within_ten_minutes_is_the_same_incident(after: timedelta, same: bool):
    state = changed(State(), clocks("breached")).state
    first = only(state)
    state = changed(state, clocks("met_late"), now=NOW).state
    state = changed(state, clocks("breached", first=1, moment=NOW + after), now=NOW + after).state
    opened = [one for one in state.incidents.values() if one.status == "open"]

    assert [one.incident_id == first.incident_id for one in opened] == [same]
    assert len(state.incidents) == (1 if same else 2)
    assert opened[0].resolved_at is None
    assert opened[0].reopened_at == (NOW + after if same else None)
    assert opened[0].opened_at == (first.opened_at if same else NOW + after)


def test_the_same_rows_read_again_after_a_crash_open_the_same_incident():
    frame = clocks("breached", 5)

    assert only(changed(State(), frame).state).incident_id == only(changed(State(), frame, now=NOW + HOUR).state).incident_id
    assert only(changed(State(), frame.sample(frac=1, random_state=1)).state) == only(changed(State(), frame).state)


def acknowledged(until: datetime, **changes: Any) -> Incident:
    return Incident(
        "i", "orders", "booked", "overdue", NOW, NOW, status="acknowledged", acknowledged_by="Ana", acknowledged_until=until, **changes
    )


def test_an_acknowledgement_ends_when_its_time_is_over_and_says_since_when():
    taken = acknowledged(NOW + HOUR)
    assert expire(taken, NOW + HOUR - MINUTE) is taken

    ended = expire(taken, NOW + HOUR)
    assert (ended.status, ended.acknowledged_until, ended.acknowledged_by) == ("open", NOW + HOUR, "Ana")
    assert expire(ended, NOW + 2 * HOUR) is ended


@pytest.mark.parametrize(("due", "until"), [(MINUTE, MINUTE), (2 * HOUR, HOUR), (-MINUTE, HOUR)])
def test_an_acknowledgement_never_outlasts_the_next_deadline(due: timedelta, until: timedelta):
    state = changed(State(), clocks("at_risk", due_at=at(NOW + HOUR))).state
    one = replace(only(state), status="acknowledged", acknowledged_by="Ana", acknowledged_until=NOW + HOUR)
    state = replace(state, incidents={one.incident_id: one})
    state = changed(state, clocks("at_risk", first=1, due_at=at(NOW + due)), clocks("met")).state

    assert only(state).acknowledged_until == NOW + until


def test_a_resolved_incident_is_forgotten_once_it_cannot_be_reopened():
    state = changed(changed(State(), clocks("breached")).state, clocks("met_late")).state
    assert forget(state, NOW + REOPENS_WITHIN - MINUTE) is state

    assert forget(state, NOW + REOPENS_WITHIN) == replace(state, incidents={}, seen={})


@pytest.mark.parametrize(
    ("value", "moment"),
    [(None, None), (pd.NaT, None), (at(NOW), NOW), (pd.Timestamp(NOW).tz_convert("Europe/Berlin"), NOW), (NOW, NOW)],
)
def test_a_time_of_a_frame_is_aware_utc_or_none(value: Any, moment: datetime | None):
    found = aware(value)

    assert found == moment
    assert found is None or found.utcoffset() == timedelta(0)


def test_rows_have_the_columns_of_the_table_even_where_there_are_none():
    assert list(rows([]).columns) == list(Incident.__dataclass_fields__)


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(6)), st.sets(st.integers(0, 6)))
def test_what_is_open_does_not_depend_on_how_the_changes_were_read(order: list[int], cuts: set[int]):
    """In one batch or in several, in this order or another, there are the same members and the same figures."""
    frames = [clocks("breached", 1, first=number, cause=("overdue", "CREDIT")[number % 2], value=float(number)) for number in order]
    state = State()
    edges = sorted({0, *cuts, 6})
    for begin, end in itertools.pairwise(edges):
        state = changed(state, *frames[begin:end]).state
    together = changed(State(), *frames).state

    def figures(one: State) -> dict[str, Any]:
        return {
            incident.cause: (incident.members, incident.value, incident.severity, incident.customers) for incident in one.incidents.values()
        }

    assert figures(state) == figures(together)
    assert set(state.members["transaction_id"]) == set(together.members["transaction_id"])
