"""Between two ticks the clock is looked at each time, and all else every two seconds, in an order that loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from andon.catalog_watch import LOOK_SECONDS
from andon.engine.housekeeping import Housekeeping
from core.clock import FakeClock
from core.errors import NoRoom


class Engine:
    """Everything that housekeeping looks after, and in which order it did."""

    def __init__(self, *, recovers: bool = False, lost: bool = False, pauses: bool = False) -> None:
        self.did: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.clock = FakeClock(datetime(2026, 3, 27, 15, 0, tzinfo=UTC))
        recovery = SimpleNamespace(step=self._doing("recovery", recovers), losses=SimpleNamespace(waiting=lambda: ["loss"] * lost))
        parts: dict[str, Any] = {
            "clock_watch": SimpleNamespace(look=self._doing("clock")),
            "catalog_watch": SimpleNamespace(look=self._doing("catalog")),
            "pause_watch": SimpleNamespace(look=self._doing("pauses", pauses)),
            "recovery": recovery,
            "pipeline": SimpleNamespace(tidy=lambda *, sweep: self.did.append("sweep" if sweep else "tidy")),
            "freeze_endpoint": SimpleNamespace(step=self._doing("freeze")),
            "rejections": SimpleNamespace(flush=self._doing("rejections")),
        }
        self.housekeeping = Housekeeping(self.clock, owe_every_stage=self._doing("owe"), **parts)

    def after(self, seconds: float) -> list[str]:
        """Return what is done between two ticks so many seconds later."""
        self.did.clear()
        self.clock.advance(timedelta(seconds=seconds))
        self.housekeeping()
        return list(self.did)

    def _doing(self, name: str, result: object = None) -> Any:
        def do() -> object:
            self.did.append(name)
            if name in self.fail:
                raise self.fail[name]
            return result

        return do


def test_only_the_clock_is_looked_at_between_every_two_ticks() -> None:
    engine = Engine()
    assert engine.after(0.0) == ["clock"]
    assert engine.after(LOOK_SECONDS) == ["clock", "catalog", "pauses", "recovery", "sweep", "freeze", "rejections"]
    assert engine.after(LOOK_SECONDS / 2) == ["clock"]
    assert engine.after(LOOK_SECONDS / 2)[1:2] == ["catalog"]


def test_a_paused_source_is_work_for_every_stage() -> None:
    assert Engine(pauses=True).after(LOOK_SECONDS)[:4] == ["clock", "catalog", "pauses", "owe"]


def test_what_came_back_is_work_for_every_stage() -> None:
    assert Engine(recovers=True).after(LOOK_SECONDS) == ["clock", "catalog", "pauses", "recovery", "owe", "sweep", "freeze", "rejections"]


def test_no_segment_is_deleted_while_something_is_lost() -> None:
    assert "tidy" in Engine(lost=True).after(LOOK_SECONDS), "what was lost may be in the oldest segment"


def test_a_catalog_that_waits_for_room_holds_up_nothing_else() -> None:
    engine = Engine()
    engine.fail["catalog"] = NoRoom("the disk is full")
    assert engine.after(LOOK_SECONDS)[2:] == ["pauses", "recovery", "sweep", "freeze", "rejections"]


def test_what_fails_is_due_again_at_once() -> None:
    engine = Engine()
    engine.fail["recovery"] = OSError("no")
    with pytest.raises(OSError, match="no"):
        engine.after(LOOK_SECONDS)
    del engine.fail["recovery"]
    assert engine.after(0.0)[-1] == "rejections"
