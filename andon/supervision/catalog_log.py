"""Shows on the terminal what the processes log about the catalog: whoever changes a catalog looks there and not into the logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from core.telemetry import CATALOG_LOGGER


class CatalogLog:
    """Follows logs from their current end; each message is reported with the name of its process, which is that of its log."""

    def __init__(self, logs: Sequence[Path], report: Callable[[str], None]) -> None:
        self._report = report
        self._read = {log: log.stat().st_size if log.exists() else 0 for log in logs}
        self._reason = ""

    def look(self) -> None:
        """Report what was written since the last call; for a loop that calls it every second."""
        for log in self._read:
            with suppress(OSError):  # the log is about to be replaced, or does not exist yet
                self._follow(log)

    def _follow(self, log: Path) -> None:
        if log.stat().st_size < self._read[log]:
            self._read[log] = 0
        with log.open("rb") as file:
            file.seek(self._read[log])
            lines = file.read().splitlines(keepends=True)
        for line in lines:
            if not line.endswith(b"\n"):  # still being written
                break
            self._read[log] += len(line)
            self._report_line(log.stem, line)

    def _report_line(self, process: str, line: bytes) -> None:
        if CATALOG_LOGGER.encode() not in line:
            return
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("logger") == CATALOG_LOGGER:
                self._report(f"{process}: {entry['message']}{self._because(str(entry.get('error', '')))}")

    def _because(self, reason: str) -> str:
        """Return the reason in separate lines; if another process has the same reason, it is not repeated."""
        known, self._reason = reason == self._reason, reason
        if reason and known:
            return ", for the same reason"
        return "".join(f"\n  {line}" for line in reason.splitlines())
