"""What a test reads that is its own: databases of PostgreSQL, MariaDB and SQLite, a queue of RabbitMQ, an HTTP API."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from collector.backoff import Backoff
from collector.receivers import http_poll
from tests.servers.http_api_stand_in import HttpApiStandIn, http_api
from tests.servers.mariadb import MariaDbServer
from tests.servers.postgresql import PostgresServer
from tests.servers.rabbitmq import RabbitServer

_numbers = itertools.count(1)


@pytest.fixture
def erp(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """An empty database of its own."""
    name = f"erp_{next(_numbers)}"
    address = f"host=127.0.0.1 port={postgres_server.port} user=erp"
    with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv("TEST_DATABASE", postgres_server.url.replace("/postgres", f"/{name}"))
    with psycopg.connect(f"{address} dbname={name}", autocommit=True) as connection:
        yield connection


@pytest.fixture
def maria(mariadb_server: MariaDbServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Run statements on an empty MariaDB database of its own, each its own transaction; in UTC, as most servers are."""
    name = f"erp_{next(_numbers)}"
    monkeypatch.setenv("TEST_DATABASE", mariadb_server.url.replace("/erp", f"/{name}"))
    with closing(pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user="root", autocommit=True)) as connection:

        def execute(*statements: str) -> None:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", f"USE {name}")
        yield execute


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run statements on a SQLite file."""
    file = tmp_path / "erp.sqlite"
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{file}")

    def execute(*statements: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return execute


@pytest.fixture
def queue(rabbit_server: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a queue of RabbitMQ that is not there yet."""
    monkeypatch.setenv("TEST_BROKER", rabbit_server.url)
    return f"orders.inbound-{next(_numbers)}"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpApiStandIn]:
    """An HTTP API in this process, which is asked again soon."""
    with http_api() as found:
        monkeypatch.setenv("TEST_API", found.url)
        monkeypatch.setattr(http_poll, "Backoff", lambda: Backoff(0.05, 0.1))
        yield found
