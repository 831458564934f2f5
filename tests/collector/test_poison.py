"""When a source that sends what cannot be used is paused, and that a broker then keeps the rest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.poison import IN_A_ROW, WINDOW_MIN, WINDOW_SECONDS, Poison
from collector.receiver import ReceiverContext
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import FakeClock
from core.pauses import Pauses
from core.signal import Lane, Record, SignalKind
from tests.collector.conftest import running
from tests.waiting import wait_until

NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)


def records(marks: str) -> list[Record]:
    """Return a good record for each ``.`` and one in quarantine for each ``x``."""
    kinds = {".": SignalKind.EVENT, "x": SignalKind.QUARANTINE}
    return [Record(kinds[mark], "erp", Lane.STANDARD, 1_774_000_000_000, 1, b"{}", "{}") for mark in marks]


class Counted:
    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.reasons: list[str] = []
        self.poison = Poison(self.clock, self.reasons.append)

    def __call__(self, *batches: str) -> list[str]:
        for batch in batches:
            self.poison.count(records(batch))
        return self.reasons


def test_a_fifth_may_be_unusable_and_no_more() -> None:
    counted = Counted()
    assert counted("....x" * 40) == []
    assert counted("x") == ["41 of its last 201 records cannot be used"]
    assert counted("x" * 100) == ["41 of its last 201 records cannot be used"]  # told once


def test_a_few_stop_nothing() -> None:
    assert Counted()("x" * (WINDOW_MIN - 1)) == []
    assert Counted()("x" * WINDOW_MIN) == ["100 of its last 100 records cannot be used"]


def test_a_window_ends() -> None:
    counted = Counted()
    for _ in range(5):
        assert counted("x" * 60) == []
        counted.clock.advance(timedelta(seconds=WINDOW_SECONDS))


def test_many_in_a_row_count_however_slowly_they_come() -> None:
    counted = Counted()
    for _ in range(IN_A_ROW // 50 - 1):
        assert counted("x" * 50) == []
        counted.clock.advance(timedelta(seconds=WINDOW_SECONDS))
    assert counted("x" * 50) == ["the last 1,000 records cannot be used"]


def test_a_good_one_begins_the_row_anew() -> None:
    counted = Counted()
    for _ in range(2 * IN_A_ROW // 50):
        assert counted("x" * 49, ".") == []
        counted.clock.advance(timedelta(seconds=WINDOW_SECONDS))


class Broker:
    """A receiver of messages that all cannot be used; it counts what it acknowledged."""

    name = "broker"
    acknowledged = 0

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    async def run(self, context: ReceiverContext) -> None:
        while self.acknowledged < 1_000:
            await context.accept(records("x" * 10))
            self.acknowledged += 10
            await asyncio.sleep(0)


@pytest.mark.parametrize(("poison", "taken"), [("pause", 100), ("keep", 1_000)])
def test_what_comes_after_stays_with_the_broker(tmp_path: Path, poison: str, taken: int) -> None:
    broker = Broker()
    source = Source.model_validate({"source": "erp", "owner": "it", "receiver": {"type": "broker"}, "poison": poison})
    with running(tmp_path, Catalog(sources={"erp": source}), {"broker": broker}) as collector:
        wait_until(lambda: broker.acknowledged == taken, 20, "what is on disk is acknowledged")
        collector.loop.call_soon_threadsafe(collector.engine.look_for_pauses)
        paused = Pauses(tmp_path / "data").paused()
        assert (list(paused) == ["erp"]) == (poison == "pause")
        if paused:
            assert paused["erp"].by_itself
            assert paused["erp"].reason == "100 of its last 100 records cannot be used"
        assert len(collector.records()) == taken
