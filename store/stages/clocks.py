"""Clocks and verdicts in the store: what the evaluation stage reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.source import OWN_SOURCE
from core.clock import from_milliseconds
from store.client import Store
from store.disk.held import CLOCK_KEY, over
from store.stages.cursors import Cursors
from store.statement import statement

_STAGE = "evaluate"
_TRANSACTION_KEY = ["flow", "transaction_id"]
_PROMISES = "promises:"
"""Cursors whose position is a hash: by which promises the transactions of a flow were evaluated."""


class StoredClocks:
    """The evaluation stage's access to the store.

    It is the ``ClockStore``, ``SourceActivity``, ``QueueActivity`` and ``PromiseHistory`` of ``slas.ports``. One thread only.

    ``restoring``: a clock that is missing is taken from its latest verdict, so that rebuilt clocks continue with the version and time of
    their verdicts.
    """

    def __init__(self, store: Store, *, restoring: bool = False) -> None:
        self._store = store
        self._restoring = restoring
        self._cursors = Cursors(store, [_STAGE])
        self._more = False
        """Whether the last read left a backlog, so that the next one is bounded beforehand."""

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """From now on take missing clocks from their latest verdicts, whatever was set at first."""
        before, self._restoring = self._restoring, True
        try:
            yield
        finally:
            self._restoring = before

    def changed_transactions(self, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, int, bool]:
        """Return four things: changed transactions, their clocks, the new cursor, and whether there is more.

        The transactions are those changed above the cursor; the cursor is 0 if none changed.
        """
        after, written = self._cursors.of(_STAGE), self._store.fresh["transactions"].written
        changed, upto, self._more = self._changed_above(after, limit)
        self._store.fresh["transactions"].add(changed, upto if self._more else max(after, upto, written), after)
        if not len(changed):
            return pd.DataFrame(), pd.DataFrame(), 0, False
        self._store.held.require_room()
        return changed, self.clocks_of(changed), upto, self._more

    def _changed_above(self, after: int, limit: int) -> tuple[pd.DataFrame, int, bool]:
        """Return the current rows above a cursor, the revision up to which they are complete, and whether there is more.

        From correlation, if it handed on all of them; else from the store.
        """
        if not self._more:
            handed = self._store.fresh["folded"].above(after)
            if handed is not None and len(handed[0]) <= limit:
                return _latest(handed[0], _TRANSACTION_KEY), handed[1], False
            changed = self._store.frame(statement("clocks/changed_transactions", bounded=False), {"after": after, "limit": limit})
            if not len(changed):
                return changed, 0, False
            if len(changed) < limit:
                return _latest(changed.sort_values("revision"), _TRANSACTION_KEY), int(changed["revision"].max()), False
        (found,) = self._store.rows(statement("next_rows", table="transactions"), {"after": after, "limit": limit})
        bounds = {"after": after, "upto": found["upto"]}
        return self._store.frame(statement("clocks/changed_transactions", bounded=True), bounds), int(found["upto"]), bool(found["more"])

    def due_transactions(self, now: datetime, limit: int) -> pd.DataFrame:
        """Return current transactions that have a clock with ``next_at <= now``."""
        held = self._store.held.clocks()
        due = self._store.frame(statement("clocks/due"), {"now": now, "limit": limit + len(held)})
        due = _waiting(over(due, held))
        moment = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "ms")
        return self._named(due[due["next_at"].to_numpy("datetime64[ms]") <= moment].head(limit) if len(due) else due)

    def unknown_transactions(self) -> pd.DataFrame:
        """Return current transactions that have a clock whose verdict is unknown."""
        return self._named(self._store.frame(statement("clocks/unknown")))

    def open_transactions(self, flows: list[str], after: str, limit: int) -> pd.DataFrame:
        """Return current transactions of these flows with a larger id that are open or have an open clock, in order of id."""
        self._store.held.require_room()
        return self._store.frame(statement("clocks/open_transactions"), {"flows": flows, "after": after, "limit": limit})

    def clocks_of(self, transactions: pd.DataFrame) -> pd.DataFrame:
        """Return the current clocks of these transactions, including removed ones."""
        held = self._store.held.clocks()
        found = _latest(self._store.frame(statement("clocks/of_named_transactions"), _pairs(transactions)), CLOCK_KEY)
        return _with_held(self._with_restored(found, transactions), held, transactions)

    def _with_restored(self, clocks: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
        if not self._restoring or not len(transactions):
            return clocks
        restored = self._store.frame(statement("clocks/restored"), _pairs(transactions))
        if not len(clocks) or not len(restored):
            return clocks if len(clocks) else restored
        return pd.concat([clocks, restored[clocks.columns]], ignore_index=True)

    def next_deadline(self) -> datetime | None:
        """Return the earliest deadline of all clocks, or None."""
        held = self._store.held.clocks()
        if len(held):
            every = self._store.frame(statement("clocks/waiting"))
            earliest = _waiting(over(every, held))["next_at"].min()
            return None if pd.isna(earliest) else pd.Timestamp(earliest).to_pydatetime().replace(tzinfo=UTC)
        rows = self._store.rows(statement("clocks/next_deadline"))
        return from_milliseconds(rows[0]["at"]) if rows and rows[0]["at"] is not None else None

    def evaluated_by(self) -> dict[str, int]:
        """Return by flow the hash of the promises by which its transactions were last evaluated."""
        rows = self._store.rows(statement("cursors_with_prefix"), {"prefix": _PROMISES})
        return {str(row["stage"]).removeprefix(_PROMISES): int(row["position"]) for row in rows if row["position"]}

    def note_evaluated_by(self, promises: Mapping[str, int]) -> None:
        """Store by flow the hash of the promises by which all its transactions are evaluated; 0: the flow no longer has any."""
        stages, revision = [f"{_PROMISES}{flow}" for flow in promises], self._store.revision()
        rows: dict[str, list[Any]] = {"stage": stages, "position": list(promises.values()), "revision": [revision] * len(stages)}
        self._store.insert_or_hold({"cursors": rows})

    def last_seen(self) -> pd.DataFrame:
        """Return the latest arrival per source, of all that is loaded."""
        stored = self._store.frame(statement("source_last_seen"))
        moments = stored["last_seen"].to_numpy("datetime64[ms]").astype(np.int64).tolist() if len(stored) else []
        seen = dict(zip(stored["source"], moments, strict=True)) if len(stored) else {}
        for source, at in self._store.heard.items():
            seen[source] = max(at, seen.get(source, at))
        return pd.DataFrame({"source": list(seen), "last_seen": np.array(list(seen.values()), np.int64).view("datetime64[ms]")})

    def expected_since(self, sources: Collection[str], now: datetime) -> dict[str, datetime]:
        """Return since when each of these sources has been expected: as stored, else from ``now`` on. The others are no longer expected."""
        rows = self._store.rows(statement("expected_sources"))
        known = {str(row["source"]): row["since"].replace(tzinfo=UTC) for row in rows}
        fresh, gone = sorted(set(sources) - known.keys()), sorted(known.keys() - set(sources))
        if fresh or gone:
            names, moments = [*fresh, *gone], [*[now] * len(fresh), *[None] * len(gone)]
            revision = self._store.revision()
            self._store.insert_or_hold({"expected_sources": {"source": names, "since": moments, "revision": [revision] * len(names)}})
        return {source: known.get(source, now) for source in sources}

    def note_silences(self, since: Mapping[str, datetime], silent: Mapping[str, datetime]) -> None:
        """Write for each source in ``since`` when it became or becomes ``silent``; a source that is not in ``silent`` is not silent."""
        names = list(since)
        moments: dict[str, list[Any]] = {"since": list(since.values()), "silent_since": [silent.get(name) for name in names]}
        self._store.insert_or_hold({"expected_sources": {"source": names, **moments, "revision": [self._store.revision()] * len(names)}})

    def last_slices(self, sources: Collection[str]) -> dict[str, int]:
        """Return the slice of the last signal of each of these sources that was loaded since the start."""
        return {source: self._store.last_slices[source] for source in sources if source in self._store.last_slices}

    def queue_movement(self, since: datetime, limit: int) -> pd.DataFrame:
        """Return how each queue moved that was told of since then (see :class:`slas.ports.QueueActivity`)."""
        return self._store.frame(statement("queues/movement"), {"since": since, "limit": limit, "own": OWN_SOURCE})

    def save(self, clocks: pd.DataFrame, verdicts: pd.DataFrame, cursor: int | None) -> None:
        """Write verdicts, then clocks, then the cursor. What the disk does not accept waits in memory and is read from there."""
        revision = self._store.revision()
        fresh = self._store.fresh["clocks"]
        with fresh.lost_unless_written(revision):
            for table, frame in (("verdicts", verdicts), ("clocks", clocks)):
                if len(frame):
                    self._store.insert_or_hold({table: {**_columns(frame), "revision": [revision] * len(frame)}})
        if len(clocks):
            fresh.add(clocks.assign(revision=revision), revision)
        if cursor is not None:
            self._cursors.move({_STAGE: cursor}, revision)

    def _named(self, pairs: pd.DataFrame) -> pd.DataFrame:
        self._store.held.require_room()
        return self._store.frame(statement("clocks/named_transactions"), _pairs(pairs))


def _latest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the row with the highest revision of each key; in the order of revisions, if any is left out."""
    if not len(rows) or not rows.duplicated(key).any():
        return rows
    latest: pd.DataFrame = rows.sort_values("revision", kind="stable").drop_duplicates(key, keep="last", ignore_index=True)
    return latest


