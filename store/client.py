"""The one door to ClickHouse: the embedded engine or a server, through the same client and the same SQL.

A :class:`Store` gives each thread a client of its own: one client serializes its queries, several run in parallel.
Times that go in are aware; those that come out are UTC, aware in rows and naive in data frames.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import clickhouse_connect
import numpy as np
import pandas as pd
from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.driver.binding import format_query_value
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.config import Settings, make_folder
from core.errors import NoRoom, Retryable, UsageError
from core.file_lock import holder_of, lock
from store.held import Batch, Held, write_where_there_is_room
from store.revision import Revisions
from store.server import scheme_of, server_dsn, why
from store.statement import statement

with warnings.catch_warnings():
    # Frames of the engine hold some ten to some thousand rows: with Arrow's texts a fifth of a tick went into making and reading them.
    # Gone with pandas 4, as the warning says, which pyproject.toml therefore keeps out.
    warnings.simplefilter("ignore")
    pd.set_option("future.infer_string", False)

SESSION_SETTINGS: dict[str, Any] = {
    # A tick's statements are many and small: starting threads for each took a fifth of it. What is large says so (ALL_THREADS).
    "max_threads": 1,
    "date_time_input_format": "best_effort",
    "session_timezone": "UTC",
    "allow_suspicious_low_cardinality_types": 1,
    "max_query_size": 256 << 20,  # long parameters are written into their statement
}

ALL_THREADS: dict[str, Any] = {"max_threads": os.cpu_count() or 1}
"""Settings of a statement that reads a whole table."""


STORE_ERRORS = (ClickHouseError, Retryable)
"""What an open store raises that fails: the client's errors, and that its disk takes no more."""

_Result = TypeVar("_Result")
_NO_ROOM = ("NOT_ENOUGH_SPACE", "No space left on device", "Read-only file system", "Disk quota exceeded")
"""What the store's errors say where its disk takes no more: it has one code of its own for that, and otherwise the system's words."""


class Keeper(Protocol):
    """What keeps rows in the journal as well (``store/keeping.py``)."""

    def keep(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Keep those of these rows, now in the store, that no signal can bring back; they are on disk when this returns."""
        ...


class Store:
    """An open store. Safe to use from several threads; none waits for another."""

    def __init__(self, dsn: str, password: str = "", database: str | None = None) -> None:
        self._dsn = dsn
        self._database = database
        self._password = password
        self._local = threading.local()
        self._local.client = self._connect()
        self._pool = ThreadPoolExecutor(thread_name_prefix="store")
        self._keeper: Keeper | None = None
        self.held = Held(self._write, self.flush)
        self._revisions = Revisions(self._reserved_revision, self._reserve_revision)

    def _connect(self) -> Client:
        arguments: dict[str, Any] = {"settings": SESSION_SETTINGS}
        if self._database:
            arguments["database"] = self._database
        if self._password:
            arguments["password"] = self._password
        try:
            return clickhouse_connect.get_client(dsn=self._dsn, interface=scheme_of(self._dsn), **arguments)
        except ClickHouseError as error:
            if self._dsn.startswith("chdb:"):
                raise Retryable(f"the store at {self._dsn} cannot be opened: {' '.join(str(error).split())[:300]}") from error
            raise Retryable(why(self._dsn, error, with_password=bool(self._password))) from error

    @property
    def reader(self) -> Client:
        """This thread's own client."""
        if not hasattr(self._local, "client"):
            self._local.client = self._connect()
        return self._local.client  # type: ignore[no-any-return]

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None) -> Any:
        """Run one statement."""
        self.flush()
        with self.own_client() as client:
            return client.command(*_bound(sql, parameters), settings=dict(settings or {}))

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a query's rows as a data frame, read by this thread's client. Parameters bind as ``{name:Type}``; times are UTC, naive."""
        with self.own_client() as client:
            result = client.query(*_bound(sql, parameters), query_formats={"DateTime*": "int"})
        columns = result.result_columns or [[] for _ in result.column_names]
        described = zip(result.column_names, columns, result.column_types, strict=True)
        return pd.DataFrame({name: _column(values, type_) for name, values, type_ in described})

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return a query's rows as dictionaries; for few rows."""
        with self.own_client() as client:
            return list(client.query(*_bound(sql, parameters)).named_results())

    @contextmanager
    def own_client(self) -> Iterator[Client]:
        """Yield this thread's client; after a failure a new one, because the embedded engine puts what a failed query left before the next answer.

        Raises :class:`core.errors.NoRoom` where the store's disk takes no more, and every other failure as it is.
        """
        client = self.reader
        try:
            yield client
        except ClickHouseError as error:
            del self._local.client
            client.close()
            if any(words in str(error) for words in _NO_ROOM):
                raise NoRoom(f"the disk of the store takes no more: {' '.join(str(error).split())[:300]}") from error
            raise

    def keep_with(self, keeper: Keeper | None) -> None:
        """Let ``keeper`` keep what is inserted from now on; None: nothing is kept."""
        self._keeper = keeper

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert columns of equal length. Returns after the rows are on disk, and kept where they are to be kept."""
        self.insert_all({table: columns})

    def insert_all(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Insert into tables in the order given, as :meth:`insert`; what is to be kept of them is kept together."""
        self._write(Batch(dict(tables), tables))

    def insert_or_hold(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Insert as :meth:`insert_all`; what the disk does not take waits in memory (:attr:`held`), and is written before what follows it."""
        batch = Batch(dict(tables), tables)
        self.flush()  # what is written behind comes first, and may wait
        if not self.held:
            try:
                self._write(batch)
            except NoRoom:
                if not batch.tables:
                    return  # it is in the store, and the keeper knows that it is behind
            else:
                return
        self.held.add(batch)
        write_where_there_is_room(self.held)

    def _write(self, batch: Batch) -> None:
        for table in list(batch.tables):
            self.put(table, batch.tables[table])
            del batch.tables[table]
        if self._keeper is not None:
            self._keeper.keep({table: columns for table, columns in batch.kept.items() if _rows(columns)})

    def put(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert rows that are kept already."""
        self.flush()
        if not _rows(columns):
            return
        with self.own_client() as client:
            client.insert(table, list(columns.values()), column_names=list(columns), column_oriented=True)

    def insert_raw(self, table: str, block: bytes, format_: str, settings: Mapping[str, Any] | None = None) -> None:
        """Insert bytes that are already in a ClickHouse input format, by this thread's client: several threads insert side by side."""
        self.flush()
        with self.own_client() as client:
            client.raw_insert(table, insert_block=block, fmt=format_, settings=dict(settings or {}))

    def side_by_side(self, *steps: Callable[[], _Result]) -> list[_Result]:
        """Run steps at the same time, each in a thread with a client of its own; return their results in order.

        Returns when all have ended; then the first failure in order is raised.
        """
        others = [self._pool.submit(step) for step in steps[1:]]
        try:
            first = steps[0]()
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def write_behind(self, step: Callable[[], object]) -> None:
        """Begin a write in a thread of its own. It ends before this thread's next write begins, and that raises what the step raised."""
        self.flush()
        self._local.behind = self._pool.submit(step)

    def flush(self) -> None:
        """Wait for what this thread writes behind. Raises what that raised."""
        begun: Future[object] | None = getattr(self._local, "behind", None)
        if begun is not None:
            self._local.behind = None
            begun.result()

    def revision(self, count: int = 1) -> int:
        """Return the first of ``count`` new revisions in a row: they rise strictly and are never repeated, also across restarts."""
        return self._revisions.next(count)

    def skip_revisions(self, upto: int) -> None:
        """Never give out a revision up to this one: rows that come back have them."""
        self._revisions.skip(upto)

    def _reserved_revision(self) -> int:
        return int(self.rows(statement("client/reserved_revision"))[0]["reserved"])

    def _reserve_revision(self, end: int) -> None:
        # In a thread that has begun no write behind: what the caller has may be waiting for a revision.
        self._pool.submit(self.insert_or_hold, {"revision_blocks": {"name": ["revision"], "reserved": [end]}}).result()

    def close(self) -> None:
        """Close this thread's client; those of other threads end with them."""
        try:
            self.flush()
        finally:
            self._pool.shutdown()
            if hasattr(self._local, "client"):
                self._local.client.close()
                del self._local.client


def _rows(columns: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(columns.values()))) if columns else 0


