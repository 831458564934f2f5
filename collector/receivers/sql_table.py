"""SQL tables: polls a table, such as an ERP's, for new and changed rows.

Every row becomes one event whose ``data`` is the row. A change column (a time, a date or a rising number) tells what is new. A transaction
that commits late brings rows whose change value is *before* what has already been read; therefore every poll begins ``overlap_seconds`` (or
``overlap_ids``) before the start of the last one, and what was handed over is remembered for that long. The event's id is a hash of table,
key, change value and row: a row read again is the same event, a row changed again is another one.

On failure: the cursor is saved only once the journal has the rows; a full journal holds the page. A missing table or column, a key that is
NULL or a time without a zone pauses the source with one log line until it is repaired. A table whose newest row is behind the cursor
(restored from a backup) is read from the beginning.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from collector.backoff import Backoff
from collector.cloud_events import STRUCTURED, parse_structured
from collector.polling.cursor import Cursor
from collector.polling.database import find_columns, open_engine
from collector.polling.paused import PausedError
from collector.polling.row_json import json_value
from collector.polling.table_settings import SqlTableSettings
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from collector.rejection import Rejection
from core.clock import EPOCH, from_milliseconds, to_milliseconds
from core.errors import AndonError
from core.secrets import resolve_secret
from core.signal import Record, SignalKind

OVERLAP_SHARE = 4
OVERLAP_LATEST_SECONDS = 600.0
_LOG = logging.getLogger("andon.collector.sql_table")
_POSITION = "andon_position"
_HOUR = 3_600_000_000
_REPEATED_HOURS = 2 * _HOUR
_COARSE_HOURS = 25 * _HOUR
_POLL_ERRORS = (sa.exc.SQLAlchemyError, sqlite3.Error, AndonError, ImportError, OSError, ArithmeticError, TypeError, ValueError)
"""What a poll raises: errors of the database and its driver, of the cursor's file, and values that are not times or numbers."""
T = TypeVar("T")


class SqlTableReceiver:
    """Polls one table or query per source."""

    name = "sql_table"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(SqlTableSettings, settings)

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Look at the newest row. Raises what the database or its driver raises."""
        return [found] if (found := _doubt(parse_settings(SqlTableSettings, settings))) else []

    async def run(self, context: ReceiverContext) -> None:
        """Poll until cancelled; reconnect for ever."""
        settings = parse_settings(SqlTableSettings, context.source.receiver or {})
        # One thread: a query cannot be interrupted, and neither the event loop nor a cancellation waits for it.
        with closing(_Worker()) as worker:
            await _poll_for_ever(context, settings, worker)


RECEIVER = SqlTableReceiver()


class _Worker:
    """The thread that talks to the database."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "sql_table")

    async def do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


async def _poll_for_ever(context: ReceiverContext, settings: SqlTableSettings, worker: _Worker) -> None:
    source, backoff, told = context.source.source, Backoff(), ""
    whole_at, cost = context.clock.monotonic(), 0.0
    fields = {"source": source, "table": settings.label}
    while True:
        try:
            # An overlap with very many rows is checked less often; new rows are read on every poll.
            began = context.clock.monotonic()
            whole = bool(told) or began - whole_at >= min(OVERLAP_SHARE * cost, OVERLAP_LATEST_SECONDS)
            poll = await worker.do(partial(_Poll, context, settings, whole=whole))
            while (page := await worker.do(poll.next_page)) is not None:
                if page.records:
                    await context.accept(page.records)
                await worker.do(partial(poll.save, page))
                context.tell_up(up=True)
            if whole:
                whole_at = context.clock.monotonic()
                cost = whole_at - began
            if told:
                _LOG.info("the table is read again", extra={"fields": fields})
            told, waiting = "", settings.poll_seconds
            backoff.reset()
        except _POLL_ERRORS as error:  # whatever it was, the next poll may work
            context.tell_up(up=False)
            why = _one_line(error)
            if why != told:
                _LOG.error("the table cannot be read, paused until it can", extra={"fields": {**fields, "why": why}})
            told, waiting = why, backoff.next()
        await asyncio.sleep(waiting)


