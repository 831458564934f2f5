"""Steps of a runbook through the action API: each is recorded, a change is shown, confirmed, stored and sent once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.catalog.runbook import Runbook, Step
from core.errors import NoRoom
from tests.alerts.counter import Counter


def with_steps(counter: Counter, *known: Step) -> str:
    """Give the incident a runbook of these steps; return its id."""
    runbook = counter.row()["runbook"] or "r"
    found = Runbook(runbook=runbook, title="R", allowed=["mw"], steps=list(known))
    counter.engine._catalog = replace(counter.engine._catalog, runbooks={runbook: found})
    state = counter.engine._state
    assert state is not None
    state.incidents[counter.incident] = replace(state.incidents[counter.incident], runbook=runbook)
    return runbook


def test_a_step_is_recorded_and_a_check_is_carried_out_by_the_engine(counter: Counter, monkeypatch: pytest.MonkeyPatch):
    runbook = with_steps(counter, Step(step="ask", title="Ask", ask="x"), Step(step="check", title="Check", http="http://broker/{order}"))
    monkeypatch.setattr("alerts.egress.get", lambda address, _: (200, address))

    assert counter.act("step", step="ask", outcome="did not work", note="no consumer")["said"] == "did not work. no consumer"
    counter.world.clock.advance(timedelta(seconds=1))
    assert counter.act("step", step="check", values={"order": "4711"})["said"] == "worked. HTTP 200"
    assert counter.post(f"/incidents/{counter.incident}/step", {"by": "Ana", "step": "check", "values": []})[0] == 400
    found = [(row["runbook"], row["step"], row["outcome"]) for row in counter.world.rows("actions")]
    assert found == [(runbook, "ask", "did not work"), (runbook, "check", "worked")]


def test_what_came_of_publishing_again_is_recorded_and_the_step_itself_sends_nothing(counter: Counter) -> None:
    with_steps(counter, Step(step="letters", title="Letters", resubmit="erp"))
    status, answer = counter.post(f"/incidents/{counter.incident}/step/show", {"step": "letters", "values": {}})
    assert (status, answer["error"]) == (400, "step: 'letters' sends nothing; it is of the kind 'resubmit'")
    assert counter.act("step", step="letters", outcome="worked", note="booked")["said"] == "worked. booked"
    assert [(row["step"], row["actor"], row["outcome"]) for row in counter.world.rows("actions")][-1] == ("letters", "Ana", "worked")


RESUBMIT = Step(step="resubmit", title="Resubmit", post="http://mw/{order}", body={"order": "{order}"}, reason=True)


@pytest.fixture
def sent(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the incident's only step, which changes something, sent; by then the engine had stored that it would."""
    with_steps(counter, RESUBMIT)
    found: list[str] = []

    def send(method: str, address: str, *_: Any) -> tuple[int, str]:
        assert [row["action"] for row in counter.world.rows("actions")] == ["send"] * (len(found) + 1)
        found.append(f"{method} {address}")
        return 202, "taken"

    monkeypatch.setattr("alerts.egress.send", send)
    return found


def shown(counter: Counter, **values: str) -> str:
    status, answer = counter.post(f"/incidents/{counter.incident}/step/show", {"step": "resubmit", "values": values or {"order": "4711"}})
    assert (status, answer["said"]) == (200, 'POST http://mw/4711 {"order": "4711"}')
    return str(answer["confirm"])


def confirm(counter: Counter, word: str, **more: str) -> tuple[int, dict[str, Any]]:
    return counter.post(f"/incidents/{counter.incident}/step/send", {"by": "Ana", "reason": "stuck", "confirm": word, **more})


def test_a_change_is_shown_confirmed_stored_and_sent_once(counter: Counter, sent: list[str]):
    word = shown(counter)
    assert (counter.world.rows("actions"), sent) == ([], []), "showing it does nothing"
    assert confirm(counter, word, by=" ")[1]["error"].startswith("by: give your name")
    assert confirm(counter, word, reason=" ")[1]["error"].startswith("reason: this step asks why")
    status, answer = confirm(counter, word)
    assert (status, answer["said"]) == (200, "worked. HTTP 202 taken")
    assert confirm(counter, word)[1]["error"].startswith("confirm: it was sent already")
    assert sent == ["POST http://mw/4711"]
    kept = {row["action"]: (row["actor"], row["detail"], row["outcome"]) for row in counter.world.rows("actions")}
    assert kept == {
        "send": ("Ana", 'Resubmit: POST http://mw/4711 {"order": "4711"}; because: stuck', ""),
        "step": ("Ana", "Resubmit: worked. HTTP 202 taken", "worked"),
    }


def test_a_change_is_not_sent_unseen_or_after_its_runbook_has_changed(counter: Counter, sent: list[str]):
    step = f"/incidents/{counter.incident}/step"
    assert counter.post(step, {"by": "Ana", "step": "resubmit", "outcome": "worked"})[1]["error"].startswith("step: it changes something")
    assert counter.post(f"{step}/show", {"step": "resubmit", "values": {}})[1]["error"].startswith("values: the transaction has no 'order'")
    assert confirm(counter, "guessed")[1]["error"].startswith("confirm: it was sent already, or shown more")
    word = shown(counter)
    with_steps(counter, RESUBMIT.model_copy(update={"post": "http://mw/other/{order}"}))
    assert confirm(counter, word)[1]["error"].startswith("confirm: the runbook has changed since")
    assert sent == []


def test_nothing_is_sent_that_cannot_be_stored_and_what_was_sent_is_never_called_failed(
    counter: Counter, sent: list[str], monkeypatch: pytest.MonkeyPatch
):
    store, save = counter.engine._store, counter.engine._store.save

    def full(*_: Any, **__: Any) -> None:
        raise NoRoom("the disk is full")

    word = shown(counter)
    monkeypatch.setattr(store, "save", full)
    assert confirm(counter, word)[0] == 503
    assert sent == []
    monkeypatch.setattr(store, "save", lambda *given, **how: full() if sent else save(*given, **how))
    status, answer = confirm(counter, word)
    assert (status, sent) == (200, ["POST http://mw/4711"])
    assert answer["said"].startswith("worked. HTTP 202 taken. That could not be stored (the disk is full)")
