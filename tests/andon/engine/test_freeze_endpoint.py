"""A store that is frozen for somebody who has left meanwhile is not kept."""

from __future__ import annotations

import threading
from concurrent.futures import TimeoutError as NotInTime
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from andon.engine import freeze_endpoint
from andon.engine.freeze_endpoint import FreezeEndpoint
from core.config import Settings
from store.disk.patience import Patience
from store.recovery.freeze import Frozen


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    return tmp_path / "frozen"


@pytest.fixture
def endpoint(tmp_path: Path) -> FreezeEndpoint:
    pipeline: Any = SimpleNamespace(store=SimpleNamespace(patience=Patience()), alerting=SimpleNamespace(at_rest=nullcontext))
    return FreezeEndpoint(pipeline, Settings(data=tmp_path))


def test_who_waits_gets_what_was_frozen(endpoint: FreezeEndpoint, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeze_endpoint, "freeze", lambda *_: Frozen(str(frozen), {"events": 1}))
    frozen.mkdir()
    waiting = threading.Thread(target=lambda: found.append(endpoint._request()))
    found: list[Frozen] = []
    waiting.start()
    while waiting.is_alive():
        endpoint.step()
        waiting.join(0.01)
    assert found == [Frozen(str(frozen), {"events": 1})]
    assert frozen.is_dir()


def test_what_is_frozen_for_nobody_is_deleted(endpoint: FreezeEndpoint, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, left = threading.Event(), threading.Event()

    def freeze(*_: object) -> Frozen:
        begun.set()
        assert left.wait(60)
        frozen.mkdir()
        return Frozen(str(frozen), {})

    class Impatient(freeze_endpoint.Future[Frozen]):
        """Waits until the freezing has begun, and no longer."""

        def result(self, timeout: float | None = None) -> Frozen:
            if timeout is None:
                return super().result()
            assert begun.wait(60)
            raise NotInTime

    monkeypatch.setattr(freeze_endpoint, "freeze", freeze)
    monkeypatch.setattr(freeze_endpoint, "Future", Impatient)

    def ask() -> None:
        with pytest.raises(NotInTime):
            endpoint._request()
        left.set()

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not left.is_set():
        endpoint.step()
    waiting.join()
    assert begun.is_set()
    assert not frozen.exists()
    monkeypatch.setattr(freeze_endpoint, "freeze", lambda *_: pytest.fail("nobody asks any more"))
    endpoint.step()
