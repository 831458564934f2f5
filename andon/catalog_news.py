"""Shows on the terminal what the engine's log says of a changed catalog: whoever changes one looks there and not into the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.telemetry import CATALOG_LOGGER


class CatalogNews:
    """Follows a log from where it ends now."""

    def __init__(self, log: Path, report: Callable[[str], None]) -> None:
        self._log = log
        self._report = report
        self._read = log.stat().st_size if log.exists() else 0

    def look(self) -> None:
        """Report what was written since; for a loop that calls it every second."""
        with suppress(OSError):  # the log is about to be replaced, or not there yet
            if self._log.stat().st_size < self._read:
                self._read = 0
            with self._log.open("rb") as file:
                file.seek(self._read)
                lines = file.read().splitlines(keepends=True)
            for line in lines:
                if not line.endswith(b"\n"):  # being written
                    break
                self._read += len(line)
                self._tell(line)

    def _tell(self, line: bytes) -> None:
        if CATALOG_LOGGER.encode() not in line:
            return
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("logger") == CATALOG_LOGGER:
                self._report("\n".join([str(entry["message"]), *(f"  {each}" for each in str(entry.get("error", "")).splitlines())]))
