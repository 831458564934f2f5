"""A frozen store holds what is active, and nothing of what merges are writing or have covered."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.client import Store
from store.recovery import freeze as freezing
from store.recovery.freeze import forget_left_over, freeze
from store.recovery.parts_ledger import listed
from tests.store.journals import NOW


def test_only_what_is_active_is_frozen_and_left_overs_go(store: Store, engine_folder: Path) -> None:
    for number in range(1, 4):
        store.insert("events", {"slice": [number], "id": [str(number)], "received_at": [NOW]})
    store.command("OPTIMIZE TABLE events FINAL")
    (active,) = [one.path for one in listed(store, active=True)["events"] if one.part.rows]
    unfinished = active.with_name("tmp_merge_202603_1_9_9")
    unfinished.mkdir()
    try:
        frozen = freeze(store, engine_folder)
        table = Path(frozen.folder) / active.parent.relative_to(engine_folder)
        assert {path.name for path in table.iterdir() if path.is_dir()} == {active.name, "detached"}
        assert frozen.rows["events"] == 3
        assert frozen.rows["spans"] == 0
        assert (table / active.name / "data.packed").stat().st_ino == (active / "data.packed").stat().st_ino
        assert not (Path(frozen.folder) / "status").exists()
    finally:
        unfinished.rmdir()
        forget_left_over(engine_folder)
    assert not list((engine_folder / freezing.FROZEN).iterdir())


def test_nothing_is_left_of_a_freeze_that_fails(store: Store, engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store.insert("events", {"slice": [1], "id": ["1"], "received_at": [NOW]})
    monkeypatch.setattr(freezing.os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        freeze(store, engine_folder)
    assert not list((engine_folder / freezing.FROZEN).iterdir())
