"""A store that is frozen for somebody who has left meanwhile is not kept."""

from __future__ import annotations

import threading
from concurrent.futures import TimeoutError as NotInTime
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from andon import freezing
from andon.freezing import Freezing
from core.config import Settings
from store.freeze import Frozen


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    return tmp_path / "frozen"


@pytest.fixture
def asked(tmp_path: Path) -> Freezing:
    pipeline: Any = SimpleNamespace(store=None, alerting=SimpleNamespace(at_rest=nullcontext))
    return Freezing(pipeline, Settings(data=tmp_path))


def test_who_waits_gets_what_was_frozen(asked: Freezing, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "freeze", lambda *_: Frozen(str(frozen), {"events": 1}))
    frozen.mkdir()
    waiting = threading.Thread(target=lambda: found.append(asked._ask()))
    found: list[Frozen] = []
    waiting.start()
    while waiting.is_alive():
        asked.step()
        waiting.join(0.01)
    assert found == [Frozen(str(frozen), {"events": 1})]
    assert frozen.is_dir()


def test_what_is_frozen_for_nobody_is_deleted(asked: Freezing, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, left = threading.Event(), threading.Event()

    def freeze(*_: object) -> Frozen:
        begun.set()
        assert left.wait(60)
        frozen.mkdir()
        return Frozen(str(frozen), {})

    class Impatient(freezing.Future[Frozen]):
        """Waits until the freezing has begun, and no longer."""

        def result(self, timeout: float | None = None) -> Frozen:
            if timeout is None:
                return super().result()
            assert begun.wait(60)
            raise NotInTime

    monkeypatch.setattr(freezing, "freeze", freeze)
    monkeypatch.setattr(freezing, "Future", Impatient)

    def ask() -> None:
        with pytest.raises(NotInTime):
            asked._ask()
        left.set()

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not left.is_set():
        asked.step()
    waiting.join()
    assert begun.is_set()
    assert not frozen.exists()
    monkeypatch.setattr(freezing, "freeze", lambda *_: pytest.fail("nobody asks any more"))
    asked.step()
