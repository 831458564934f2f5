"""What people do about incidents: what is refused, what changes, and that twice is once. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts import actions
from alerts.actions import LONGEST_QUIET, Act
from alerts.incidents import Incident
from core.catalog.runbook import Runbook, Step
from core.errors import UsageError
from core.incident import ACKNOWLEDGED_FOR
from tests.alerts.messages import NOW

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
OPEN = Incident("i1", "orders", "booked", "overdue", NOW, NOW)
RESOLVED = replace(OPEN, incident_id="i2", status="resolved", resolved_at=NOW)
INCIDENTS = {one.incident_id: one for one in (OPEN, RESOLVED)}
LATER = NOW + HOUR


def changed(act: Act) -> Incident:
    (one,) = act.incidents
    return one


def recorded(act: Act) -> dict[str, Any]:
    assert act.record is not None
    (row,) = act.record.to_dict("records")
    return {name: value for name, value in row.items() if value != "" or name not in {"runbook", "step", "outcome"}}


def silence(
    silences: tuple[Any, ...] = (), *, by: str = "Ana", reason: str = "maintenance", ends_at: datetime = LATER, **matching: str
) -> Act:
    known = {one.silence_id: one for one in silences}
    return actions.silence(INCIDENTS, known, matching or {"flow": "orders"}, by, reason, ends_at, NOW)


@pytest.mark.parametrize(
    ("until", "next_due_at", "ends"),
    [
        pytest.param(None, None, NOW + ACKNOWLEDGED_FOR, id="neither: four hours"),
        pytest.param(None, LATER, LATER, id="the next deadline"),
        pytest.param(LATER, None, LATER, id="as was said"),
        pytest.param(NOW + 2 * HOUR, LATER, LATER, id="the deadline comes before"),
        pytest.param(LATER, NOW - HOUR, LATER, id="a deadline that has passed ends nothing"),
        pytest.param(NOW + LONGEST_QUIET, None, NOW + LONGEST_QUIET, id="a week at most"),
    ],
)
def test_an_acknowledgement_ends_at_the_first_of_what_was_said_and_the_next_deadline(
    until: datetime | None, next_due_at: datetime | None, ends: datetime
):
    incidents = {"i1": replace(OPEN, next_due_at=next_due_at)}
    act = actions.acknowledge(incidents, "i1", " Ana ", "on it", until, NOW)

    one = changed(act)
    assert (one.status, one.acknowledged_by, one.acknowledged_until, one.updated_at) == ("acknowledged", "Ana", ends, NOW)
    assert recorded(act) == {
        "at": NOW, "actor": "Ana", "action": "acknowledge", "target": "i1", "detail": f"until {ends.isoformat(timespec='seconds')} on it",
    }  # fmt: skip


@pytest.mark.parametrize(("until", "said"), [(NOW, "has passed"), (NOW + LONGEST_QUIET + SECOND, "at most 7 days")])
def test_an_acknowledgement_ends_in_the_week_to_come(until: datetime, said: str):
    with pytest.raises(UsageError, match=said):
        actions.acknowledge(INCIDENTS, "i1", "Ana", "", until, NOW)


@pytest.mark.parametrize("incident_id", ["i2", "i3", "x\r\ny"])
@pytest.mark.parametrize(
    "act",
    [
        lambda incident_id: actions.acknowledge(INCIDENTS, incident_id, "Ana", "", None, NOW),
        lambda incident_id: actions.unacknowledge(INCIDENTS, incident_id, "Ana", NOW),
        lambda incident_id: actions.assign(INCIDENTS, incident_id, "Ana", "Ben", NOW),
    ],
)
def test_what_is_not_open_cannot_be_acted_on(act: Any, incident_id: str):
    with pytest.raises(UsageError, match=f"^incident_id: no incident '{' '.join(incident_id.split())}' is open$"):
        act(incident_id)


def test_what_is_given_back_is_open_again():
    taken = changed(actions.acknowledge(INCIDENTS, "i1", "Ana", "", None, NOW))
    one = changed(actions.unacknowledge({"i1": taken}, "i1", "Ben", LATER))

    assert one == replace(OPEN, updated_at=LATER)


def test_an_assignment_is_one_line_and_empty_means_nobody():
    assert changed(actions.assign(INCIDENTS, "i1", "Ana", "Ben\r\nBcc: all", NOW)).assignee == "Ben Bcc: all"
    nobody = actions.assign(INCIDENTS, "i1", "Ana", "", NOW)

    assert (changed(nobody).assignee, recorded(nobody)["detail"]) == ("", "nobody")


def test_a_note_changes_nothing_and_says_what_it_is_about():
    act = actions.note("i2", " Ana ", "the broker's disk\nwas full", NOW, known=True)

    assert (act.incidents, act.silences) == ((), ())
    assert recorded(act) == {"at": NOW, "actor": "Ana", "action": "note", "target": "i2", "detail": "the broker's disk was full"}


@pytest.mark.parametrize(
    ("text", "known", "said"), [(" ", True, "^note: write what"), ("x", False, "^incident_id: no incident 'i3' is known")]
)
def test_a_note_says_something_about_an_incident_that_there_was(text: str, known: bool, said: str):
    with pytest.raises(UsageError, match=said):
        actions.note("i3", "Ana", text, NOW, known=known)


STEP = Step(step="queue", title="Does the queue move?", ask="x")
DONE = (Runbook(runbook="book", title="Book", steps=[STEP]), STEP)


def test_a_step_is_recorded_with_its_outcome_and_what_was_found():
    act = actions.step(INCIDENTS, "i1", "Ana", DONE, "did not work", "no\nconsumer", NOW)

    assert (act.incidents, act.silences, act.said) == ((), (), "did not work. no\nconsumer")
    assert recorded(act) == {
        "at": NOW, "actor": "Ana", "action": "step", "target": "i1", "detail": "Does the queue move? did not work. no consumer",
        "runbook": "book", "step": "queue", "outcome": "did not work",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("incident_id", "outcome", "said"), [("i2", "worked", "^incident_id: no incident 'i2'"), ("i1", "", "^outcome: write 'worked'")]
)
def test_a_step_is_of_an_open_incident_and_has_an_outcome(incident_id: str, outcome: str, said: str):
    with pytest.raises(UsageError, match=said):
        actions.step(INCIDENTS, incident_id, "Ana", DONE, outcome, "", NOW)


@pytest.mark.parametrize("by", ["", "  ", "\t"])
def test_nobody_acts_without_a_name(by: str):
    for act in (
        lambda: actions.acknowledge(INCIDENTS, "i1", by, "", None, NOW),
        lambda: actions.unacknowledge(INCIDENTS, "i1", by, NOW),
        lambda: actions.assign(INCIDENTS, "i1", by, "Ben", NOW),
        lambda: actions.note("i1", by, "x", NOW, known=True),
        lambda: silence(by=by),
    ):
        with pytest.raises(UsageError, match=r"^by: give your name"):
            act()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"flow": ""}, "^incident_id: say what to silence"),
        ({"reason": " "}, "^reason: say why"),
        ({"incident_id": "i3"}, "^incident_id: no incident 'i3'"),
        ({"ends_at": NOW}, "^hours: a silence lasts at most 7 days"),
        ({"ends_at": NOW + LONGEST_QUIET + SECOND}, "^hours: a silence lasts at most 7 days"),
    ],
)
def test_a_silence_says_what_why_and_until_when_within_a_week(wrong: dict[str, Any], said: str):
    with pytest.raises(UsageError, match=said):
        silence(**wrong)


def test_a_silence_matches_what_was_named_and_is_recorded_with_its_target():
    (one,) = silence(flow="orders", stage="booked").silences
    assert (one.flow, one.stage, one.cause, one.incident_id) == ("orders", "booked", "", "")
    assert (one.starts_at, one.ends_at, one.created_by, one.reason, one.removed) == (NOW, LATER, "Ana", "maintenance", 0)

    assert recorded(silence(flow="orders"))["target"].startswith("sil_")
    assert recorded(silence(incident_id="i1"))["target"] == "i1"
    assert silence(incident_id="i2").silences, "one that was resolved may come back, and be quiet then"


def test_the_same_silence_made_again_ends_later_and_any_other_is_another():
    (first,) = silence().silences
    (again,) = silence((first,), ends_at=LATER + HOUR).silences
    assert again == replace(first, ends_at=LATER + HOUR)

    others = [silence((first,), reason="other"), silence((first,), by="Ben"), silence((first,), cause="CREDIT")]
    assert first.silence_id not in {act.silences[0].silence_id for act in others}
    over = replace(first, ends_at=NOW)
    assert silence((over,), ends_at=LATER + HOUR).silences[0].silence_id != over.silence_id, "one that has ended stays as it was"


def test_a_silence_is_ended_once():
    (one,) = silence().silences
    act = actions.end_silence({one.silence_id: one}, one.silence_id, "Ben", NOW + SECOND)
    (ended,) = act.silences

    assert ended == replace(one, ends_at=NOW + SECOND, removed=1)
    assert (recorded(act)["actor"], recorded(act)["action"], recorded(act)["detail"]) == ("Ben", "end silence", "maintenance")
    for known, silence_id in (({one.silence_id: ended}, one.silence_id), ({}, "none"), ({one.silence_id: one}, "none")):
        with pytest.raises(UsageError, match=r"^silence_id: no silence"):
            actions.end_silence(known, silence_id, "Ben", NOW + SECOND)
    with pytest.raises(UsageError, match="is in force"):
        actions.end_silence({one.silence_id: one}, one.silence_id, "Ben", one.ends_at)


def test_what_people_write_is_bounded():
    act = silence(by="A" * 500, reason="r" * 5000)
    (one,) = act.silences

    assert (len(one.created_by), len(one.reason), len(recorded(act)["detail"])) == (80, 500, 1000)
