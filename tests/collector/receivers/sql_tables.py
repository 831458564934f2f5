"""Reads a table of a test's own database with the receiver."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from collector.receivers.sql_table import RECEIVER
from core.clock import FakeClock
from tests.collector.receivers.driving import TestIntake, context_of, running, until


class WallClock(FakeClock):
    """Its wall time is moved by the test, its intervals are real."""

    def monotonic(self) -> float:
        return time.monotonic()


def settings(**more: Any) -> dict[str, Any]:
    found = {"type": "sql_table", "url": "env:TEST_DATABASE", "table": "orders", "key": "id", "change": "changed_at", "poll_seconds": 0.1}
    return {name: value for name, value in (found | more).items() if value is not None}


def read(tmp_path: Path, wanted: int, *, patience: float = 0.5, **more: Any) -> list[dict[str, Any]]:
    """Read until ``wanted`` events have come and a little longer, in a run of its own that continues from the last."""
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(**more), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= wanted)
            await asyncio.sleep(patience)

    asyncio.run(scenario())
    return intake.events


def ids(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["id"] for event in events]
