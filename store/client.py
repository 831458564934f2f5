"""The only way to ClickHouse: the embedded engine or a server, through the same client and the same SQL.

A :class:`Store` gives each thread a client of its own: one client serializes its queries, several run in parallel. Times passed in are
aware; those returned are UTC, aware in rows and naive in data frames.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol, TypeVar

import clickhouse_connect
import numpy as np
import pandas as pd
import pyarrow as pa
from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.driver.binding import format_query_value
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.config import Settings, make_folder
from core.errors import NoRoom, Retryable, UsageError
from core.file_lock import holder_of, lock
from core.statement import literal
from store.disk.held import Batch, Held, write_where_there_is_room
from store.disk.patience import Patience
from store.revision import Revisions
from store.server import scheme_of, server_dsn, why
from store.stages.fresh import FreshRows
from store.statement import statement

with warnings.catch_warnings():
    # The engine's frames have ten to a few thousand rows: with Arrow strings, a fifth of each tick went into building and reading them.
    # Removed in pandas 4, as the warning says, which is why pyproject.toml excludes that version.
    warnings.simplefilter("ignore")
    pd.set_option("future.infer_string", False)

SESSION_SETTINGS: dict[str, Any] = {
    # A tick has many small statements, and starting threads for each took a fifth of it. Large statements say so (ALL_THREADS).
    "max_threads": 1,
    "date_time_input_format": "best_effort",
    "session_timezone": "UTC",
    "allow_suspicious_low_cardinality_types": 1,
    "max_query_size": 256 << 20,  # long parameters are written into their statement
}

ALL_THREADS: dict[str, Any] = {"max_threads": os.cpu_count() or 1}
"""Settings for a statement that reads a whole table."""


STORE_ERRORS = (ClickHouseError, Retryable)
"""What a failing open store raises: the client's errors, and that its disk accepts no more."""

_Result = TypeVar("_Result")
_NO_ROOM = ("NOT_ENOUGH_SPACE", "No space left on device", "Read-only file system", "Disk quota exceeded")
"""What the store's errors say if its disk accepts no more: it has one code of its own for that, and otherwise uses the system's words."""


