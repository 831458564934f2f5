"""PostgreSQL's changes: reads what commits from the database's log, deletions included, by logical replication with ``pgoutput``.

Every change of a row is one event: ``data.row`` is the row (of a deletion what its log has: the key, or all of it with ``REPLICA
IDENTITY FULL``), ``data.old`` what an update says of the row before, and ``data.unchanged`` names large columns that an update left as
they were, so that the log does not have them. The event's time is that of the commit, its id follows from the place in the log: a
change read again is the same event. What was there before the slot was made is not read; ``sql_table`` reads it.

The slot is looked at, the journal takes what it has, and only then the slot is moved on. The database keeps its log for as long as we
are away: ``andon_source_held_bytes`` says how much, and ``max_slot_wal_keep_size`` bounds it.

On failure: a lost connection is retried for ever; a full journal holds the page; a slot that is gone or was invalidated is told as a
gap and made anew, and so is one whose log has changes of a time without the publication, which PostgreSQL can never tell; a publication
that is not there, and a slot that somebody else reads, are waited for.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from collector.backoff import Backoff
from collector.brokers.reconnecting import reconnect_for_ever
from collector.polling.cdc_doubts import doubts_of, without_publication
from collector.polling.cdc_settings import CdcSettings
from collector.polling.change_events import ChangeEvents
from collector.polling.paused import PausedError
from collector.polling.pgoutput import Committed, Decoder
from collector.polling.postgres_slot import CHANGES_MAX, Slot, written
from collector.polling.worker import Worker
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.errors import AndonError
from core.secrets import resolve_secret
from core.signal import Record
from core.telemetry import M

PAGE_RECORDS = 2_000
PAGE_BYTES = 4 << 20
_ERRORS = (psycopg.Error, sa.exc.SQLAlchemyError, AndonError, ImportError, OSError, ValueError, LookupError)
_LOG = logging.getLogger("andon.collector.postgres_cdc")


class PostgresCdcReceiver:
    """Reads one slot per source."""

    name = "postgres_cdc"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(CdcSettings, settings)

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Look at the database's settings, the publication and the slot. Raises what the database or its driver raises."""
        with closing(Slot(parse_settings(CdcSettings, settings))) as slot:
            return doubts_of(slot, parse_settings(CdcSettings, settings))

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(CdcSettings, context.source.receiver or {})
        with closing(Worker("postgres_cdc")) as worker:
            reading = _Reading(context, settings, worker)
            await reconnect_for_ever(context, reading.session, _ERRORS, _LOG, slot=settings.slot)


RECEIVER = PostgresCdcReceiver()


class _Reading:
    """What is known from one connection to the next."""

    def __init__(self, context: ReceiverContext, settings: CdcSettings, worker: Worker) -> None:
        self._context = context
        self._settings = settings
        self._worker = worker
        self._warned = False

    async def session(self, backoff: Backoff) -> None:
        """Read over one connection until it is lost."""
        slot, confirmed, most = await self._worker.do(partial(Slot, self._settings)), "", CHANGES_MAX
        try:
            while True:
                await self._worker.do(partial(self._prepare, slot))
                pages = _Pages(slot, confirmed, most, ChangeEvents(self._context, self._settings, slot.connection))
                try:
                    await self._accept(pages)
                except psycopg.errors.UndefinedObject:
                    if most == 1:
                        await self._worker.do(partial(self._give_up, slot))
                    most = 1  # what committed before, one transaction at a time
                    continue
                confirmed = await self._worker.do(pages.confirm)
                self._context.tell_up(up=True)
                backoff.reset()
                if not pages.full:
                    most = CHANGES_MAX
                    await asyncio.sleep(self._settings.poll_seconds)
        finally:
            self._worker.do_later(slot.close)

    async def _accept(self, pages: _Pages) -> None:
        await self._worker.do(pages.begin)
        while (page := await self._worker.do(pages.next)) is not None:
            await self._context.accept(page)

    def _give_up(self, slot: Slot) -> None:
        """Drop a slot whose next change cannot be told: its log is of a time without the publication. It is made anew."""
        slot.drop()
        _Made(self._context.state, self._settings).forget()
        self._context.tell_gap("the publication was gone for a time, changes from then until now are not read", slot=self._settings.slot)

    def _prepare(self, slot: Slot) -> None:
        """Make the slot if there is none, and say what is wrong with it.

        Raises :class:`PausedError` for one that is not ours, and while there is no publication: a slot that is older than its publication
        can never be read.
        """
        made = _Made(self._context.state, self._settings)
        state = slot.find()
        if state is not None and state.lost:
            slot.drop()
            state = None
        if state is not None:
            if not state.usable:
                raise PausedError(f"the slot '{self._settings.slot}' is of another database or another plugin; name another under 'slot'")
            made.remember()
            self._tell_held(state.held or 0)
        if not slot.is_published():
            raise PausedError(without_publication(self._settings.publication))
        if state is None:
            if made.known:
                self._context.tell_gap("the slot was lost, changes that it had not told are not read", slot=self._settings.slot)
            slot.make()
            made.remember()

    def _tell_held(self, held: int) -> None:
        self._context.telemetry.set(M.SOURCE_HELD_BYTES, held, source=self._context.source.source)
        much = held > self._settings.warn_held_bytes
        if much and not self._warned:
            fields = {"source": self._context.source.source, "slot": self._settings.slot, "bytes": held}
            _LOG.warning("the database keeps much of its log for us; its disk may fill up", extra={"fields": fields})
        self._warned = much


class _Made:
    """Whether the slot was there before: the database knows nothing of one that is gone."""

    def __init__(self, folder: Path, settings: CdcSettings) -> None:
        at = sa.make_url(resolve_secret(settings.url))
        self._file = folder / "slot.json"
        self._identity = json.dumps([at.host, at.port, at.database, settings.slot])
        self.known = self._file.exists() and self._file.read_text(encoding="utf-8") == self._identity

    def remember(self) -> None:
        if not self.known:
            self._file.write_text(self._identity, encoding="utf-8")

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)


class _Pages:
    """One look at the slot. All of it runs in the worker's thread."""

    def __init__(self, slot: Slot, confirmed: str, most: int, events: ChangeEvents) -> None:
        self._slot = slot
        self._most = most
        self._before = confirmed
        self._events = events
        self._decoder = Decoder()
        self._messages: Iterator[tuple[int, bytes]] = iter(())
        self._confirmed = confirmed
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether there is more to ask for."""
        return self._count >= self._most

    def begin(self) -> None:
        """Ask; if nothing of ours is in the log, all of it up to here may go."""
        self._confirmed = self._slot.end_of_log()
        if self._confirmed != self._before:
            self._messages = self._slot.peek(self._confirmed, self._most)

    def next(self) -> list[Record] | None:
        """Return the records of the next changes, at most a page; None after the last."""
        page: list[Record] = []
        size = 0
        for lsn, message in self._messages:
            self._count += 1
            read = self._decoder.read(lsn, message)
            if isinstance(read, Committed):
                self._confirmed = written(read.end)
                continue
            page += [self._events.record(change) for change in read]
            size += len(message)
            if len(page) >= PAGE_RECORDS or size >= PAGE_BYTES:
                return page
        return page or None

    def confirm(self) -> str:
        """Say that the journal has all of it; return up to where."""
        if self._confirmed != self._before:
            self._slot.confirm(self._confirmed)
        return self._confirmed