def _doubt(settings: SqlTableSettings) -> str | None:
    """Return why rows would count from the time of their loading, which is nobody's wish; None if they say when they happened."""
    engine = open_engine(resolve_secret(settings.url))
    origin = find_columns(engine, settings.table, settings.query, [*settings.named, *settings.columns])
    change = origin.c[settings.change]
    newest = sa.select(*(origin.c[name] for name in settings.named)).where(change.is_not(None)).order_by(change.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(newest).mappings().first()
    if row is None:
        return None
    if settings.time is None and not isinstance(row[settings.change], datetime):
        return (
            f"the change column '{settings.change}' says no time ({type(row[settings.change]).__name__}), so every row would count from the "
            "time it is loaded; name the column that says when it happened under 'time'"
        )
    try:
        _ = settings.time and settings.time.of(dict(row), lambda moment: moment)
    except (ValueError, OverflowError) as error:
        return (
            f"the newest row says no time that can be read, so it would count from the time it is loaded ({error}); give 'time' its format"
        )
    return None


def _one_line(error: Exception) -> str:
    """Return the cause without the statement and its parameters, which contain the user's data."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return f"{type(cause).__name__}: {(str(cause).splitlines() or [''])[0]}"


@dataclass(frozen=True)
class _Page:
    """Rows as records; ``seen`` maps each event id to its row's change rank, ``newest`` is the highest rank."""

    records: list[Record]
    seen: dict[bytes, int]
    newest: int | None


def _identity(at: sa.URL, settings: SqlTableSettings) -> str:
    """Return what is read, and where: a position in one database means nothing in another. User and password may change."""
    return json.dumps([at.host, at.port, at.database, settings.table, settings.query, settings.keys, settings.change])


class _Poll:
    """One pass over what is new, in pages, with one connection per page."""

    def __init__(self, context: ReceiverContext, settings: SqlTableSettings, *, whole: bool = True) -> None:
        """Inspect the table's current columns.

        ``whole``: with the overlap, else only what is beyond the cursor. Raises :class:`PausedError`.
        """
        self._context = context
        self._whole = whole
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone) if settings.time_zone else None
        self._engine = open_engine(resolve_secret(settings.url))
        self._cursor = Cursor(context.state, _identity(self._engine.url, settings))
        self._origin = find_columns(self._engine, settings.table, settings.query, [*settings.named, *settings.columns])
        change = self._origin.c[settings.change]
        # SQLite keeps times as text in whatever form they were written: texts are compared with texts, never with times.
        self._as_text = self._engine.dialect.name == "sqlite" and isinstance(change.type, (sa.Date, sa.DateTime))
        self._change: Any = sa.type_coerce(change, sa.String()) if self._as_text else change
        self._keys: list[Any] = [self._origin.c[name] for name in settings.keys]
        self._after: list[Any] | None = None
        self._done = False
        self._timeless = False
        self._keep_from: int | None = None
        self._reached: int | None = None
        self._low = self._begin()
        self._refuse_nulls()

    def next_page(self) -> _Page | None:
        """Return the next page, or None after the last one."""
        if self._done:
            return None
        chosen = dict.fromkeys([*self._settings.named, *self._settings.columns]) if self._settings.columns else self._origin.c.keys()
        columns = [self._origin.c[name] for name in chosen]
        statement = sa.select(*columns, self._change.label(_POSITION)).where(self._beyond()).order_by(self._change, *self._keys)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(statement.limit(self._settings.page_rows)).mappings()]
        self._done = len(rows) < self._settings.page_rows
        if rows:
            self._after = [rows[-1][_POSITION], *(rows[-1][name] for name in self._settings.keys)]
        for row in rows:
            del row[_POSITION]
        return self._page(rows)

    def save(self, page: _Page) -> None:
        """Record what the journal now has."""
        if page.newest is not None:
            self._cursor.save(page.seen, page.newest, forget_below=self._keep_from)
        if self._done and self._whole and self._reached is not None:
            self._cursor.finish(self._reached)

    def _begin(self) -> Any:
        """Return the change value at which this pass begins, or None for the beginning of the table.

        The next pass counts its overlap back from what exists when a complete pass begins (``_reached``): anything that commits while this
        one runs, however long the journal delays it, is at most an overlap before that.
        """
        change = self._origin.c[self._settings.change]
        with self._engine.connect() as connection:
            last = connection.execute(sa.select(change).where(change.is_not(None)).order_by(self._change.desc()).limit(1)).scalar()
        if last is None:
            return None
        self._reached = rank = self._rank(last)
        if isinstance(last, date):
            # A row dated in the future must not hide those that come before it.
            self._reached = min(rank, to_milliseconds(self._context.clock.now()) * 1000)
        if self._cursor.reached is None or self._cursor.newest is None:
            self._whole = True
            return None
        if not self._whole:
            return self._unranked(self._cursor.newest, last)
        low = self._shifted(self._cursor.reached) if isinstance(last, date) else self._cursor.reached - self._settings.overlap_ids
        if rank < low:
            fields = {"source": self._context.source.source, "table": self._settings.label}
            _LOG.warning("the newest row is behind what was already read, reading from the beginning", extra={"fields": fields})
            self._cursor.forget()
            return None
        self._keep_from = self._kept_from(low, last)
        return self._unranked(low, last)

    def _kept_from(self, low: int, example: Any) -> int:
        """Return a rank (microseconds for times) below that of every row that a pass from ``low`` reads: those must be remembered."""
        if not isinstance(example, date):
            return low
        # A date is compared whole, and a text with 'T' sorts after every text of its day with a space: such a pass reads the whole day of
        # ``low``, by the local clock.
        coarse = self._as_text or not isinstance(example, datetime)
        return low - _REPEATED_HOURS - (_COARSE_HOURS if coarse else 0)

    def _refuse_nulls(self) -> None:
        """Raise :class:`PausedError` for rows that fit nowhere in the order; they would never be read."""
        columns = [self._origin.c[self._settings.change], *self._keys]
        doubtful = [column.is_(None) for column in columns if getattr(column, "nullable", True)]
        if not doubtful:
            return
        since = sa.true() if self._low is None else sa.or_(self._change >= self._low, self._change.is_(None))
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(sa.literal(1)).select_from(self._origin).where(sa.or_(*doubtful), since).limit(1)).scalar()
        if found:
            names = ", ".join(column.name for column in columns)
            raise PausedError(f"a row has NULL in its key or change column ({names}); fill it, or exclude such rows with 'query'")

    def _shifted(self, rank: int) -> int:
        """Return the rank (microseconds UTC) ``overlap_seconds`` earlier; an hour that local time repeats is read again, too."""
        low = rank - round(self._settings.overlap_seconds * 1_000_000)
        if self._zone is not None:
            moment = from_milliseconds(rank // 1000).astimezone(self._zone)
            before, after = ((moment + timedelta(hours=hours)).utcoffset() for hours in (-4, 4))
            low -= max(0, round(((before or timedelta()) - (after or timedelta())) / timedelta(microseconds=1)))
        return low

    def _rank(self, value: Any) -> int:
        """Return a change value as a number that rises with it. Raises :class:`PausedError` for what cannot rise."""
        if isinstance(value, datetime):
            return (self._zoned(value) - EPOCH) // timedelta(microseconds=1)
        if isinstance(value, date):
            return (datetime.combine(value, time(), UTC) - EPOCH) // timedelta(microseconds=1)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return math.floor(value)
        kind = type(value).__name__
        raise PausedError(
            f"change column '{self._settings.change}' holds {kind}, neither a time nor a date nor a whole number; name another"
        )

    def _unranked(self, rank: int, example: Any) -> Any:
        """Return the change value for a rank, of the same type as ``example``; for SQLite as the shortest text of it."""
        if not isinstance(example, date):
            return rank
        moment = EPOCH + timedelta(microseconds=rank)
        if not isinstance(example, datetime):
            return moment.date().isoformat() if self._as_text else moment.date()
        if example.tzinfo is None:
            moment = moment.astimezone(self._zone).replace(tzinfo=None)
        return f"{moment:%Y-%m-%d %H:%M:%S}" if self._as_text else moment

    def _zoned(self, value: datetime) -> datetime:
        if value.tzinfo is not None:
            return value
        if self._zone is None:
            raise PausedError("the table has times without a zone; set 'time_zone'")
        return value.replace(tzinfo=self._zone)

    def _beyond(self) -> Any:
        """Return the condition for the next page: (c > :c) OR (c = :c AND (k1 > :k1 OR …)); row values are not portable."""
        if self._after is None:
            low = sa.true() if self._low is None else self._change >= self._low
            return low if self._whole or self._low is None else self._change > self._low
        value, *last = self._after
        beyond: Any = sa.false()
        for column, key in reversed(list(zip(self._keys, last, strict=True))):
            beyond = sa.or_(column > key, sa.and_(column == key, beyond))
        return sa.or_(self._change > value, sa.and_(self._change == value, beyond))

    def _page(self, rows: Sequence[dict[str, Any]]) -> _Page:
        ranked = [(self._rank(row[self._settings.change]), *self._event(row)) for row in rows]
        known = self._cursor.known([identity for _, identity, _ in ranked])
        records = [self._record(event) for _, identity, event in ranked if identity not in known]
        seen = {identity: rank for rank, identity, _ in ranked if identity not in known}
        return _Page(records, seen, max((rank for rank, *_ in ranked), default=None))

    def _event(self, row: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        data = {name: json_value(value, self._zoned) for name, value in row.items()}
        key = [data[name] for name in self._settings.keys]
        text = json.dumps([self._settings.label, key, data[self._settings.change], data], sort_keys=True, ensure_ascii=False)
        identity = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:20]
        event = {
            "specversion": "1.0",
            "id": identity.hex(),
            "source": self._settings.event_source.replace("{table}", self._settings.label),
            "type": self._settings.event_type.replace("{table}", self._settings.label),
            "subject": "/".join(str(part) for part in key)[:4096],
            "datacontenttype": "application/json",
            "data": data,
        }
        if (moment := self._moment(row)) is not None:
            event["time"] = moment.isoformat()
        return identity, event

    def _moment(self, row: dict[str, Any]) -> datetime | None:
        """Return when a row happened; None if it does not say, so that the time of loading counts."""
        if self._settings.time is None:
            change = row[self._settings.change]
            return self._zoned(change) if isinstance(change, datetime) else None
        try:
            return self._settings.time.of(row, self._zoned)
        except (ValueError, OverflowError) as error:
            if not self._timeless:
                fields = {"source": self._context.source.source, "table": self._settings.label, "why": str(error)}
                _LOG.warning("a row says no time that can be read, it counts from the time it was loaded", extra={"fields": fields})
            self._timeless = True
            return None

    def _record(self, event: dict[str, Any]) -> Record:
        body = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
        try:
            return self._context.event(parse_structured(body))
        except Rejection as rejection:
            kind, peer = SignalKind.EVENT.value, f"sql:{self._settings.label}"
            return self._context.quarantined(rejection.error, body, kind=kind, content_type=STRUCTURED, peer=peer)
