"""One pass over what is new in a table, in pages, with one connection per page."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from collector.message import records_of
from collector.polling.change_order import ChangeOrder
from collector.polling.cursor import Cursor
from collector.polling.database import find_columns, open_engine
from collector.polling.open_transactions import Horizon, open_seconds
from collector.polling.outbox import Outbox, SequenceGaps, message_of
from collector.polling.paused import PausedError
from collector.polling.row_events import RowEvents
from collector.polling.table_settings import SqlTableSettings
from collector.polling.table_statement import POSITION, SETTLED, TableStatement
from collector.receiver import ReceiverContext
from core.clock import to_milliseconds
from core.secrets import resolve_secret
from core.signal import Record

_LOG = logging.getLogger("andon.collector.sql_table")


@dataclass(frozen=True)
class Page:
    """Rows as records; ``seen`` maps each event id to its row's change rank, ``newest`` is the highest rank."""

    records: list[Record]
    seen: dict[bytes, int]
    newest: int | None


@dataclass
class Kept:
    """What one pass tells the next. ``open_seconds``: the age of the oldest open transaction, None if the database does not say."""

    gaps: SequenceGaps
    horizon: Horizon = field(default_factory=Horizon)
    open_seconds: float | None = None
    late: float = 0.0
    """How late a row came in the last complete pass, as a share of the overlap."""


