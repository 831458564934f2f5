"""``andon journal`` says what lies in the journal, what became of it, and whether somebody has to look."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from andon.commands import journal
from core.config import Settings
from core.errors import AndonError
from core.signal import Lane
from tests.store.journals import event, write_segment

BALANCED = {"acknowledged": 1200, "stored": 1190, "duplicates": 4, "quarantined": 3, "lost": 0, "in_journal": 3}
LOSS = {
    "found_at": datetime(2026, 3, 27, 15, 50, tzinfo=UTC),
    "table_name": "events",
    "lost_rows": 7,
    "lost_parts": 1,
    "mended_at": None,
    "missing": "",
}


class Engine:
    """What the store and the engine say."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data = data
        self.account: dict[str, int] | Exception = dict(BALANCED)
        self.losses: list[dict[str, Any]] = []
        monkeypatch.setattr("store.reads.connection.reading", lambda _: contextlib.nullcontext())
        monkeypatch.setattr("store.reads.accounting.account", lambda *_: self._account())
        monkeypatch.setattr("store.reads.accounting.losses", lambda _: self.losses)
        monkeypatch.setattr("andon.client.engine.readiness_of", lambda _: "catching up: 3 slices left")

    def _account(self) -> dict[str, int]:
        if isinstance(self.account, Exception):
            raise self.account
        return self.account

    def status(self) -> Result:
        return CliRunner(env={"COLUMNS": "120"}).invoke(journal.app, ["status", f"--data={self.data}"])


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    settings = Settings(data=tmp_path / "data")
    write_segment(settings, [event("1"), event("2")])
    write_segment(settings, [event("3", lane=Lane.BULK)], lane=Lane.BULK)
    return Engine(settings.data, monkeypatch)


def test_books_that_balance_are_shown_lane_by_lane(engine: Engine) -> None:
    result = engine.status()
    assert result.exit_code == 0
    rows = {line.split()[0]: line.replace("│", " ").split()[1:3] for line in result.output.splitlines() if line.split()}
    assert (rows["critical"], rows["standard"], rows["bulk"]) == (["1", "2"], ["0", "0"], ["1", "1"])
    assert "1,200 signals acknowledged = 1,190 stored + 4 duplicates + 3 in quarantine + 0 lost + 3 in the journal" in result.output
    assert result.output.splitlines()[-1] == "engine: catching up: 3 slices left"


def test_signals_that_nobody_acknowledged_are_a_failure_once_all_is_loaded(engine: Engine) -> None:
    engine.account = {**BALANCED, "duplicates": -2, "in_journal": 0}
    result = engine.status()
    assert result.exit_code == 1
    assert "2 signals in the store that nobody acknowledged" in result.output
    engine.account = {**BALANCED, "duplicates": -2}
    assert engine.status().exit_code == 0, "what is being loaded is counted in one place first"


@pytest.mark.parametrize(
    ("changes", "said", "code"),
    [
        ({}, "the engine is loading what the journal has of it again", 1),
        ({"mended_at": LOSS["found_at"], "missing": "7 rows not in the journal"}, "not restored: 7 rows", 1),
        ({"mended_at": LOSS["found_at"]}, "all of it was restored", 0),
    ],
)
def test_a_loss_is_a_failure_until_all_of_it_is_back(engine: Engine, changes: dict[str, Any], said: str, code: int) -> None:
    engine.losses = [{**LOSS, **changes}]
    result = engine.status()
    assert result.exit_code == code
    assert "2026-03-27 15:50:00 UTC: the store lost 7 rows of events in 1 part; " in result.output
    assert said in result.output
    assert "engine: " in result.output


def test_without_an_engine_the_journal_is_shown_all_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: Settings) -> str:
        raise AndonError("the engine does not answer")

    engine.account = AndonError("no engine answers")
    monkeypatch.setattr("andon.client.engine.readiness_of", down)
    result = engine.status()
    assert result.exit_code == 0
    assert "critical" in result.output
    assert result.output.splitlines()[-2:] == ["stored signals could not be counted: no engine answers", "the engine does not answer"]