_SENT_APART_MAX = 32 << 10
"""Characters of a parameter that travel beside a statement: a server takes 128 KiB (``http_max_field_value_size``, which no client can change)."""
_PLACEHOLDER = re.compile(r"\{(\w+):[^}]+\}")


def _bound(sql: str, parameters: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return a statement and its parameters as they are sent: those too long to travel beside it are written into it."""
    short = dict(parameters or {})
    long = {name: _literal(short.pop(name)) for name, value in [*short.items()] if _length(value) > _SENT_APART_MAX}
    return (_PLACEHOLDER.sub(lambda found: long.get(found[1], found[0]), sql) if long else sql), short


def _length(value: object) -> int:
    return sum(map(_length, value)) if isinstance(value, list | tuple) else len(str(value))


def _literal(value: object) -> str:
    if isinstance(value, str):  # the client's own function goes character by character, and these are megabytes
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(format_query_value(value))


_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


def _column(values: Sequence[Any], type_: ClickHouseType) -> pd.Series:
    """Return a column as the stages read it: times as datetime64 in UTC without a zone, numbers as numbers, all else as Python's own.

    The client's own data frames hold texts and times as Arrow, which answers one by one ten times slower than a list.
    """
    base = str(type_.base_type)
    if base.startswith("DateTime"):
        unit = _UNITS[getattr(type_, "scale", 0)]
        nothing = np.iinfo(np.int64).min  # what numpy reads as "not a time"
        ticks = [nothing if value is None else value for value in values] if type_.nullable else values
        return pd.Series(np.array(ticks, np.int64).view(f"datetime64[{unit}]"))
    plain = not type_.nullable and base.startswith(("Int", "UInt", "Float", "Bool"))
    return pd.Series(values) if plain and len(values) else pd.Series(values, dtype=object)


@contextmanager
def store_alone(settings: Settings) -> Iterator[None]:
    """Keep every other process from opening the store meanwhile: the engine locks its status file, and so does this.

    Raises :class:`UsageError` when one has it open; the engine itself would say so in several lines of its own.
    """
    status = settings.data / "store" / "status"
    if not status.exists():
        yield
        return
    with status.open("rb") as file:
        if not lock(file):
            raise UsageError(
                f"the engine has the store in {settings.data} open{holder_of(status)}; stop it first ('andon up' or 'andon engine')"
            )
        yield


def store_is_open(settings: Settings) -> bool:
    """Return whether a process has the embedded store open."""
    try:
        with store_alone(settings):
            return False
    except UsageError:
        return True


def open_store(settings: Settings) -> Store:
    """Open the store the settings name. Raises :class:`UsageError` for an unknown form."""
    if settings.store == "embedded":
        return Store(f"chdb://{make_folder(settings.store_folder)}")
    return Store(server_dsn(settings.store), settings.store_password.get_secret_value())
