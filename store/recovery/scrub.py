"""Reads every part of the store once a day and compares it with its checksums: a disk that loses a bit does not report it.

The parts are read one after another, each followed by a pause of many times the time it took. A damaged part whose rows the journal has is
set aside (``detached/`` of its table) and restored like any lost part (``losses.py``); any other stays where it is, because most of
it can be read, and is reported until it is gone.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass

from clickhouse_connect.driver.exceptions import ClickHouseError

from core.clock import EPOCH, Clock, from_milliseconds, to_milliseconds
from core.condition import Condition, Conditions
from core.telemetry import M, Telemetry
from store.client import STORE_ERRORS, Store
from store.recovery.losses import Losses
from store.recovery.parts import Part
from store.recovery.parts_ledger import listed
from store.recovery.rebuild import SIGNALS, gone, window_of
from store.statement import statement

PAUSE = 20
"""After each part the scrub waits this many times as long as reading it took: while it runs, it takes a twentieth of a processor."""
LOOK_SECONDS = 1.0
CONDITION = "store-damage"
NO_SUCH_PART = 232
_CURSOR = "scrub"
"""The cursor whose position is the time at which the last round ended, in milliseconds since 1970."""
log = logging.getLogger("store.recovery.scrub")


@dataclass(frozen=True, slots=True)
class Damage:
    """A part that is not as it was written, and what ClickHouse says about it."""

    table: str
    part: Part
    message: str

    @property
    def subject(self) -> str:
        """The subject of the condition."""
        return f"{self.table}/{self.part.name}"


class Scrub:
    """One thread's work. ``every_seconds``: from the end of a round to the next one; 0: never."""

    def __init__(
        self, store: Store, losses: Losses, every_seconds: float, clock: Clock, telemetry: Telemetry, conditions: Conditions
    ) -> None:
        self._store = store
        self._losses = losses
        self._every = every_seconds
        self._clock = clock
        self._telemetry = telemetry
        self._conditions = conditions
        telemetry.set(M.DAMAGED_PARTS, 0)
        self._finished_at = self._finished()
        """When the last round ended, in milliseconds since 1970: only this thread's rounds change it."""
        telemetry.set(M.SCRUB_FINISHED, self._finished_at / 1000)

    def run(self, stopping: threading.Event) -> None:
        """Scrub and wait until stopped; runs in a thread of its own."""
        while self._every and not stopping.wait(LOOK_SECONDS):
            try:
                if self.due():
                    self.scrub(stopping)
            except STORE_ERRORS:
                log.exception("the parts of the store could not be read; trying again")
                stopping.wait(60)

    def due(self) -> bool:
        """Return whether the last round ended long enough ago for the next one to begin."""
        return to_milliseconds(self._clock.now()) - self._finished_at >= self._every * 1000

    def scrub(self, stopping: threading.Event) -> list[Damage]:
        """Read every part once, report damaged ones and return them; return early if stopped."""
        began, read = self._clock.monotonic(), 0
        found: list[Damage] = []
        for table, parts in sorted(listed(self._store, active=True).items()):
            for one in parts:
                started = self._clock.monotonic()
                if message := self._damage(table, one.part):
                    found.append(damage := Damage(table, one.part, message))
                    self._tell(damage)
                    self._telemetry.set(M.DAMAGED_PARTS, len(found))
                read += 1
                if stopping.wait(PAUSE * (self._clock.monotonic() - started)):
                    return found
        self._finish(found)
        fields = {"event": "store_scrubbed", "parts": read, "damaged": len(found), "seconds": round(self._clock.monotonic() - began, 1)}
        log.info("every part of the store has been read", extra={"fields": fields})
        return found

    def _damage(self, table: str, part: Part) -> str:
        """Return what is wrong with a part, after asking twice; empty: nothing, or it is gone by now."""
        for _ in range(2):
            try:
                with self._store.own_client() as client:
                    answer = client.raw_query(f"CHECK TABLE {table} PART '{part.name}'", fmt="JSONEachRow")
            except ClickHouseError as error:
                if getattr(error, "code", None) == NO_SUCH_PART:
                    return ""
                message = str(error)
            else:
                failed = [row for row in map(json.loads, answer.splitlines()) if not row["is_passed"]]
                message = str(failed[0]["message"]) if failed else ""
            if not message:
                return ""
        return " ".join(message.split())[:300]

    def _tell(self, damage: Damage) -> None:
        comes_back = self._can_come_back(damage)
        title = f"Part {damage.part.name} of {damage.table} is damaged on the disk, with {damage.part.rows:,} rows: {_beginning(damage.message)}"
        fields = {
            "event": "store_damage",
            "table": damage.table,
            "part": damage.part.name,
            "rows": damage.part.rows,
            "problem": damage.message,
        }
        log.error("a part of the store is damaged", extra={"fields": fields})
        if comes_back:
            title += ". It was set aside, and its rows are loaded again"
        else:
            title += ". The journal no longer has all of its rows: restore a backup, or delete the part"
        held = {one.subject: one for one in self._conditions.current() if one.name == CONDITION}.get(damage.subject)
        self._conditions.raise_(Condition(CONDITION, damage.subject, title, held.since if held else self._clock.now()))
        if comes_back:
            self._losses.detach(damage.table, damage.part)

    def _can_come_back(self, damage: Damage) -> bool:
        if damage.table not in SIGNALS:
            return True
        part = damage.part
        if not part.until:
            return False
        return not gone(self._store, window_of(from_milliseconds(part.since).date(), from_milliseconds(part.until).date()))

    def _finish(self, found: list[Damage]) -> None:
        """Record that a round has ended; whatever it did not find is over."""
        now = self._clock.now()
        self._store.insert(
            "cursors", {"stage": [_CURSOR], "position": [to_milliseconds(now)], "revision": [self._store.revision()], "updated_at": [now]}
        )
        self._finished_at = to_milliseconds(now)
        self._telemetry.set(M.SCRUB_FINISHED, now.timestamp())
        self._conditions.clear_all_but(CONDITION, {damage.subject for damage in found})

    def _finished(self) -> int:
        rows = self._store.rows(statement("cursor"), {"stage": _CURSOR})
        return int(rows[0]["position"]) or to_milliseconds(EPOCH)


def _beginning(message: str) -> str:
    return message.partition("(version")[0].removeprefix("Code: ").strip()[:200]
