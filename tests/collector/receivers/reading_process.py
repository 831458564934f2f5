"""Runs a receiver in a process of its own, which a test may kill: writes each event to a file before it is acknowledged.

``python -m tests.collector.receivers.reading_process NAME SETTINGS STATE FILE``
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from andon.plugins import receivers
from collector.receiver import ReceiverContext
from core.catalog.source import Source
from core.clock import SystemClock
from core.signal import Receipt, Record
from core.telemetry import Telemetry


class FileIntake:
    """Keeps one event a line; the last one may be cut off by a kill."""

    def __init__(self, file: Path) -> None:
        self._lines = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        os.write(self._lines, b"".join(b"\n" + record.body + b"\n" for record in records))
        return [Receipt("test", number) for number, _ in enumerate(records)]


def main(name: str, settings: str, state: str, file: str) -> None:
    source = Source(source="erp", owner="it", receiver=json.loads(settings))
    context = ReceiverContext(source, FileIntake(Path(file)), SystemClock(), Telemetry(), Path(state))
    asyncio.run(receivers()[name].run(context))


if __name__ == "__main__":
    main(*sys.argv[1:])
