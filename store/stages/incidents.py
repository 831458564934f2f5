"""Incidents, deliveries, silences and actions in the store: what the alert stage reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.errors import Retryable
from core.saved_view import DELETED, SAVED
from core.verdict import HOLDING
from store.client import Store
from store.disk.held import CLOCK_KEY, over
from store.stages.cursors import Cursors
from store.statement import statement

_CURSORS = {"clocks": "alert:clocks", "transactions": "alert:transactions"}
_KEYS = {"clocks": CLOCK_KEY, "transactions": ["flow", "transaction_id"]}
_READ = {
    "clocks": [
        *CLOCK_KEY, "revision", "reference", "stage", "due_at", "verdict", "verdict_at", "cause", "severity", "owner", "runbook",
        "value", "currency", "penalty", "customer", "plant", "removed",
    ],
    "transactions": [
        "flow", "transaction_id", "revision", "reference", "state", "facts", "failed_milestone", "failed_stage", "failed_at", "cause",
    ],
}  # fmt: skip
"""What alerting reads of a row, here and in ``incidents/changed_*.sql.j2``."""
_INTEGERS = frozenset({"members", "members_total", "breached", "peak_members", "peak_breached", "attempts", "attempt", "removed"})
_TIMES = frozenset(
    {
        *("acknowledged_until", "at", "attempted_at", "created_at", "due_at", "ends_at", "finished_at", "joined_at", "left_at"),
        *("next_attempt_at", "next_due_at", "opened_at", "reopened_at", "resolved_at", "starts_at", "updated_at", "verdict_at"),
    }
)


class StoredIncidents:
    """The alert stage's access to the store (``alerts.ports.IncidentStore``). ``changes`` from one thread only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursors = Cursors(store, list(_CURSORS.values()))

    def changes(self, limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        """Return the current rows above the cursors that may concern an incident, by table (``clocks``, ``transactions``).

        Also the new cursors, and whether there is more.
        """
        held = self._store.held.clocks()
        changed = {table: self._changed(table, self._cursors.of(stage), limit) for table, stage in _CURSORS.items()}
        changed["clocks"] = self._with_held(held, *changed["clocks"])
        frames = {table: frame for table, (frame, _, _) in changed.items()}
        cursors = {_CURSORS[table]: upto for table, (_, upto, _) in changed.items() if upto}
        return frames, cursors, any(more for _, _, more in changed.values())

    def _changed(self, table: str, after: int, limit: int) -> tuple[pd.DataFrame, int, bool]:
        if (fresh := self._store.fresh[table].above(after)) is not None:
            rows, upto = fresh
            return rows[_READ[table]].drop_duplicates(_KEYS[table], keep="last", ignore_index=True) if len(rows) else rows, upto, False
        (found,) = self._store.rows(statement("next_rows", table=table), {"after": after, "limit": limit})
        if not found["upto"]:
            return pd.DataFrame(), 0, False
        bounds = {"after": after, "upto": found["upto"], "holding": list(HOLDING)}
        return _plain(self._store.frame(statement(f"incidents/changed_{table}"), bounds)), int(found["upto"]), bool(found["more"])

    def _with_held(self, held: pd.DataFrame, stored: pd.DataFrame, upto: int, more: bool) -> tuple[pd.DataFrame, int, bool]:
        """Return changed clocks together with those waiting in memory, whose revisions come after everything stored."""
        new = held[held["revision"] > self._cursors.of(_CURSORS["clocks"])] if len(held) and not more else held.iloc[:0]
        return (over(stored, new), max(upto, int(new["revision"].max())), more) if len(new) else (stored, upto, more)

    def saved(self) -> dict[str, pd.DataFrame]:
        """Return what a restarted engine must know, by table.

        Raises :class:`core.errors.NoRoom` while some of it waits in memory, or may be on its way to a disk that hangs.
        """
        self._store.patience.require()
        self._store.held.write()
        self._cursors.forget()
        tables = ("incidents", "incident_members", "deliveries", "silences")
        return {table: _plain(self._store.frame(statement(f"incidents/saved_{table}"))) for table in tables}

    def has_incident(self, incident_id: str) -> bool:
        """Return whether there is, or ever was, such an incident."""
        return bool(self._store.rows(statement("incidents/known"), {"id": incident_id})[0]["n"])

    def view_shared_by(self, name: str) -> str:
        """Return who shared the view of this name last; empty: there is none."""
        rows = self._store.rows(statement("saved_views/shared_by"), {"name": name, "saved": SAVED[True], "deleted": DELETED[True]})
        return str(rows[0]["actor"]) if rows and rows[0]["action"] == SAVED[True] else ""

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:
        """Write tables in the order given, then the cursors.

        ``hold``: what the disk does not accept waits in memory; otherwise it is refused.

        Raises :class:`core.errors.Retryable` if the store fails.
        """
        try:
            self._save(tables, cursors or {}, self._store.insert_or_hold if hold else self._store.insert_all)
        except ClickHouseError as error:
            raise Retryable(f"the store does not accept what alerting writes: {' '.join(str(error).split())[:300]}") from error

    def _save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int], insert: Callable[[dict[str, dict[str, Any]]], None]) -> None:
        revision = self._store.revision()
        insert(
            {
                table: {**{str(name): _values(frame[name], str(name)) for name in frame.columns}, "revision": [revision] * len(frame)}
                for table, frame in tables.items()
                if len(frame)
            }
        )
        if cursors:
            self._cursors.move(cursors, revision)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert times to UTC without a zone, and categories to text."""
    for name in frame.columns:
        if name in _TIMES:
            stamps = pd.to_datetime(frame[name], utc=True)
            frame[name] = stamps.dt.tz_localize(None).astype("datetime64[ms]")
        elif isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
    return frame


def _values(column: pd.Series, name: str) -> list[Any]:
    if name in _TIMES:
        moments = pd.DatetimeIndex(pd.to_datetime(column, utc=True)).to_pydatetime()
        return [None if moment is pd.NaT else moment for moment in moments]
    if name in _INTEGERS:
        return [int(value) for value in column]
    return list(column)
