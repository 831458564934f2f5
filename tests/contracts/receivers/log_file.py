from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside


class LogFile:
    def __init__(self, path: Path) -> None:
        self._file = path / "erp.log"
        self.settings: dict[str, Any] = {"type": "log_file", "path": str(path), "poll_seconds": 0.1}

    def put(self, names: list[str]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(f"INFO {name}\n" for name in names)

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["body"].split()[1])


@contextmanager
def log_file(_: pytest.FixtureRequest, __: pytest.MonkeyPatch, path: Path) -> Iterator[Outside]:
    (path / "logs").mkdir()
    yield LogFile(path / "logs")


HARNESS = Harness({"type": "log_file", "path": "/var/log/erp"}, ("path",), "/nowhere/at/all", log_file)
