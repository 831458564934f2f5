"""Incidents, deliveries, silences and actions in the store: what the alert stage reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.clock import EPOCH
from core.errors import Retryable
from core.verdict import HOLDING
from store.client import Store
from store.held import over
from store.statement import statement

_CURSORS = {"clocks": "alert:clocks", "transactions": "alert:transactions"}
_INTEGERS = frozenset({"members", "members_total", "breached", "attempts", "attempt", "removed"})
_TIMES = frozenset(
    {
        *("acknowledged_until", "at", "attempted_at", "created_at", "due_at", "ends_at", "finished_at", "joined_at", "left_at"),
        *("next_attempt_at", "next_due_at", "opened_at", "resolved_at", "starts_at", "updated_at", "verdict_at"),
    }
)


class StoredIncidents:
    """The alert stage's access to the store (``alerts.ports.IncidentStore``). ``changes`` from one thread only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursors: dict[str, int] | None = None

    def changes(self, limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        """Return the current rows above the cursors that may concern an incident, by table (``clocks``, ``transactions``).

        Also the new cursors, and whether there is more.
        """
        if self._cursors is None:
            self._cursors = self._read_cursors()
        held = self._store.held.clocks()
        reads = [partial(self._changed, table, self._cursors.get(stage, 0), limit) for table, stage in _CURSORS.items()]
        changed = dict(zip(_CURSORS, self._store.side_by_side(*reads), strict=True))
        changed["clocks"] = self._with_held(held, *changed["clocks"])
        frames = {table: frame for table, (frame, _, _) in changed.items()}
        cursors = {_CURSORS[table]: upto for table, (_, upto, _) in changed.items() if upto}
        return frames, cursors, any(more for _, _, more in changed.values())

    def _changed(self, table: str, after: int, limit: int) -> tuple[pd.DataFrame, int, bool]:
        (found,) = self._store.rows(statement("next_rows", table=table), {"after": after, "limit": limit})
        if not found["upto"]:
            return pd.DataFrame(), 0, False
        bounds = {"after": after, "upto": found["upto"], "holding": list(HOLDING)}
        return _plain(self._store.frame(statement(f"incidents/changed_{table}"), bounds)), int(found["upto"]), bool(found["more"])

    def _with_held(self, held: pd.DataFrame, stored: pd.DataFrame, upto: int, more: bool) -> tuple[pd.DataFrame, int, bool]:
        """Return changed clocks together with those waiting in memory, whose revisions come after everything stored."""
        new = held[held["revision"] > (self._cursors or {}).get(_CURSORS["clocks"], 0)] if len(held) and not more else held.iloc[:0]
        return (over(stored, new), max(upto, int(new["revision"].max())), more) if len(new) else (stored, upto, more)

    def saved(self) -> dict[str, pd.DataFrame]:
        """Return what a restarted engine must know, by table. Raises :class:`core.errors.NoRoom` while some of it is waiting in memory."""
        self._store.held.write()
        self._cursors = None
        tables = ("incidents", "incident_members", "deliveries", "silences")
        return {table: _plain(self._store.frame(statement(f"incidents/saved_{table}"))) for table in tables}

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
            rows: dict[str, list[Any]] = {"stage": list(cursors), "position": list(cursors.values()), "revision": [revision] * len(cursors)}
            self._store.write_behind(lambda: self._store.insert_or_hold({"cursors": rows}))
            self._cursors = {**(self._cursors or {}), **cursors}

    def _read_cursors(self) -> dict[str, int]:
        self._store.flush()
        rows = self._store.rows(statement("incidents/cursors"), {"stages": list(_CURSORS.values())})
        return {row["stage"]: int(row["reached"]) for row in rows}


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
        stamps = pd.to_datetime(column, utc=True)
        return [None if pd.isna(stamp) else stamp.to_pydatetime().astimezone(EPOCH.tzinfo) for stamp in stamps]
    if name in _INTEGERS:
        return [int(value) for value in column]
    return list(column)
