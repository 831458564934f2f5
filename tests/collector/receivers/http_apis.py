"""Settings of APIs that stand in for real ones, and what comes of reading one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.formats.xml import FORMAT as XML
from collector.receivers.http_poll import RECEIVER
from core.telemetry import Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.contracts.receivers.http_poll import SETTINGS

CHANGED = "2026-03-27T14:50:00.5Z"


def of(**more: Any) -> dict[str, Any]:
    return {**SETTINGS, "url": "env:TEST_API", "poll_seconds": 0.1, **more}


def preset(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "http_poll", "preset": name, "url": "env:TEST_API", "event_type": "crm.order", "poll_seconds": 0.1, **more}


def poll(
    tmp_path: Path, settings: dict[str, Any], enough: Callable[[TestIntake], bool], xml: dict[str, Any] | None = None, more: float = 0.3
) -> tuple[TestIntake, Telemetry]:
    """Read until there is enough, and a little longer."""
    intake, telemetry = TestIntake(), Telemetry()

    async def scenario() -> None:
        context = context_of(settings, intake, tmp_path / "state", telemetry)
        if xml is not None:
            context = replace(context, reader=XML.reader({"type": "xml", **xml}))
        async with running(RECEIVER, context):
            await until(lambda: enough(intake))
            await asyncio.sleep(more)

    asyncio.run(scenario())
    return intake, telemetry


def names(intake: TestIntake, key: str = "id") -> list[Any]:
    return [event["data"][key] for event in intake.events]


def whys(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["fields"]["why"] for record in caplog.records if "paused until it can" in record.message]
