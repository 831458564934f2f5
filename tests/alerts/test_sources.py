"""Pausing a source over the action API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.sources import pause, resume
from core.errors import NoRoom, UsageError
from core.pauses import Pauses

NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)


def test_a_source_is_paused_and_goes_on_and_says_by_whom(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path)
    assert pause(pauses, ["erp"], "erp", "Ana", "upgrade", NOW).said == "erp is paused"
    assert pause(pauses, ["erp"], "erp", "Ben", "again", NOW).said == "erp was paused before, by Ana: upgrade"
    assert resume(pauses, ["erp"], "erp", "Ben", "", NOW).said == "erp goes on"
    assert resume(pauses, ["erp"], "erp", "Ben", "", NOW).said == "erp was not paused"
    assert [change.by for change in pauses.changes()] == ["Ana", "Ben"]


@pytest.mark.parametrize(
    ("source", "by", "reason", "wrong"),
    [
        ("erq", "Ana", "upgrade", "source: 'erq' is not defined; did you mean 'erp'"),
        ("andon", "Ana", "upgrade", "source: 'andon' is not defined"),  # its own heartbeat says whether it works
        ("erp", " ", "upgrade", "by: give your name"),
        ("erp", "Ana", " ", "reason: say why"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, source: str, by: str, reason: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        pause(Pauses(tmp_path), ["erp", "andon"], source, by, reason, NOW)
    assert Pauses(tmp_path).changes() == []


def test_a_source_that_the_catalog_no_longer_has_can_be_resumed(tmp_path: Path) -> None:
    pause(Pauses(tmp_path), ["erp"], "erp", "Ana", "upgrade", NOW)
    assert resume(Pauses(tmp_path), [], "erp", "Ana", "", NOW).said == "erp goes on"


def test_a_disk_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "pauses.jsonl").mkdir()
    for act in (pause, resume):
        with pytest.raises(NoRoom, match="cannot be kept: Is a directory"):
            act(Pauses(tmp_path), {"erp"}, "erp", "Ana", "upgrade", NOW)


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(NoRoom, match="cannot be kept"):
        pause(Pauses(tmp_path / "data" / "inner"), ["erp"], "erp", "Ana", "upgrade", NOW)
