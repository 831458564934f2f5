from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.servers.postgresql import PostgresServer

_numbers = itertools.count(1)


class Changes:
    def __init__(self, connection: psycopg.Connection[Any], number: int) -> None:
        self._connection = connection
        self._table = f"contract_{number}"
        self.settings: dict[str, Any] = {
            "type": "postgres_cdc",
            "url": "env:TEST_DATABASE",
            "publication": self._table,
            "slot": self._table,
            "poll_seconds": 0.1,
        }
        for statement in (
            f"CREATE TABLE {self._table} (name text PRIMARY KEY)",
            f"CREATE PUBLICATION {self._table} FOR TABLE {self._table}",
        ):
            connection.execute(statement.encode())
        connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (self._table,))

    def put(self, names: list[str]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {self._table} VALUES (%s)".encode(), [(name,) for name in names])

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["row"]["name"])


@contextmanager
def changes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    monkeypatch.setenv("TEST_DATABASE", server.url)
    number = next(_numbers)
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=erp dbname=postgres", autocommit=True) as connection:
        yield Changes(connection, number)
        connection.execute("SELECT pg_drop_replication_slot(%s)", (f"contract_{number}",))


HARNESS = Harness(
    {"type": "postgres_cdc", "url": "env:DATABASE_URL", "publication": "andon"},
    ("url", "publication"),
    "postgresql+psycopg://erp@127.0.0.1:9/postgres",
    changes,
)
