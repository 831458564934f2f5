"""A user's database as polling receivers see it: opened read-only, its table or query with the columns it has now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from collector.polling.paused import PausedError
from collector.polling.row_json import json_document

STATEMENT_SECONDS = 30
CONNECT_SECONDS = 10
_WITH_JSON = {"postgresql", "mysql", "mariadb", "sqlite"}
_MYSQL_TIMESTAMP = 7
"""The driver's code of the type, which a query's columns have; those of a table are inspected."""

_MYSQL = {
    "connect_timeout": CONNECT_SECONDS,
    "read_timeout": 2 * STATEMENT_SECONDS,
    "init_command": (
        "SET SESSION time_zone = '+00:00'"
        f" /*M!100101 , max_statement_time = {STATEMENT_SECONDS}, tx_read_only = 1 */"
        f" /*!50720 , max_execution_time = {STATEMENT_SECONDS * 1000}, transaction_read_only = 1 */"
    ),
}
"""Comments that MariaDB, and MySQL, execute: each has names of its own for the same. ``TIMESTAMP`` is told in the session's time zone."""
ARGUMENTS: dict[str, dict[str, Any]] = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "mssql": {"login_timeout": CONNECT_SECONDS, "timeout": STATEMENT_SECONDS},
    "oracle": {"tcp_connect_timeout": CONNECT_SECONDS},
}
"""Of the driver's ``connect``, by the kind of database."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment that the driver tells in UTC, but without saying so, as MySQL's ``TIMESTAMP``."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return a moment as the driver takes it."""
        del dialect
        return value if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Return a moment with its zone; what is none (``0000-00-00 00:00:00``) stays the text that it is."""
        del dialect
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def open_engine(url: str) -> sa.Engine:
    """Return an engine without a pool. Every statement is a transaction of its own, so that none is held while waiting for the journal."""
    parsed = sa.make_url(url)
    arguments: dict[str, Any] = {}
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c default_transaction_read_only=on"
        arguments = {"connect_timeout": CONNECT_SECONDS, "options": limits, "application_name": "andon"}
    elif backend in ARGUMENTS:
        arguments = ARGUMENTS[backend]
    elif backend == "sqlite" and not Path((parsed.database or "").removeprefix("file:")).exists():
        raise PausedError(f"the database file '{parsed.database}' does not exist")  # SQLite would create an empty one
    reading = {"json_deserializer": json_document} if backend in _WITH_JSON else {}
    engine = sa.create_engine(parsed, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments, **reading)
    if engine.driver == "psycopg":
        from collector.polling.postgres_values import hold_every_value  # noqa: PLC0415 - its driver is one of several that may be there

        sa.event.listen(engine, "connect", lambda connection, _: hold_every_value(connection))
    return engine


def find_columns(engine: sa.Engine, table: str | None, query: str | None, wanted: Sequence[str]) -> Any:
    """Return the table or query with its current columns. Raises :class:`PausedError` naming what is missing."""
    origin: Any
    if query is not None:
        statement: Any = sa.select(sa.literal_column("*")).select_from(sa.text(f"({query}) origin")).limit(0)
        with engine.connect() as connection, connection.execute(statement) as result:
            described = result.cursor.description if result.cursor is not None else ()
            names = list(zip(result.keys(), (column[1] for column in described), strict=True))
        moments = engine.dialect.name in {"mysql", "mariadb"}
        columns = (sa.column(name, UtcTime() if moments and code == _MYSQL_TIMESTAMP else None) for name, code in names)
        origin = sa.text(query).columns(*columns).subquery("origin")
    else:
        schema, _, name = (table or "").rpartition(".")
        found = sa.inspect(engine).get_columns(name, schema or None)
        origin = sa.Table(name, sa.MetaData(), *(_typed(column) for column in found), schema=schema or None)
    missing = [name for name in wanted if name not in origin.c]
    if missing:
        raise PausedError(f"{table or 'query'} has no column {', '.join(missing)}; it has {', '.join(origin.c.keys())}")
    return origin


def cause_of(error: Exception) -> str:
    """Return the cause without the statement and its parameters, which contain the user's data."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return f"{type(cause).__name__}: {(str(cause).splitlines() or [''])[0]}"


def _typed(column: Any) -> sa.Column[Any]:
    kind = UtcTime() if isinstance(column["type"], mysql.TIMESTAMP) else column["type"]
    if isinstance(kind, sa.Float):
        kind.asdecimal = False  # SQLAlchemy would round MySQL's DOUBLE to ten decimals
    return sa.Column(column["name"], kind, nullable=column["nullable"])
