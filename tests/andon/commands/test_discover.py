"""``andon discover`` as a person types it, before anything answers."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import ask


def test_a_folder_that_is_there_and_a_wrong_time_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "flow.yaml").touch()
    there = ask("discover", "--to", "mine", folder=tmp_path)
    assert (there.returncode, there.stderr) == (2, "andon: mine is there already; give the name of a new folder, or of an empty one\n")
    wrong = ask("discover", "--since", "yesterday", folder=tmp_path)
    assert wrong.returncode == 2
    assert "'yesterday' is not a duration" in wrong.stderr


def test_without_an_engine_it_says_what_to_start(tmp_path: Path) -> None:
    result = ask("discover", "--engine-port", "1", folder=tmp_path)
    assert result.returncode == 1
    assert "no engine answers at" in result.stderr
    assert not (tmp_path / ".andon").exists()
