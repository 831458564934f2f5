from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside

_numbers = itertools.count(1)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


class RemoteFolder:
    def __init__(self, path: Path, server: Any) -> None:
        self._path = path
        self.settings: dict[str, Any] = {
            "type": "sftp",
            "url": "env:TEST_SFTP",
            "private_key": f"file:{server.private_key}",
            "host_key": server.host_key,
            "path": str(path),
            "still_seconds": 0,
            "poll_seconds": 0.1,
        }

    def put(self, names: list[str]) -> None:
        for name in names:
            number = next(_numbers)
            written = self._path / f".{number}"
            written.write_text(f'{{"name": "{name}"}}', encoding="utf-8")
            written.rename(self._path / f"{number}.json")

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def remote_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, path: Path) -> Iterator[Outside]:
    server = request.getfixturevalue("sftp_server")
    monkeypatch.setenv("TEST_SFTP", server.url)
    (path / "in").mkdir()
    yield RemoteFolder(path / "in", server)


HARNESS = Harness(
    {"type": "sftp", "url": "env:SFTP_URL", "path": "/out", "host_key": HOST_KEY},
    ("url", "path", "host_key"),
    "sftp://andon@127.0.0.1:9",
    remote_folder,
)
