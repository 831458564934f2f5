"""Finds what the store has lost, reports it, and records what of it came back.

Rows are lost with the part that held them: its files were removed or cannot be read. At the start the ledger (``parts_ledger.py``) is
compared with what exists, and from then on, every ten seconds, the engine's list with its files. Losses found become rows of the table
``losses``; the engine's own thread repairs them (``andon/engine/recovery.py``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from core.clock import EPOCH, Clock, from_milliseconds
from core.condition import Condition, Conditions
from core.errors import NoRoom, Retryable
from core.plural import counted
from core.telemetry import M, Telemetry
from store.client import STORE_ERRORS, Store
from store.recovery.parts import Part, holds_something, missing
from store.recovery.parts_ledger import Listed, PartsLedger, listed
from store.statement import statement

LOOK_EVERY_SECONDS = 10.0
TOLD_FOR = timedelta(days=7)
"""How long anything that could not be restored remains an open incident and part of the accounting difference."""
CONDITION = "store-loss"
log = logging.getLogger("store.recovery.losses")


@dataclass(frozen=True, slots=True)
class Loss:
    """Parts of a table that are gone, as stored in ``losses``. ``first_at``, ``last_at``: when their rows were received; EPOCH: unknown."""

    loss_id: str
    table_name: str
    parts: tuple[str, ...]
    lost_rows: int
    first_at: datetime
    last_at: datetime
    found_at: datetime
    mended_at: datetime | None = None
    missing_rows: int = 0
    missing: str = ""

    @property
    def words(self) -> str:
        """What was lost, as the beginning of a sentence."""
        days = f"{self.first_at:%Y-%m-%d}" + (f" to {self.last_at:%Y-%m-%d}" if self.last_at.date() > self.first_at.date() else "")
        received = f", received {days}" if self.first_at > EPOCH else ""
        return f"The store lost {counted(self.lost_rows, 'row')} of {self.table_name} in {counted(len(self.parts), 'part')}{received}"


class Losses:
    """Checks, reports and saves. Any thread may call; only one checks at a time."""

    def __init__(
        self,
        store: Store,
        ledger: PartsLedger,
        clock: Clock,
        telemetry: Telemetry,
        conditions: Conditions,
        meanwhile: Mapping[str, list[Part]] | None = None,
    ) -> None:
        """``meanwhile``: what was lost before the store was opened."""
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._telemetry = telemetry
        self._conditions = conditions
        self._lock = threading.RLock()
        self._known = {loss.loss_id: loss for loss in _saved(store)}
        try:
            if meanwhile:
                self._found(meanwhile)
        except Retryable:
            log.exception("the losses are known to this process only")
        self._tell()
        self._note(listed(store, active=True))

    def run(self, stopping: threading.Event) -> None:
        """Check until stopped; runs in a thread of its own."""
        while not stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self.look()
            except (*STORE_ERRORS, OSError):
                log.exception("the parts of the store could not be checked; trying again")

    def look(self) -> None:
        """Compare what was there with what is there; report what is lost, and record the rest as known."""
        with self._lock:
            there = listed(self._store, active=True)
            without_files = self._without_files(there)
            doubted = {}
            for table, known in _joined(self._ledger.known, without_files).items():
                gone = {part.name for part in without_files.get(table, [])}
                if found := missing(known, [one.part for one in there.get(table, []) if one.part.name not in gone]):
                    doubted[table] = found
            if doubted and (lost := self._not_covered(doubted)):
                self._found(lost)
                for table, parts in without_files.items():
                    self._let_go(table, parts)
                there = listed(self._store, active=True)
            self._tell()
            self._note(there)

    def detach(self, table: str, part: Part) -> None:
        """Take a damaged part out of a table, which keeps it in ``detached/``, and record it as lost. Raises ``ClickHouseError``."""
        with self._lock:
            self._store.command(statement("losses/detach_part", table=table, part=part.name))
            self._found({table: [part]})
            self._tell()
            self._note(listed(self._store, active=True))

    def waiting(self) -> list[Loss]:
        """Return what is to be restored, the earliest first; waits for no check, which may hang with the disk."""
        return sorted((loss for loss in list(self._known.values()) if loss.mended_at is None), key=lambda loss: loss.found_at)

    def mended(self, loss: Loss, missing_rows: int, sentences: list[str]) -> None:
        """Record that everything the journal has is back; ``sentences`` say what is not."""
        with self._lock:
            done = replace(loss, mended_at=self._clock.now(), missing_rows=missing_rows, missing="; ".join(sentences))
            self._save(done)
            fields = {"event": "store_mended", "table": loss.table_name, "rows": loss.lost_rows, "missing_rows": missing_rows}
            (log.error if sentences else log.warning)(
                "what the store had lost is restored", extra={"fields": {**fields, "missing": sentences}}
            )
            self._tell()
            self._note(listed(self._store, active=True))

    def _note(self, there: Mapping[str, list[Listed]]) -> None:
        """Record what exists now as known; only in this process until the disk accepts the ledger."""
        try:
            self._store.patience.run(partial(self._ledger.write, there))
        except (OSError, NoRoom) as error:
            log.warning("the ledger of parts cannot be written; trying again", extra={"fields": {"error": str(error)}})

    def _without_files(self, there: Mapping[str, list[Listed]]) -> dict[str, list[Part]]:
        """Return the parts that the engine still lists although their files are gone."""
        if self._ledger.folder is None:
            return {}
        found = {table: [one.part for one in parts if not holds_something(one.path)] for table, parts in there.items()}
        return {table: parts for table, parts in found.items() if parts}

    def _not_covered(self, doubted: Mapping[str, list[Part]]) -> dict[str, list[Part]]:
        """Leave out what was merged, deleted or detached, which the engine still lists, and tables that no longer exist."""
        everything = listed(self._store, active=False, tables=list(doubted))
        tables = {str(row["name"]) for row in self._store.rows(statement("tables"))}
        lost = {}
        for table in tables.intersection(doubted):
            on_disk = [one.part for one in everything.get(table, []) if self._ledger.folder is None or holds_something(one.path)]
            if found := [part for part in doubted[table] if not any(one.covers(part) for one in on_disk)]:
                lost[table] = found
        return lost

    def _let_go(self, table: str, parts: list[Part]) -> None:
        """Make the engine forget parts without files, so that queries work again: it forgets them itself once it has failed to read one."""
        for part in parts:
            with contextlib.suppress(ClickHouseError):
                self._store.command(statement("losses/read_part", table=table), {"part": part.name})
            if any(one.part.name == part.name for one in listed(self._store, active=True, tables=[table]).get(table, [])):
                with contextlib.suppress(ClickHouseError):
                    self._store.command(statement("losses/drop_part", table=table, part=part.name))

    def _found(self, lost: Mapping[str, list[Part]]) -> None:
        now = self._clock.now()
        for table, parts in sorted(lost.items()):
            rows, untils = sum(part.rows for part in parts), [part.until for part in parts if part.until]
            loss = Loss(
                str(uuid.uuid4()),
                table,
                tuple(sorted(part.name for part in parts)),
                rows,
                from_milliseconds(min((part.since for part in parts if part.until), default=0)),
                from_milliseconds(max(untils, default=0)),
                now,
                missing_rows=rows,
            )
            fields = {"event": "store_loss", "table": table, "parts": loss.parts[:20], "rows": rows}
            log.error(loss.words, extra={"fields": fields})
            self._save(loss)

    def _save(self, loss: Loss) -> None:
        self._known[loss.loss_id] = loss
        row = {name: [getattr(loss, name)] for name in Loss.__slots__}
        self._store.insert_or_hold({"losses": {**row, "parts": [list(loss.parts)], "revision": [self._store.revision()]}})

    def _tell(self) -> None:
        """Update the conditions and the metric with what is not back yet."""
        since = self._clock.now() - TOLD_FOR
        lately = [loss for loss in self._known.values() if loss.mended_at is None or (loss.missing and loss.found_at > since)]
        self._telemetry.set(M.STORE_LOST_ROWS, sum(loss.missing_rows for loss in lately))
        tables = {loss.table_name for loss in lately}
        for table in tables:
            losses = sorted((loss for loss in lately if loss.table_name == table), key=lambda loss: loss.found_at)
            self._conditions.raise_(Condition(CONDITION, table, " ".join(map(_sentence, losses)), losses[0].found_at))
        self._conditions.clear_all_but(CONDITION, tables)


def _sentence(loss: Loss) -> str:
    if loss.mended_at is None:
        return f"{loss.words}. What the journal has of it is being loaded again."
    return f"{loss.words}. Not restored: {loss.missing}."


def _joined(first: Mapping[str, list[Part]], second: Mapping[str, list[Part]]) -> dict[str, list[Part]]:
    return {
        table: list({part.name: part for part in [*first.get(table, []), *second.get(table, [])]}.values())
        for table in first.keys() | second.keys()
    }


def _saved(store: Store) -> list[Loss]:
    rows: list[dict[str, Any]] = store.rows(statement("losses/saved"))
    return [
        Loss(
            **{
                **row,
                "parts": tuple(row["parts"]),
                **{name: row[name].replace(tzinfo=UTC) for name in ("first_at", "last_at", "found_at")},
                "mended_at": row["mended_at"].replace(tzinfo=UTC) if row["mended_at"] else None,
            }
        )
        for row in rows
    ]
