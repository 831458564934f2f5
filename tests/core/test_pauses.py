"""Which sources are paused: kept whatever is restarted or crashes, and by whom."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.pauses import ITSELF, Pause, Pauses

NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_a_pause_holds_until_it_is_resumed_and_every_change_is_kept(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "data")
    assert pauses.latest() == {}
    assert pauses.pause("erp", "Ana", "upgrade", NOW)
    assert Pauses(tmp_path / "data").paused() == {"erp": Pause("Ana", "upgrade", NOW)}
    assert pauses.resume("erp", "Ben", "", LATER)
    assert pauses.paused() == {}
    assert pauses.latest() == {"erp": Pause("Ana", "upgrade", NOW, LATER)}
    assert [(change.action, change.by, change.at) for change in pauses.changes()] == [("pause", "Ana", NOW), ("resume", "Ben", LATER)]


def test_what_is_so_already_is_not_written_again(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path)
    assert not pauses.resume("erp", "Ana", "", NOW)
    assert pauses.pause("erp", "Ana", "upgrade", NOW)
    assert not Pauses(tmp_path).pause("erp", "Ben", "another", LATER)
    assert pauses.paused()["erp"].by == "Ana"
    assert len(pauses.changes()) == 1


def test_half_a_line_that_a_crash_left_changes_nothing(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path)
    pauses.pause("erp", "Ana", "upgrade", NOW)
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes() + b'{"source":"mes","action":"pau')
    assert list(Pauses(tmp_path).paused()) == ["erp"]
    assert Pauses(tmp_path).pause("crm", "Ana", "move", LATER)
    assert list(Pauses(tmp_path).paused()) == ["erp", "crm"]


def test_who_paused_itself_is_told_apart() -> None:
    assert Pause(ITSELF, "too much", NOW).by_itself
    assert not Pause("Ana", "too much", NOW).by_itself


def _pause_many(folder: Path, by: str) -> None:
    for number in range(50):
        Pauses(folder).pause(f"s{number}", by, "x" * 300, NOW)


def test_two_processes_never_write_into_each_others_lines(tmp_path: Path) -> None:
    workers = [multiprocessing.get_context("fork").Process(target=_pause_many, args=(tmp_path, by)) for by in ("Ana", "Ben")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(change.source for change in Pauses(tmp_path).changes()) == sorted(f"s{number}" for number in range(50))