def _with_held(clocks: pd.DataFrame, held: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Return the clocks of these transactions; those waiting in memory are returned as they are there."""
    if not len(held) or not len(transactions):
        return clocks
    return over(
        clocks, held.merge(transactions[["flow", "transaction_id"]].astype(object).drop_duplicates(), on=["flow", "transaction_id"])
    )


def _waiting(clocks: pd.DataFrame) -> pd.DataFrame:
    return clocks[(clocks["removed"] == 0) & clocks["next_at"].notna()].sort_values("next_at") if len(clocks) else clocks


def _pairs(frame: pd.DataFrame) -> dict[str, Any]:
    return (
        {"flows": sorted(set(frame["flow"].astype(str))), "ids": " ".join(frame["transaction_id"].astype(str))}
        if len(frame)
        else {"flows": [], "ids": ""}
    )


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    """Return columns to insert; times as int milliseconds, which the client writes unchanged."""
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "M":
            moments = values.to_numpy("datetime64[ms]")
            known = moments.astype(np.int64).tolist()
            columns[name] = [None if at < 0 else at for at in known] if np.isnat(moments).any() else known
        elif name == "paused":
            columns[name] = [_moments(pauses) for pauses in values]
        else:
            columns[name] = values.tolist()
    return columns


def _moments(pauses: Any) -> list[tuple[int, int | None, str]]:
    return [(begin, None if end < 0 else end, reason) for begin, end, reason in pauses] if isinstance(pauses, list) else []
