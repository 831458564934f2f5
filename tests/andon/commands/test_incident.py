"""``andon incident``: each verb posts one action, in somebody's name."""

from __future__ import annotations

import contextlib
import getpass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from andon.client.steps import Prepared
from andon.commands import incident
from core.catalog.runbook import Step

ID = "ab" * 16


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("store.reads.connection.reading", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("andon.client.engine.now_of", lambda _: datetime(2026, 3, 2, tzinfo=UTC))
    monkeypatch.setattr("andon.client.incidents.identity_of", lambda _, beginning: ID if ID.startswith(beginning) else "?")

    def act(_: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found.append((path, body))
        return {"said": "worked. HTTP 200"}

    monkeypatch.setattr("andon.client.incidents.act", act)
    return found


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(incident.app, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "path", "body", "said"),
    [
        (["acknowledge", "ab", "--note=on it"], "incidents/{}/acknowledge", {"note": "on it", "until": ""}, "acknowledged"),
        (["unacknowledge", "ab"], "incidents/{}/unacknowledge", {}, "no longer acknowledged"),
        (["assign", "ab", "night shift"], "incidents/{}/assign", {"assignee": "night shift"}, "assigned to night shift"),
        (["note", "ab", "the disk was full"], "incidents/{}/note", {"note": "the disk was full"}, "noted"),
        (["silence", "ab", "planned", "--hours=4.5"], "incidents/{}/silence", {"reason": "planned", "hours": 4.5}, "silenced for 4.5 h"),
        (["unsilence", "sil_1"], "silences/sil_1/end", {}, "ended"),
    ],
)
def test_a_verb_is_one_post(
    sent: list[tuple[str, dict[str, Any]]], arguments: list[str], path: str, body: dict[str, Any], said: str
) -> None:
    result = run(*arguments, "--by=Ana")
    assert (result.exit_code, sent) == (0, [(path.format(ID), {"by": "Ana", **body})])
    assert result.output.strip().endswith(said)


def test_without_a_name_it_is_whoever_is_logged_in(sent: list[tuple[str, dict[str, Any]]]) -> None:
    run("note", "ab", "x")
    assert sent == [(f"incidents/{ID}/note", {"by": getpass.getuser(), "note": "x"})]


def test_the_list_says_that_there_is_nothing(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def listed(*_: object, resolved_too: bool) -> pd.DataFrame:
        asked.append(resolved_too)
        return pd.DataFrame()

    monkeypatch.setattr("andon.client.incidents.listed", listed)
    assert [run("list").output, run("list", "--all").output] == ["no unresolved incidents\n", "no incidents\n"]
    assert (asked, sent) == ([False, True], [])


def test_an_incident_is_shown_line_by_line(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.client.incidents.sheet", lambda *arguments: iter(["first", str(arguments[2])]))
    assert run("show", "ab").output == f"first\n{ID}\n"
    assert sent == []


STEPS = {
    "ask": Step(step="ask", title="Ask", ask="How many?"),
    "check": Step(step="check", title="Check", http="http://broker/{order}"),
}


@pytest.mark.parametrize(
    ("arguments", "posted", "said"),
    [
        (["ask"], [], "Ask\nHow many?\n"),
        (["ask", "--worked", "--note=two"], [{"step": "ask", "outcome": "worked", "note": "two"}], "worked. HTTP 200\n"),
        (["ask", "--did-not-work"], [{"step": "ask", "outcome": "did not work", "note": ""}], "worked. HTTP 200\n"),
        (["check"], [{"step": "check", "values": {"order": "4711"}}], "Check\nhttp://broker/4711\nworked. HTTP 200\n"),
    ],
)
def test_a_step_is_told_or_its_outcome_recorded_and_a_check_is_both(
    sent: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, arguments: list[str], posted: list[dict[str, Any]], said: str
) -> None:
    monkeypatch.setattr("andon.client.steps.prepare", lambda *_: Prepared("ab", STEPS[arguments[0]], {"order": "4711"}))
    result = run("step", "ab", *arguments, "--by=Ana")
    assert (result.exit_code, result.output) == (0, said)
    assert sent == [(f"incidents/{ID}/step", {"by": "Ana", **body}) for body in posted]


SHOW = ("step/show", {"step": "resubmit", "values": {"order": "4711"}})
SEND = ("step/send", {"by": "Ana", "reason": "stuck", "confirm": "w0rd"})


@pytest.mark.parametrize(
    ("arguments", "typed", "posted", "said"),
    [
        ([], "", [SHOW], "POST http://mw/4711\nnothing was sent; --send sends it\n"),
        (["--send"], "n\n", [SHOW], "POST http://mw/4711\nSend it now? [y/N]: n\nAborted.\n"),
        (["--send"], "y\n", [SHOW, SEND], "POST http://mw/4711\nSend it now? [y/N]: y\nPOST http://mw/4711\n"),
        (["--send", "--yes"], "", [SHOW, SEND], "POST http://mw/4711\nPOST http://mw/4711\n"),
    ],
)
def test_a_change_is_shown_and_sent_only_if_it_is_confirmed(
    sent: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    typed: str,
    posted: list[tuple[str, dict[str, Any]]],
    said: str,
) -> None:
    resubmit = Step(step="resubmit", title="Resubmit", post="http://mw/{order}")
    monkeypatch.setattr("andon.client.steps.prepare", lambda *_: Prepared("ab", resubmit, {"order": "4711"}))

    def act(_: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        sent.append((path, body))
        return {"said": "POST http://mw/4711", "confirm": "w0rd"}

    monkeypatch.setattr("andon.client.incidents.act", act)
    monkeypatch.setattr("andon.client.steps.told", lambda *_: iter(()))
    result = CliRunner().invoke(incident.app, ["step", "ab", "resubmit", "--by=Ana", "--reason=stuck", *arguments], input=typed)
    assert result.output == said
    assert sent == [(f"incidents/{ID}/{path}", body) for path, body in posted]


@pytest.mark.parametrize(
    ("lines", "said"),
    [(["a b CREDIT: 2 incidents, no runbook"], "a b CREDIT: 2 incidents, no runbook\n"), ([], "every cause has a runbook\n")],
)
@pytest.mark.usefixtures("sent")
def test_causes_without_a_runbook_are_listed(monkeypatch: pytest.MonkeyPatch, lines: list[str], said: str) -> None:
    monkeypatch.setattr("andon.client.steps.unanswered", lambda *_: iter(lines))
    assert run("causes").output == said
