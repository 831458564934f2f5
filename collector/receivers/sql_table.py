"""SQL tables: polls a table, such as an ERP's, for new and changed rows.

Every row becomes one event whose ``data`` is the row. A change column (a time, a date, a rising number, SQL Server's ``rowversion``, or
text that sorts as a time) tells what is new. A transaction that commits late brings rows whose change value is *before* what has already
been read; therefore every poll begins ``overlap_seconds`` (or ``overlap_ids``) before the start of the last one, and what was handed over
is remembered for that long. The event's id is a hash of table and row: a row read again is the same event, a row changed again is another
one.

On failure: the cursor is saved only once the journal has the rows; a full journal holds the page. A missing table or column, a key that is
NULL or a time without a zone pauses the source with one log line until it is repaired. A table whose newest row is behind the cursor
(restored from a backup) is read from the beginning.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from functools import partial
from typing import Any

import sqlalchemy as sa

from collector.backoff import Backoff
from collector.polling.database import cause_of
from collector.polling.outbox import SequenceGaps
from collector.polling.table_doubts import doubts_of
from collector.polling.table_poll import Kept, TablePoll
from collector.polling.table_settings import SqlTableSettings
from collector.polling.worker import Worker
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.errors import AndonError
from core.telemetry import M

LATE_SHARE = 0.5
OVERLAP_SHARE = 4
OVERLAP_LATEST_SECONDS = 600.0
_LOG = logging.getLogger("andon.collector.sql_table")
_POLL_ERRORS = (
    sa.exc.SQLAlchemyError,
    sqlite3.Error,
    AndonError,
    ImportError,
    OSError,
    ArithmeticError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What a poll raises: errors of the database and its driver, of the cursor's file, and values that are not times or numbers."""


class SqlTableReceiver:
    """Polls one table or query per source."""

    name = "sql_table"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(SqlTableSettings, settings)

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Look at the newest row. Raises what the database or its driver raises."""
        return doubts_of(parse_settings(SqlTableSettings, settings))

    async def run(self, context: ReceiverContext) -> None:
        """Poll until cancelled; reconnect for ever."""
        settings = parse_settings(SqlTableSettings, context.source.receiver or {})
        # One thread: a query cannot be interrupted, and neither the event loop nor a cancellation waits for it.
        with closing(Worker("sql_table")) as worker:
            await _poll_for_ever(context, settings, worker)


RECEIVER = SqlTableReceiver()


async def _poll_for_ever(context: ReceiverContext, settings: SqlTableSettings, worker: Worker) -> None:
    source, backoff, told = context.source.source, Backoff(), ""
    kept = Kept(SequenceGaps(settings.outbox.gap_seconds if settings.outbox else 0.0))
    lateness = _Lateness(context, settings)
    whole_at, cost = context.clock.monotonic(), 0.0
    fields = {"source": source, "table": settings.label}
    while True:
        try:
            # An overlap with very many rows is checked less often; new rows are read on every poll.
            began = context.clock.monotonic()
            whole = bool(told) or began - whole_at >= min(OVERLAP_SHARE * cost, OVERLAP_LATEST_SECONDS)
            poll = await worker.do(partial(TablePoll, context, settings, kept, whole=whole))
            while (page := await worker.do(poll.next_page)) is not None:
                if page.records:
                    await context.accept(page.records)
                await worker.do(partial(poll.save, page))
                context.tell_up(up=True)
            if whole:
                whole_at = context.clock.monotonic()
                cost = whole_at - began
                lateness.tell(kept)
            if told:
                _LOG.info("the table is read again", extra={"fields": fields})
            told, waiting = "", settings.poll_seconds
            backoff.reset()
        except _POLL_ERRORS as error:  # whatever it was, the next poll may work
            why = cause_of(error)
            context.tell_up(up=False, why=why)
            if why != told:
                _LOG.error("the table cannot be read, paused until it can", extra={"fields": {**fields, "why": why}})
            told, waiting = why, backoff.next()
        await asyncio.sleep(waiting)


class _Lateness:
    """Says when rows come later than the overlap covers, or nearly so."""

    def __init__(self, context: ReceiverContext, settings: SqlTableSettings) -> None:
        self._context = context
        self._fields = {"source": context.source.source, "table": settings.label}
        self._overlap_seconds = settings.overlap_seconds
        self._told = False

    def tell(self, kept: Kept) -> None:
        """Set the metric after a complete pass, and log once when it becomes too late, until it no longer is."""
        open_for = kept.open_seconds or 0.0
        late = max(kept.late, open_for / self._overlap_seconds if self._overlap_seconds else 0.0)
        self._context.telemetry.set(M.SOURCE_LATENESS, late, source=self._context.source.source)
        if late > LATE_SHARE and not self._told:
            why = {"share_of_overlap": round(late, 2), "open_transaction_seconds": round(open_for)}
            _LOG.warning("rows come late, raise the overlap or end what keeps them", extra={"fields": {**self._fields, **why}})
        self._told = late > LATE_SHARE