class TablePoll:
    """``whole``: with the overlap, else only what is beyond the cursor."""

    def __init__(self, context: ReceiverContext, settings: SqlTableSettings, kept: Kept, *, whole: bool = True) -> None:
        """Inspect the table's current columns. Raises :class:`PausedError`."""
        self._context = context
        self._whole = whole
        self._kept = kept
        self._settings = settings
        self._engine = open_engine(resolve_secret(settings.url))
        self._cursor = Cursor(context.state, _identity(self._engine.url, settings))
        self._origin = find_columns(self._engine, settings.table, settings.query, [*settings.named, *settings.columns])
        change = self._origin.c[settings.change]
        # SQLite keeps times as text in whatever form they were written: texts are compared with texts, never with times.
        as_text = self._engine.dialect.name == "sqlite" and isinstance(change.type, (sa.Date, sa.DateTime))
        self._order = ChangeOrder(settings, as_text)
        self._events = RowEvents(context, self._order)
        keys = [self._origin.c[name] for name in settings.keys]
        self._ask = TableStatement(self._origin, sa.type_coerce(change, sa.String()) if as_text else change, keys)
        self._after: list[Any] | None = None
        self._done = False
        self._keep_from: int | None = None
        self._reached: int | None = None
        self._last = self._cursor.newest
        self._before = self._cursor.newest
        self._latest = math.inf
        self._example: Any = None
        self._kept.late = 0.0 if whole else self._kept.late
        self._low = self._begin(change)
        self._refuse_nulls()

    def next_page(self) -> Page | None:
        """Return the next page, or None after the last one."""
        if self._done:
            return None
        chosen = dict.fromkeys([*self._settings.named, *self._settings.columns]) if self._settings.columns else self._origin.c.keys()
        statement = self._ask.page([self._origin.c[name] for name in chosen], self._beyond(), self._settings.page_rows)
        with self._engine.connect() as connection:
            found = connection.execute(statement)
            names = tuple(found.keys())
            rows = [dict(zip(names, row, strict=True)) for row in found]
        self._done = len(rows) < self._settings.page_rows
        if rows:
            self._after = [rows[-1][POSITION], *(rows[-1][name] for name in self._settings.keys)]
        for row in rows:
            del row[POSITION]
        return self._page(rows)

    def save(self, page: Page) -> None:
        """Record what the journal now has."""
        if page.newest is not None:
            self._cursor.save(page.seen, page.newest, forget_below=self._keep_from)
        if self._done and self._whole and self._reached is not None:
            self._cursor.finish(self._reached)

    def _begin(self, change: Any) -> Any:
        """Return the change value at which this pass begins, or None for the beginning of the table.

        The next pass counts its overlap back from what exists when a complete pass begins (``_reached``): anything that commits while this
        one runs, however long the journal delays it, is at most an overlap before that.
        """
        clock, began = self._context.clock, self._context.clock.monotonic()
        last = self._newest(change)
        if last is None:
            return None
        self._example, rank = last, self._order.rank(last)
        # A row dated in the future must not hide those that come before it.
        self._latest = math.inf if self._order.moment(last) is None else to_milliseconds(clock.now()) * 1000
        if self._whole:
            oldest = None if self._kept.open_seconds is None else began - self._kept.open_seconds
            reached = int(min(rank, self._latest))
            self._reached = self._kept.horizon.settled(reached, clock.monotonic(), self._cursor.reached, oldest)
        if self._cursor.reached is None or self._cursor.newest is None:
            self._whole = True
            return None
        if not self._whole:
            return self._order.value(self._cursor.newest, last)
        low = self._order.overlapped(self._cursor.reached, last)
        if rank < low:
            fields = {"source": self._context.source.source, "table": self._settings.label}
            _LOG.warning("the newest row is behind what was already read, reading from the beginning", extra={"fields": fields})
            self._cursor.forget()
            return None
        self._keep_from = self._order.kept_from(low, last)
        return self._order.value(low, last)

    def _newest(self, change: Any) -> Any:
        """Return the highest change value, as the database types it; None for an empty table."""
        with self._engine.connect() as connection:
            if self._whole:
                self._kept.open_seconds = open_seconds(connection)
            last = connection.execute(self._ask.newest(change)).scalar()
            settled = SETTLED.get(self._engine.dialect.name)
            if settled is not None and isinstance(last, bytes):
                self._ask = replace(self._ask, below=settled())
                last = connection.execute(self._ask.newest(change)).scalar()
        return last

    def _refuse_nulls(self) -> None:
        """Raise :class:`PausedError` for rows that fit nowhere in the order; they would never be read."""
        statement = self._ask.nulls(self._low)
        if statement is None:
            return
        with self._engine.connect() as connection:
            found = connection.execute(statement).scalar()
        if found:
            names = ", ".join([self._settings.change, *self._settings.keys])
            raise PausedError(f"a row has NULL in its key or change column ({names}); fill it, or exclude such rows with 'query'")

    def _beyond(self) -> Any:
        """Return the condition for the next page."""
        if self._after is not None:
            value, *keys = self._after
            return self._ask.after(value, keys)
        if self._low is None:
            return None
        return self._ask.change >= self._low if self._whole else self._ask.change > self._low

    def _page(self, rows: Sequence[dict[str, Any]]) -> Page:
        ranks = [self._order.rank(row[self._settings.change]) for row in rows]
        if (
            self._settings.outbox is not None
            and self._last is not None
            and rows
            and self._order.moment(rows[0][self._settings.change]) is None
        ):
            ready = self._kept.gaps.ready(ranks, self._last, self._context.clock.monotonic())
            if ready < len(rows):  # the next pass looks again
                rows, ranks, self._done, self._reached = rows[:ready], ranks[:ready], True, None
            self._last = max([self._last, *ranks])
        data = self._events.data_of(rows)
        identities = [self._events.identity(each) for each in data]
        known = self._cursor.known(identities)
        new = [number for number, identity in enumerate(identities) if identity not in known]
        seen = {identities[number]: ranks[number] for number in new}
        self._measure(min(seen.values(), default=None))
        if self._settings.outbox is None:
            now = self._context.now()
            records = [self._events.record(identities[number], rows[number], data[number], now) for number in new]
        else:
            records = self._messages(self._settings.outbox, [(data[number].key, rows[number]) for number in new])
        return Page(records, seen, max(ranks, default=None))

    def _measure(self, first: int | None) -> None:
        """Note how far a row that had not been there lies behind what was read before this pass."""
        if self._whole and first is not None and self._before is not None:
            late = int(min(self._before, self._latest)) - first
            self._kept.late = max(self._kept.late, self._order.share(late, self._example))

    def _messages(self, outbox: Outbox, rows: Sequence[tuple[str, dict[str, Any]]]) -> list[Record]:
        messages = [message_of(outbox, self._settings.label, key, row, self._events.moment(row)) for key, row in rows]
        return list(records_of(messages, self._context, self._settings.message_events))


def _identity(at: sa.URL, settings: SqlTableSettings) -> str:
    """Return what is read, and where: a position in one database means nothing in another. User and password may change."""
    return json.dumps([at.host, at.port, at.database, settings.table, settings.query, settings.keys, settings.change])
