"""Confirmations: what was shown is sent once, of the incident it was shown for, and while it is fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.confirmations import FRESH_FOR, Confirmations, Shown
from alerts.steps import Change
from core.catalog.runbook import Runbook, Step
from core.errors import UsageError
from tests.alerts.messages import NOW

STEP = Step(step="resubmit", title="Resubmit", post="http://mw:80/")
SHOWN = Shown("i1", (Runbook(runbook="book", title="Book", steps=[STEP]), STEP), Change("POST", "http://mw:80/", "", ""), NOW)


def test_what_was_shown_is_taken_once_and_again_if_nothing_was_sent() -> None:
    known = Confirmations()
    word = known.show(SHOWN)
    assert known.take(word, "i1", NOW + FRESH_FOR) is SHOWN
    with pytest.raises(UsageError, match=r"^confirm: it was sent already"):
        known.take(word, "i1", NOW)
    known.back(word, SHOWN)
    assert known.take(word, "i1", NOW) is SHOWN


@pytest.mark.parametrize(("incident_id", "later"), [("i2", timedelta()), ("i1", FRESH_FOR + timedelta(seconds=1))])
def test_what_is_of_another_incident_or_old_is_not_confirmed(incident_id: str, later: timedelta) -> None:
    known = Confirmations()
    word = known.show(SHOWN)
    with pytest.raises(UsageError, match="look again at what would be sent"):
        known.take(word, incident_id, NOW + later)


def test_the_oldest_is_forgotten_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.confirmations._KEPT", 2)
    known = Confirmations()
    first, *others = [known.show(SHOWN) for _ in range(3)]
    with pytest.raises(UsageError):
        known.take(first, "i1", NOW)
    assert [known.take(word, "i1", NOW) for word in others] == [SHOWN, SHOWN]
