"""Transactions that are open for long: what they wrote appears only when they commit, long after what was written later was read."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

_ACTIVITY = sa.table("pg_stat_activity", *(sa.column(name) for name in ("datname", "xact_start", "backend_xid")))
_AGE = sa.extract("epoch", sa.func.clock_timestamp() - sa.func.min(_ACTIVITY.c.xact_start))
_OLDEST = sa.select(sa.func.count(), _AGE).where(_ACTIVITY.c.datname == sa.func.current_database(), _ACTIVITY.c.backend_xid.is_not(None))


def open_seconds(connection: sa.Connection) -> float | None:
    """Return for how long the oldest transaction that has written is open; 0 if there is none.

    None: the database does not say, since it is no PostgreSQL, or hides this from our user (who is not in ``pg_read_all_stats``).
    """
    if connection.dialect.name != "postgresql":
        return None
    count, seconds = connection.execute(_OLDEST).one()
    if count == 0:
        return 0.0
    return None if seconds is None else float(seconds)


@dataclass
class Horizon:
    """Up to which change value everything was read, however long a transaction stays open: remembered from one pass to the next."""

    _seen: int | None = None
    _seen_at: float = 0.0

    def settled(self, newest: int, seen_at: float, kept: int | None, oldest_began: float | None) -> int:
        """Return what the next pass counts its overlap back from.

        That is what was the newest when no transaction was open that still is. ``newest``: now, seen at ``seen_at`` (monotonic); ``kept``:
        what it is until now, None before the first pass; ``oldest_began``: when the oldest open transaction began, None if that is unknown.
        """
        if kept is None or oldest_began is None:
            return newest
        settled = kept
        if self._seen is not None:
            if oldest_began < self._seen_at:
                return kept
            settled = self._seen
        self._seen, self._seen_at = newest, seen_at
        return settled
