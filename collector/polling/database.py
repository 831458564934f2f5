"""A user's database as polling receivers see it: opened read-only, its table or query with the columns it has now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from collector.polling.paused import PausedError

STATEMENT_SECONDS = 30
CONNECT_SECONDS = 10


def open_engine(url: str) -> sa.Engine:
    """Return an engine without a pool. Every statement is a transaction of its own, so that none is held while waiting for the journal."""
    parsed = sa.make_url(url)
    arguments: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c default_transaction_read_only=on"
        arguments = {"connect_timeout": CONNECT_SECONDS, "options": limits, "application_name": "andon"}
    elif parsed.get_backend_name() == "sqlite" and not Path((parsed.database or "").removeprefix("file:")).exists():
        raise PausedError(f"the database file '{parsed.database}' does not exist")  # SQLite would create an empty one
    return sa.create_engine(parsed, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)


def find_columns(engine: sa.Engine, table: str | None, query: str | None, wanted: Sequence[str]) -> Any:
    """Return the table or query with its current columns. Raises :class:`PausedError` naming what is missing."""
    origin: Any
    if query is not None:
        with engine.connect() as connection:
            names = connection.execute(sa.select(sa.literal_column("*")).select_from(sa.text(f"({query}) AS origin")).limit(0)).keys()
        origin = sa.text(query).columns(*(sa.column(name) for name in names)).subquery("origin")
    else:
        schema, _, name = (table or "").rpartition(".")
        found = sa.inspect(engine).get_columns(name, schema or None)
        origin = sa.Table(name, sa.MetaData(), *(_typed(column) for column in found), schema=schema or None)
    missing = [name for name in wanted if name not in origin.c]
    if missing:
        raise PausedError(f"{table or 'query'} has no column {', '.join(missing)}; it has {', '.join(origin.c.keys())}")
    return origin


def _typed(column: Any) -> sa.Column[Any]:
    return sa.Column(column["name"], column["type"], nullable=column["nullable"])
