"""What is asked of a table or query: statements that PostgreSQL, MySQL, SQL Server, Oracle and SQLite all understand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

POSITION = "andon_position"
SETTLED: dict[str, Callable[[], Any]] = {"mssql": sa.func.min_active_rowversion}
"""By dialect: the first ``rowversion`` that a transaction under way may still commit; all before it are there for good."""


@dataclass(frozen=True)
class TableStatement:
    """``origin``: the table or query; ``change``: its change column as it is compared; ``below``: what the change value stays under."""

    origin: Any
    change: Any
    keys: Sequence[Any]
    below: Any = None

    def newest(self, *shown: Any) -> Any:
        """Ask for columns of the row with the highest change value."""
        return sa.select(*shown).where(self.change.is_not(None), *self._settled()).order_by(self.change.desc()).limit(1)

    def page(self, columns: Sequence[Any], beyond: Any, rows: int) -> Any:
        """Ask for rows in order, with the change value as it is compared under ``POSITION``. ``beyond``: a condition, None for all."""
        named = sa.select(*columns, self.change.label(POSITION))
        return named.where(*([] if beyond is None else [beyond]), *self._settled()).order_by(self.change, *self.keys).limit(rows)

    def nulls(self, since: Any) -> Any | None:
        """Ask whether rows are without a place in the order; None if there can be none. ``since``: a change value, None for all rows."""
        doubtful = [column.is_(None) for column in (self.change, *self.keys) if getattr(column, "nullable", True)]
        if not doubtful:
            return None
        looked_at = [] if since is None else [sa.or_(self.change >= since, self.change.is_(None))]
        return sa.select(sa.literal(1)).select_from(self.origin).where(sa.or_(*doubtful), *looked_at).limit(1)

    def after(self, value: Any, keys: Sequence[Any]) -> Any:
        """Return the condition for the rows after one: (c > :c) OR (c = :c AND (k1 > :k1 OR …)); row values are not portable."""
        (*firsts, (column, last)) = [(self.change, value), *zip(self.keys, keys, strict=True)]
        beyond = column > last
        for column, key in reversed(firsts):
            beyond = sa.or_(column > key, sa.and_(column == key, beyond))
        return beyond

    def _settled(self) -> list[Any]:
        return [] if self.below is None else [self.change < self.below]
