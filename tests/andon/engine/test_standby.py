"""What is wrong with a disk is told by another thread while the loop hangs on it, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from andon.engine.standby import SILENT_SECONDS, StandbyAlerting
from core.clock import FakeClock


class Engine:
    """An engine whose loop did its last step when it is told to, and whose disk has these problems."""

    def __init__(self, *problems: str) -> None:
        self.clock = FakeClock(datetime(2026, 3, 27, 15, 0, tzinfo=UTC))
        self.disks: Any = SimpleNamespace(problems=list(problems))
        self.last_step = 0.0
        self.made = self.told = 0
        self.standby = StandbyAlerting(self._make, self.disks, self.clock, lambda: self.last_step)

    def _make(self) -> Any:
        self.made += 1
        return SimpleNamespace(run=lambda _: None, deliver=lambda _: setattr(self, "told", self.told + 1))

    def look(self, *, hung_seconds: float) -> int:
        """Let the loop hang for so long and look; return how often something has been told."""
        self.clock.advance(timedelta(seconds=1000))
        self.last_step = self.clock.monotonic() - hung_seconds
        self.standby.look()
        return self.told


def test_a_loop_that_hangs_on_a_disk_is_stood_in_for_until_it_goes_on() -> None:
    engine = Engine("the disk is slow")
    assert engine.look(hung_seconds=SILENT_SECONDS + 1) == 1
    assert engine.look(hung_seconds=SILENT_SECONDS + 2) == 2
    assert engine.made == 1, "it remembers what it has told"
    assert engine.look(hung_seconds=0.0) == 2, "the loop tells the rest itself"
    assert engine.look(hung_seconds=SILENT_SECONDS + 1) == 3
    assert engine.made == 2


def test_a_loop_that_hangs_for_another_reason_is_not_stood_in_for() -> None:
    assert Engine().look(hung_seconds=SILENT_SECONDS + 1) == 0


def test_a_loop_that_has_not_begun_is_not_stood_in_for() -> None:
    engine = Engine("the disk is full")
    engine.clock.advance(timedelta(seconds=1000))
    engine.standby.look()
    assert engine.told == 0
