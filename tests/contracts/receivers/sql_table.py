from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside


class Table:
    def __init__(self, file: Path) -> None:
        self._file = file
        self.settings: dict[str, Any] = {
            "type": "sql_table",
            "url": "env:TEST_DATABASE",
            "table": "orders",
            "key": "id",
            "change": "id",
            "poll_seconds": 0.1,
        }
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")

    def put(self, names: list[str]) -> None:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.executemany("INSERT INTO orders (name) VALUES (?)", [(name,) for name in names])

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def table(_: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Outside]:
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{folder / 'erp.sqlite'}")
    yield Table(folder / "erp.sqlite")


HARNESS = Harness(
    {"type": "sql_table", "url": "env:DATABASE_URL", "table": "orders", "key": "id", "change": "changed_at"},
    ("url", "key", "change"),
    "postgresql+psycopg://erp@127.0.0.1:9/postgres",
    table,
)
