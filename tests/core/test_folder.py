"""Folders that are there after a power cut: every new name is made durable in the folder that holds it, from the top down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.folder import make_folder, sync_folder


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders that were made durable so far, in order."""
    found: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").resolve())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_each_new_folder_is_durable_before_one_is_made_in_it(tmp_path: Path, synced: list[Path]) -> None:
    make_folder(tmp_path / "journal" / "local" / "critical")
    assert synced == [tmp_path, tmp_path / "journal", tmp_path / "journal" / "local"]
    assert (tmp_path / "journal" / "local" / "critical").is_dir()


def test_a_folder_that_is_there_costs_nothing(tmp_path: Path, synced: list[Path]) -> None:
    make_folder(tmp_path)
    assert synced == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_nobody_but_the_owner_may_look_into_a_new_folder(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]


def test_a_folder_that_another_process_makes_meanwhile_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **given: path.name != "a" and exists(path, **given))
    make_folder(tmp_path / "a")
    assert (tmp_path / "a").is_dir()


def test_what_is_no_folder_is_an_error_and_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path / "file", tmp_path / "none"):
        with pytest.raises(OSError, match=str(path)):
            sync_folder(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
