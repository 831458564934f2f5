"""Keeps the store and the engine's journal in step: what is in the store is written to the journal, and what is in the journal comes back.

Rows are inserted first and then appended to the journal; only then are they confirmed or acted on. A crash in between leaves rows in the
store that the journal lacks: they are appended at the next start. Rows in the journal that the store lacks mean that the store was lost or
is a copy of an earlier moment: they are inserted at the start, and the stages make up for the rest (:func:`is_rebuilding`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.clock import Clock, to_milliseconds
from core.config import Settings
from core.errors import Retryable
from journal.format import ENGINE
from store.client import Store
from store.disk.held import Batch
from store.disk.held_file import HeldFile
from store.recovery.engine_journal import APPENDED, DECISIONS, FOLDER_OF, FOLDERS, Columns, EngineJournal, Kept
from store.statement import statement

log = logging.getLogger("store.recovery.keeping")

_ROWS_TOGETHER = 20_000
_REBUILD = "rebuild"
"""The cursor whose position is 1 while clocks are rebuilt from earlier decisions."""


@dataclass(slots=True)
class BroughtBack:
    """What came back from the engine's journal: rows by table, and what could not be read."""

    rows: dict[str, int] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)


class Keeping:
    """What a store's inserts are kept by (``store.client.Keeper``). Safe to use from several threads."""

    def __init__(self, store: Store, journal: EngineJournal) -> None:
        self.brought_back = BroughtBack()
        self._store = store
        self._journal = journal
        self._lock = threading.Lock()
        self._behind = False

    def keep(self, tables: Mapping[str, Columns]) -> None:
        """Append those of these rows to the journal that no signal can bring back. Raises :class:`Retryable` if the disk refuses."""
        if not (kept := {table: columns for table, columns in tables.items() if table in FOLDER_OF}):
            return
        with self._lock:
            if self._behind:
                self._catch_up()  # the store has these rows, too
                return
            try:
                self._journal.append(kept)
            except Retryable:
                self._behind = True
                raise

    def sweep(self, oldest: datetime) -> None:
        """Delete decisions made before ``oldest``."""
        self._journal.sweep(to_milliseconds(oldest))

    def level(self) -> None:
        """Insert what the journal has and the store lacks (``brought_back``), and append what the store has and the journal lacks."""
        reached = self._journal.reached()
        self._store.skip_revisions(max(reached.values()))
        stored = {table: self._stored(table) for table in FOLDER_OF}
        lacking = {table: revision for table, revision in stored.items() if reached[table] > revision}
        if lacking:
            note_rebuilding(self._store, going_on=True)
            found = self.brought_back = self._bring_back_above(lacking)
            log.warning(
                "rows that the store lacks are restored from the journal",
                extra={"fields": {"rows": found.rows, "damage": found.damage[:10]}},
            )
        with self._lock:
            self._catch_up()

    def bring_back(self, tables: Collection[str]) -> BroughtBack:
        """Insert all rows that the journal has of those of these tables that it keeps; a row that already exists is replaced by itself."""
        chosen = [table for table in FOLDER_OF if table in tables]
        self._store.flush()  # before the lock is taken: this thread's write-behind may have rows to keep
        with self._lock:
            for table in APPENDED.intersection(chosen):
                self._store.command(statement("truncate", table=table))
            return self._bring_back_above(dict.fromkeys(chosen, 0))

    def _bring_back_above(self, after: Mapping[str, int]) -> BroughtBack:
        found = BroughtBack()
        for name, tables in FOLDERS.items():
            wanted = {table: after[table] for table in tables if table in after}
            if wanted:
                self._bring_back(self._journal.read(name), wanted, found)
        return found

    def _bring_back(self, records: Iterator[Kept], after: Mapping[str, int], found: BroughtBack) -> None:
        types = {table: self._types(table) for table in after}
        waiting: dict[str, dict[str, list[Any]]] = {}
        for kept in records:
            if kept.damage:
                found.damage.append(kept.damage)
            if kept.table not in after or kept.revision <= after[kept.table] or not kept.columns:
                continue
            columns = {name: _values(values, types[kept.table][name]) for name, values in kept.columns.items() if name in types[kept.table]}
            before = waiting.get(kept.table)
            if before is not None and (before.keys() != columns.keys() or len(before["revision"]) >= _ROWS_TOGETHER):
                self._put(kept.table, waiting.pop(kept.table), found)
                before = None
            if before is None:
                waiting[kept.table] = columns
            else:
                for name, values in columns.items():
                    before[name] += values
        for table, columns in waiting.items():
            self._put(table, columns, found)
        if "transaction_keys" in after:
            self._store.command(statement("forget_keys"))

    def _put(self, table: str, columns: dict[str, list[Any]], found: BroughtBack) -> None:
        self._store.put(table, columns)
        found.rows[table] = found.rows.get(table, 0) + len(columns["revision"])

    def _catch_up(self) -> None:
        """Append what the store has above what is in the journal. Decisions of which the journal has none were swept with their signals."""
        for table, reached in self._journal.reached().items():
            if not reached and table in DECISIONS:
                continue
            after = reached
            while columns := self._above(table, after):
                self._journal.append({table: columns})
                after = max(columns["revision"])
        self._behind = False

    def _above(self, table: str, after: int) -> dict[str, list[Any]]:
        rows = self._store.rows(statement("keeping/rows_above", table=table), {"after": after, "limit": _ROWS_TOGETHER})
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def _stored(self, table: str) -> int:
        return int(self._store.rows(statement("keeping/reached", table=table))[0]["reached"])

    def batch_of(self, held: Mapping[str, Mapping[str, Columns]]) -> Batch:
        """Return a batch as it was before it was written to a file, in which times are text."""
        return Batch(self._typed(held["tables"]), self._typed(held["kept"]))

    def _typed(self, tables: Mapping[str, Columns]) -> dict[str, Columns]:
        found: dict[str, Columns] = {}
        for table, columns in tables.items():
            types = self._types(table)
            found[table] = {name: _values(values, types[name]) for name, values in columns.items()}
        return found

    def _types(self, table: str) -> dict[str, str]:
        with self._store.own_client() as client:
            found = client.query(statement("keeping/columns", table=table))
        return {str(name): str(type_.base_type) for name, type_ in zip(found.column_names, found.column_types, strict=True)}


