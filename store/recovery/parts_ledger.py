"""What each part of each table held when it was last seen, in a file beside the store: ``<data>/parts.json``.

Rewritten every ten seconds, completely or not at all. It outlives the engine and the store, so that a loss is found even if it happened
while nothing ran.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock, SystemClock, to_milliseconds
from core.config import Settings
from core.folder import sync_folder
from store.client import Store
from store.loading.slice import SHARES
from store.migrations import days_kept
from store.recovery.parts import Part, missing, parts_in
from store.statement import statement

LEDGER = "parts.json"
_FORMAT = 1
_DAY_MILLISECONDS = 86_400_000
log = logging.getLogger("store.recovery.parts")


@dataclass(frozen=True, slots=True)
class Listed:
    """A part as the running engine lists it; not ``active``: covered by another one, or empty."""

    part: Part
    path: Path
    active: bool


def listed(store: Store, *, active: bool, tables: list[str] | None = None) -> dict[str, list[Listed]]:
    """Return the parts that the engine knows, by table: only active ones, or all."""
    sql = statement("parts_ledger/listed", active=active, of_tables=tables is not None)
    found: dict[str, list[Listed]] = {}
    for row in store.rows(sql, {"tables": tables} if tables is not None else None):
        part = Part(str(row["name"]), int(row["rows"]), int(row["since"]), int(row["until"]))
        found.setdefault(str(row["table"]), []).append(Listed(part, Path(row["path"]), bool(row["active"])))
    return found


@dataclass
class PartsLedger:
    """The ledger of one store. One thread at a time."""

    file: Path
    folder: Path | None
    """For the embedded store; None: the store is on a server, whose files are not here."""
    clock: Clock = field(default_factory=SystemClock)
    retention_days: Mapping[str, int] = field(default_factory=dict)
    known: dict[str, list[Part]] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)
    _written: dict[str, list[Part]] | None = None
    _doubted: dict[str, list[Part]] = field(default_factory=dict)
    _lying: dict[str, list[Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> PartsLedger:
        """Return the ledger as it was written. Call it before the store is opened: it then also checks the store's folder."""
        folder = settings.store_folder if settings.store == "embedded" else None
        ledger = cls(settings.data / LEDGER, folder, clock, settings.retention_days)
        ledger.read()
        ledger.look()
        return ledger

    def look(self) -> None:
        """Compare what is known with what is in the embedded store's folder while nothing has it open."""
        if self.folder is None:
            return
        for table, known in self.known.items():
            lying = parts_in(self.folder / self._folders[table])
            if doubted := missing(known, lying):
                self._doubted[table], self._lying[table] = doubted, lying

    def lost_meanwhile(self, store: Store) -> dict[str, list[Part]]:
        """Return what was lost while no engine ran, by table; call it as soon as the store is open.

        A part that was readable before and is not now is lost as well: the engine has set it aside.
        """
        active = {table: [one.part for one in parts] for table, parts in listed(store, active=True).items()}
        if self.folder is None:
            return _some({table: self._not_expired(table, missing(known, active.get(table, []))) for table, known in self.known.items()})
        lost = {table: self._without_sources(store, table, doubted) for table, doubted in self._doubted.items()}
        aside = store.rows(statement("parts_ledger/broken"))
        for row in aside:
            table = str(row["table"])
            for part in missing(self.known.get(table, []), active.get(table, [])):
                if str(row["name"]).endswith(part.name) and part not in lost.get(table, []):
                    lost.setdefault(table, []).append(part)
        return _some(lost)

    def _not_expired(self, table: str, parts: list[Part]) -> list[Part]:
        """Leave out what a server's retention has removed in the meantime; it goes on while no engine runs."""
        days = days_kept(table, self.retention_days)
        return [part for part in parts if days is None or part.until + days * _DAY_MILLISECONDS > to_milliseconds(self.clock.now())]

    def _without_sources(self, store: Store, table: str, doubted: list[Part]) -> list[Part]:
        """Return those of the parts for which not even the parts they were made from exist."""
        there = {part.name for part in self._lying[table]}
        rows = [one.part for one in listed(store, active=False, tables=[table]).get(table, []) if one.part.name in there]
        return missing(doubted, rows)

    def write(self, there: Mapping[str, list[Listed]]) -> None:
        """Record what exists now as known; on disk when this returns. Raises ``OSError`` if the disk does not accept it."""
        known = {table: [one.part for one in parts] for table, parts in sorted(there.items())}
        folders = {table: _relative(parts[0].path.parent, self.folder) for table, parts in there.items() if parts}
        self.known, self._folders = known, folders
        if known == self._written:
            return
        tables = {
            table: {"folder": folders.get(table, ""), "parts": {one.name: [one.rows, one.since, one.until] for one in parts}}
            for table, parts in known.items()
        }
        unfinished = self.file.with_suffix(".new")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump({"format": _FORMAT, "tables": tables}, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.file)
        sync_folder(self.file.parent)
        self._written = known

    def read(self) -> None:
        """Read the file; nothing if there is none or it cannot be read."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            tables = found["tables"] if found["format"] == _FORMAT else {}
            for table, held in tables.items():
                self._folders[table] = str(held["folder"])
                self.known[table] = [Part(name, *map(int, numbers)) for name, numbers in held["parts"].items()]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.known, self._folders = {}, {}
            log.exception("the ledger of parts cannot be read; losses from before now cannot be found")


def skip_what_was_used(store: Store) -> None:
    """Never hand out a revision again if the record of the last one was lost: the highest one of all tables replaces it."""
    columns = store.rows(statement("parts_ledger/revision_columns"))
    asked = [statement("parts_ledger/reached", table=row["table"], column=row["name"]) for row in columns]
    reached = [store.rows(sql)[0]["reached"] for sql in asked]
    store.skip_revisions(max(map(int, reached), default=0) + SHARES)


def _relative(path: Path, folder: Path | None) -> str:
    return str(path.relative_to(folder)) if folder is not None and path.is_relative_to(folder) else str(path)


def _some(found: Mapping[str, list[Part]]) -> dict[str, list[Part]]:
    return {table: parts for table, parts in found.items() if parts}
