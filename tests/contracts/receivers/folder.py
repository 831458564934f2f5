from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside

_numbers = itertools.count(1)


class Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.settings: dict[str, Any] = {"type": "folder", "path": str(path), "still_seconds": 0, "poll_seconds": 0.1}

    def put(self, names: list[str]) -> None:
        for name in names:
            number = next(_numbers)
            written = self._path / f".{number}"
            written.write_text(f'{{"name": "{name}"}}', encoding="utf-8")
            written.rename(self._path / f"{number}.json")

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def folder(_: pytest.FixtureRequest, __: pytest.MonkeyPatch, path: Path) -> Iterator[Outside]:
    (path / "in").mkdir()
    yield Folder(path / "in")


HARNESS = Harness({"type": "folder", "path": "/srv/edi/in"}, ("path",), "/nowhere/at/all", folder)