@contextmanager
def kept_in_journal(store: Store, settings: Settings, clock: Clock) -> Iterator[Keeping]:
    """Keep what is inserted into the store in the engine's journal, after bringing the two into step."""
    journal = EngineJournal(settings.journal, clock, settings.segment_max_bytes)
    try:
        keeping = Keeping(store, journal)
        keeping.level()
        store.keep_with(keeping)
        file = HeldFile(settings.journal / ENGINE / "held", store.patience)
        store.held.keep_in(file, [keeping.batch_of(held) for held in file.read()])
        yield keeping
    finally:
        store.keep_with(None)
        journal.close()


def is_rebuilding(store: Store) -> bool:
    """Return whether verdicts came back that have no clock yet: clocks are then rebuilt from earlier decisions."""
    rows = store.rows(statement("cursor"), {"stage": _REBUILD})
    return bool(rows[0]["position"])


def note_rebuilding(store: Store, *, going_on: bool) -> None:
    """Store whether clocks are being rebuilt."""
    store.insert("cursors", {"stage": [_REBUILD], "position": [int(going_on)], "revision": [store.revision()]})


def _values(values: Sequence[Any], type_: str) -> list[Any]:
    return [_moment(value) for value in values] if type_.startswith("DateTime") else list(values)


def _moment(value: Any) -> Any:
    """Return a time as it was inserted: milliseconds unchanged, a text as an aware time."""
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
