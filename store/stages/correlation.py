"""Milestone events, keys and transactions in the store: what the correlation stage reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import NoRoom
from store.client import ALL_THREADS, Store
from store.stages.cursors import Cursors
from store.stages.folded import ROWS_MAX, as_frame
from store.stages.fresh_events import distinct, key_values, keys_with_transactions
from store.stages.latest_rows import latest
from store.stages.placed_events import ids_of, place, with_column
from store.statement import statement

_DEFINITION = "flow:"
"""Cursors whose position is a hash: by which definition the signals of a flow were read."""
_AGAIN = 1
"""Replaces the hash of a flow's definition while it is read again unchanged: keys keep naming the same transactions."""
_TABLES = {"span": "spans", "log": "logs", "event": "events"}
_TOGETHER = 20_000
"""Transactions folded together, at most, when many are folded again."""

_KEY_OF_KEYS = ("key_value", "key_type", "flow", "transaction_id")
_KEY_OF_EVENTS = ("flow", "transaction_id", "milestone", "event_id")
"""By what ``transaction_keys`` and ``transaction_events`` replace rows."""

Fold = Callable[[pa.Table], pa.Table]
"""Events of transactions → their rows of ``transactions`` (``correlator.fold.Fold``)."""


class StoredCorrelation:
    """The correlation stage's access to the store (``correlator.ports.CorrelationStore``). One thread only.

    A run is written so that it may stop anywhere: merges move events before they move keys, keys exist before events are assigned by them,
    a fold takes everything above its own cursor, and the cursors come last.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_installed = False
        """Whether a catalog is in force as a whole: anything loaded while it is not would never be read."""
        self._cursors = Cursors(store, ["correlate", "fold"])
        self._is_folded = False
        """Whether all events up to the cursor of the fold are folded: after a restart or a failure the store says what is not."""
        self._fresh = pa.table({})
        self._more = False
        self._rebuilding: tuple[int, dict[str, int]] | None = None

    def install(
        self,
        selects: Mapping[str, str],
        sifted: Mapping[str, tuple[str, str]],
        rules: Mapping[str, list[Any]],
        definitions: Mapping[str, int],
    ) -> list[str]:
        """Make the views read ``selects`` and ``rules``; read signals again for flows whose definition changed, and return those flows.

        Of a kind that is ``sifted``, most signals are no milestones: the view that finds those is planned only for an insert that has a
        candidate, because planning takes longer than a few signals.
        """
        self.is_installed = False
        for table in _TABLES.values():
            for name in ("candidates_of", "milestones_of"):
                self._store.command(statement("correlation/drop_view", name=f"{name}_{table}"))
        self._store.command(statement("truncate", table="milestone_rules"))
        self._store.insert("milestone_rules", rules)
        for kind, table in _TABLES.items():
            if kind in sifted:
                candidates, milestones = sifted[kind]
                self._create_view(f"milestones_of_{table}", "milestone_events", milestones)
                self._create_view(f"candidates_of_{table}", f"candidate_{table}", candidates)
            elif kind in selects:
                self._create_view(f"milestones_of_{table}", "milestone_events", selects[kind])
        known = self._definitions()
        gone = {flow: 0 for flow, position in known.items() if position and flow not in definitions}
        changed = {flow: version for flow, version in definitions.items() if known.get(flow) != version}
        self._write_definitions(gone)
        if changed:
            self._rebuild(changed, selects, known)
        self.is_installed = True
        return sorted(changed)

    def _create_view(self, name: str, target: str, select: str) -> None:
        self._store.command(statement("correlation/create_view", name=name, target=target, select=select))

    def _rebuild(self, changed: dict[str, int], selects: Mapping[str, str], known: Mapping[str, int]) -> None:
        """Give the flows' milestone events a new slice: from the signals still stored, or unchanged if the signal has expired.

        Keys stay if the definition has not changed; so do those of a flow that is not ``known``, because they came back from the journal
        before the transactions they belong to.
        """
        number = self._store.revision()
        bound = {"flows": list(changed), "slice": number}
        for kind, table in _TABLES.items():
            if kind in selects:
                self._store.command(
                    statement("correlation/read_again", select=selects[kind]),
                    bound,
                    {**ALL_THREADS, "final": int(kind == "event")},  # for an event, only the content that is kept
                )
            self._store.command(statement("correlation/keep_milestones", table=table), {**bound, "signal": kind}, ALL_THREADS)
        self._store.command(statement("correlation/forget_transaction_events"), bound)
        # the ids of merged transactions keep naming the ones they were merged into
        self._forget_keys([flow for flow in changed if known.get(flow, _AGAIN) != _AGAIN], number)
        self._store.command(statement("correlation/forget_milestones"), bound)
        self._rebuilding = (number, changed)

    def _forget_keys(self, flows: list[str], number: int) -> None:
        """Delete the flows' keys; a row of type ``@forgotten`` records this for the journal, which still has them."""
        if not flows:
            return
        rows = {"flow": flows, "key_type": ["@forgotten"] * len(flows), "key_value": flows, "transaction_id": [""] * len(flows)}
        self._store.insert("transaction_keys", {**rows, "active": [0] * len(flows), "revision": [number] * len(flows)})
        self._store.command(statement("forget_keys"))

    def read_again(self) -> None:
        """Make :meth:`install` read the stored signals of all flows again."""
        self._store.flush()
        self._write_definitions(dict.fromkeys(self._definitions(), _AGAIN))
        self._store.flush()

    def fold_all(self, fold: Fold) -> None:
        """Fold every transaction again."""
        revision = self._next_revision()
        self._fold_changed(fold, 0, revision)
        self._cursors.move({"fold": revision}, revision)

    def fresh(self, limit: int) -> tuple[pd.DataFrame, int, bool]:
        """Return the keys of milestone events above the cursor, the slice they reach to (0: nothing), and whether there may be more.

        Raises :class:`core.errors.NoRoom` while a catalog is only partly installed because the disk has no room, and while the disk hangs:
        a table that is being written then cannot always be read.
        """
        if not self.is_installed:
            raise NoRoom("the catalog is only partly installed")
        events = self._table(statement("correlation/fresh_events"), {"after": self._cursors.of("correlate"), "limit": limit})
        if not len(events):
            self._finish(None)
            return pd.DataFrame(), 0, False
        self._more = len(events) >= limit
        self._fresh = events = distinct(events)
        known = self._table(statement("correlation/transactions_of"), {"values": key_values(events)})
        return keys_with_transactions(events, latest(known, _KEY_OF_KEYS)), int(pc.max(events["slice"]).as_py()), self._more

    def keys_of(self, merges: pd.DataFrame) -> pd.DataFrame:
        """Return all active keys of the transactions named by ``flow`` and ``from_id``."""
        sql, ids = statement("correlation/keys_of"), {"ids": sorted(set(merges["from_id"]))}
        return self._store.patience.run(partial(self._store.frame, sql, ids))

    def save(self, frames: Mapping[str, pd.DataFrame], position: int, fold: Fold, now: datetime) -> None:
        """Write a batch and what follows from it, then the cursors."""
        self._store.flush()
        revision = self._next_revision()
        merges, copies, assignments = frames["merges"], frames["copies"], frames["assignments"]
        history = self._events_of(ids_of(merges, copies, assignments), wide=bool(len(merges) or len(copies)))
        placed = place(self._fresh, history, merges, copies, assignments)
        folded_before, self._is_folded = self._is_folded, False
        if len(merges):
            self._store.fresh["folded"].lose(revision)  # the store itself writes the rows of transactions that retire
            self._store.insert_table("transaction_events", _at(placed.moved, revision))
            self._store.command(statement("correlation/retire_transactions"), {"revision": revision, **_merged(merges)})
        self._store.insert("transaction_keys", {**_columns(frames["keys"]), "revision": [revision] * len(frames["keys"])})
        self._store.insert_table("transaction_events", _at(placed.arrived, revision))
        if frames["bad_keys"].any(axis=None):
            bound = {"revision": revision, "after": self._cursors.of("correlate"), "upto": position}
            self._store.command(statement("correlation/quarantine_bad_keys"), bound)
        if folded_before:
            self._fold(fold, placed.changed, revision)
        else:
            self._fold_changed(fold, self._cursors.of("fold"), revision)
        self._is_folded = True
        self._cursors.move({"correlate": position, "fold": revision}, revision, now)
        self._finish(position if self._more else None)

    def _table(self, sql: str, parameters: Mapping[str, Any]) -> pa.Table:
        return self._store.patience.run(partial(self._store.table, sql, parameters))

    def _events_of(self, ids: Sequence[str], *, wide: bool = False) -> pa.Table:
        return latest(self._table(statement("correlation/events_of", wide=wide), {"ids": ids}), _KEY_OF_EVENTS)

    def _fold(self, fold: Fold, events: pa.Table, revision: int) -> None:
        """Fold these events, which are all that their transactions have, and hand the rows on to evaluation."""
        if not len(events):
            return
        rows, handed = fold(events), self._store.fresh["folded"]
        with handed.lost_unless_written(revision):
            self._store.insert_table("transactions", _at(rows, revision))
        if len(rows) > ROWS_MAX:
            handed.lose(revision)
        else:
            handed.add(as_frame(rows, revision), revision)

    def _fold_changed(self, fold: Fold, after: int, revision: int) -> None:
        """Fold the transactions of which events were written after a revision, as the store has them."""
        changed = self._table(statement("correlation/changed"), {"after": after})
        for start in range(0, len(changed), _TOGETHER):
            chunk = changed.slice(start, _TOGETHER)
            self._fold(fold, self._events_of(chunk["transaction_id"].to_pylist()), revision)

    def write_cursors(self) -> None:
        """Begin to write how far correlation has read, if it has moved: what is read again after a crash is then less."""
        self._cursors.write()

    def orphans(self) -> int:
        """Return how many milestone events wait on a shelf to which no transaction is attached."""
        return int(self._store.rows(statement("correlation/count_orphans"))[0]["orphans"])

    def _finish(self, position: int | None) -> None:
        """End a rebuild once all of it is correlated: transactions that did not come back are retired, and the definitions are in force."""
        if self._rebuilding is None or (position is not None and position < self._rebuilding[0]):
            return
        (number, changed), revision = self._rebuilding, self._next_revision()
        self._store.fresh["folded"].lose(revision)
        self._store.command(
            statement("correlation/retire_not_rebuilt"),
            {"flows": list(changed), "slice": number, "revision": revision},
        )
        self._write_definitions(changed)
        self._rebuilding = None

    def _next_revision(self) -> int:
        """Return a revision for rows of ``transactions``."""
        revision = self._store.revision()
        self._store.fresh["transactions"].expect(revision)
        return revision

    def _definitions(self) -> dict[str, int]:
        """Return the position of each flow's cursor, which is the hash of the definition by which its signals were read."""
        rows = self._store.rows(statement("cursors_with_prefix"), {"prefix": _DEFINITION})
        return {str(row["stage"]).removeprefix(_DEFINITION): int(row["position"]) for row in rows}

    def _write_definitions(self, positions: Mapping[str, int]) -> None:
        rows: dict[str, list[object]] = {"stage": [f"{_DEFINITION}{flow}" for flow in positions], "position": list(positions.values())}
        rows["revision"] = [self._store.revision()] * len(positions)
        self._store.write_behind(lambda: self._store.insert("cursors", rows))


def _at(rows: pa.Table, revision: int) -> pa.Table:
    return with_column(rows, "revision", revision, pa.uint64())


def _merged(merges: pd.DataFrame) -> dict[str, list[str]]:
    names = (merges["flow"] + "/" + merges["from_id"]).tolist()
    return {
        "flows": merges["flow"].unique().tolist(),
        "ids": merges["from_id"].tolist(),
        "names": names,
        "survivors": merges["to_id"].tolist(),
    }


def _columns(frame: pd.DataFrame) -> dict[str, list[object]]:
    return {str(name): frame[name].tolist() for name in frame.columns}