class Keeper(Protocol):
    """Keeps rows in the journal as well (``store/recovery/keeping.py``)."""

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
        self._types: dict[str, dict[str, ClickHouseType]] = {}
        self.patience = Patience()
        self.held = Held(self._write, self.flush)
        self.fresh = {name: FreshRows() for name in ("folded", "transactions", "clocks")}
        """What was written lately (see :mod:`store.stages.fresh`).

        ``folded``: rows of ``transactions`` from correlation, for evaluation; ``transactions`` and ``clocks``: from there, for alerting.
        """
        self.heard: dict[str, int] = {}
        """When the last signal of each source that was loaded since the start was received, in milliseconds since 1970: perhaps it is not
        counted in the store yet."""
        self.last_slices: dict[str, int] = {}
        """The slice that the last signal of each source was loaded in since the start: it rises whatever clocks do."""
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
        """Run one statement that writes."""
        self.flush()
        return self.patience.run(partial(self._command, sql, parameters, dict(settings or {})))

    def _command(self, sql: str, parameters: Mapping[str, Any] | None, settings: dict[str, Any]) -> Any:
        with self.own_client() as client:
            return client.command(*_bound(sql, parameters), settings=settings)

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a query's rows as a data frame, read by this thread's client. Parameters bind as ``{name:Type}``; times are UTC, naive."""
        with self.own_client() as client:
            result = client.query(*_bound(sql, parameters), query_formats={"DateTime*": "int"})
        columns = result.result_columns or [[] for _ in result.column_names]
        described = zip(result.column_names, columns, result.column_types, strict=True)
        return pd.DataFrame({name: _column(values, type_) for name, values, type_ in described})

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return a query's rows as dictionaries; only for a few rows."""
        with self.own_client() as client:
            return list(client.query(*_bound(sql, parameters)).named_results())

    def table(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Return a query's rows as an Arrow table, without a Python object for any value: for nested columns, and for many rows."""
        sql, short = _bound(sql, parameters)
        with self.own_client() as client, pa.ipc.open_stream(client.raw_query(sql, short, fmt="ArrowStream")) as stream:
            return stream.read_all().combine_chunks()

    @contextmanager
    def own_client(self) -> Iterator[Client]:
        """Yield this thread's client.

        After a failure a new one, because the embedded engine puts what a failed query left before the next answer.

        Raises :class:`core.errors.NoRoom` if the store's disk accepts no more, and any other failure as it is.
        """
        client = self.reader
        try:
            yield client
        except ClickHouseError as error:
            del self._local.client
            client.close()
            if any(words in str(error) for words in _NO_ROOM):
                raise NoRoom(f"the disk of the store accepts no more: {' '.join(str(error).split())[:300]}") from error
            raise

    def keep_with(self, keeper: Keeper | None) -> None:
        """Let ``keeper`` keep what is inserted from now on; None: nothing is kept."""
        self._keeper = keeper

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert columns of equal length. Returns once the rows are on disk, and kept if they are to be kept."""
        self.insert_all({table: columns})

    def insert_all(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Insert into several tables, in the order given, like :meth:`insert`; the rows to be kept are kept together."""
        self.flush()
        self._write(Batch(dict(tables), tables))

    def insert_or_hold(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Insert like :meth:`insert_all`.

        What the disk does not accept waits in memory (:attr:`held`) and is written before what follows.
        """
        batch = Batch(dict(tables), tables)
        with suppress(NoRoom):  # whoever began the pending write-behind repeats it; it comes first, and may have to wait in memory
            self.flush()
        if not self.held:
            try:
                self._write(batch)
            except NoRoom:
                if not batch.tables:
                    return  # it is in the store, and the keeper knows that it lags behind
            else:
                return
        self.held.add(batch)
        write_where_there_is_room(self.held)

    def _write(self, batch: Batch) -> None:
        self.patience.run(partial(self._write_batch, batch))

    def _write_batch(self, batch: Batch) -> None:
        for table in list(batch.tables):
            self.put(table, batch.tables[table])
            del batch.tables[table]
        if self._keeper is not None:
            self._keeper.keep({table: columns for table, columns in batch.kept.items() if _rows(columns)})
        batch.kept = {}

    def put(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert rows that are already kept."""
        self.flush()
        if _rows(columns):
            self.patience.run(partial(self._put, table, columns))

    def _put(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        with self.own_client() as client:
            if not columns.keys() <= self._types.get(table, {}).keys():  # asking for them before every insert costs a third of a small one
                context = client.create_insert_context(table)
                self._types[table] = dict(zip(context.column_names, context.column_types, strict=True))
            types = [self._types[table][name] for name in columns]
            client.insert(table, list(columns.values()), column_names=list(columns), column_types=types, column_oriented=True)

    def insert_raw(
        self, table: str, block: bytes, format_: str, settings: Mapping[str, Any] | None = None, columns: Sequence[str] | None = None
    ) -> None:
        """Insert bytes already in a ClickHouse input format: several threads insert in parallel.

        ``columns``: those that the bytes hold, in their order; None: all.
        """
        self.flush()
        self.patience.run(partial(self._insert_raw, table, block, format_, dict(settings or {}), columns))

    def _insert_raw(self, table: str, block: bytes, format_: str, settings: dict[str, Any], columns: Sequence[str] | None) -> None:
        with self.own_client() as client:
            client.raw_insert(table, columns, insert_block=block, fmt=format_, settings=settings)

    def insert_table(self, table: str, rows: pa.Table) -> None:
        """Insert the rows of an Arrow table, by the names of its columns. They are not kept in the journal."""
        if len(rows):
            block = pa.BufferOutputStream()
            with pa.ipc.new_stream(block, rows.schema) as stream:
                stream.write_table(rows)
            self.insert_raw(table, block.getvalue().to_pybytes(), "ArrowStream")

    def side_by_side(self, *steps: Callable[[], _Result]) -> list[_Result]:
        """Run steps in parallel, each in a thread with a client of its own; return their results in order.

        Returns when all have ended; then the first failure, in order, is raised.
        """
        others = [self._pool.submit(step) for step in steps[1:]]
        try:
            first = steps[0]()
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def write_behind(self, step: Callable[[], object]) -> None:
        """Start a write in a thread of its own. It ends before this thread's next write begins, which raises whatever the step raised."""
        self.flush()
        self._local.behind = self._pool.submit(step)

    def flush(self) -> None:
        """Wait for this thread's write-behind. Raises what it raised."""
        begun: Future[object] | None = getattr(self._local, "behind", None)
        if begun is not None:
            self._local.behind = None
            begun.result()

    def revision(self, count: int = 1) -> int:
        """Return the first of ``count`` consecutive new revisions: they rise strictly and are never reused, even across restarts."""
        return self._revisions.next(count)

    def skip_revisions(self, upto: int) -> None:
        """Never hand out a revision up to this one: restored rows have them."""
        self._revisions.skip(upto)

    def _reserved_revision(self) -> int:
        return int(self.rows(statement("client/reserved_revision"))[0]["reserved"])

    def _reserve_revision(self, end: int) -> None:
        # In a thread that has started no write-behind: the caller's own may be waiting for a revision.
        self._pool.submit(self.insert_or_hold, {"revision_blocks": {"name": ["revision"], "reserved": [end]}}).result()

    def close(self) -> None:
        """Close this thread's client; those of other threads end with them."""
        try:
            self.flush()
        finally:
            self._pool.shutdown()
            self.patience.close()
            if hasattr(self._local, "client"):
                self._local.client.close()
                del self._local.client


def _rows(columns: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(columns.values()))) if columns else 0


_SENT_APART_MAX = 32 << 10
"""Longest parameter sent separately from its statement, in characters: a server accepts 128 KiB (``http_max_field_value_size``, which no
client can change)."""
_PLACEHOLDER = re.compile(r"\{(\w+):[^}]+\}")


def _bound(sql: str, parameters: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return a statement and its parameters as they are sent: those too long to be sent separately are written into it."""
    short = dict(parameters or {})
    long = {name: _literal(short.pop(name)) for name, value in [*short.items()] if _length(value) > _SENT_APART_MAX}
    return (_PLACEHOLDER.sub(lambda found: long.get(found[1], found[0]), sql) if long else sql), short


def _length(value: object) -> int:
    return sum(map(_length, value)) if isinstance(value, list | tuple) else len(str(value))


def _literal(value: object) -> str:
    # The client's own function goes character by character, and these are megabytes.
    if isinstance(value, str):
        return literal(value)
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, list) else str(format_query_value(value))


_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


def _column(values: Sequence[Any], type_: ClickHouseType) -> pd.Series:
    """Return a column as the stages read it.

    Times are datetime64 in UTC without a zone, numbers as numbers, everything else as Python objects.

    The client's own data frames hold strings and times as Arrow, which returns single values ten times more slowly than a list.
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
    """Keep every other process from opening the store in the meantime: the engine locks its status file, and so does this.

    Raises :class:`UsageError` if another process has it open; the engine itself would report that in several lines of its own.
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
    """Open the store that the settings name. Raises :class:`UsageError` for an unknown form."""
    if settings.store == "embedded":
        return Store(f"chdb://{make_folder(settings.store_folder)}")
    return Store(server_dsn(settings.store), settings.store_password.get_secret_value())
