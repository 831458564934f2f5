"""Asks the store's own engine whether a catalog's expression can be evaluated over a kind of signal."""

from __future__ import annotations

import re

from clickhouse_connect.driver.exceptions import ClickHouseError

from core.errors import Permanent
from store.client import Store
from store.migrations import schema_statements
from store.read_endpoint.read_only import check_expression
from store.statement import statement

_TABLES = {"span": "spans", "log": "logs", "event": "events"}


class ExpressionCheck:
    """Validates expressions. ``store`` is the one that this process has open; without one an empty in-memory engine is used."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or _empty_store()

    def __call__(self, signal_kind: str, expression: str) -> str | None:
        """Return what is wrong with an expression over the columns of ``span``, ``log`` or ``event``, in one line; None if nothing is.

        Only the analysis runs (``LIMIT 0``). It already computes constants, so anything that is not allowed must not get this far.
        """
        try:
            check_expression(expression)
        except Permanent as refusal:
            return str(refusal)
        try:
            self._store.rows(statement("expressions/analyse", expression=expression, table=_TABLES[signal_kind]))
        except ClickHouseError as error:
            return _with_hint(_one_line(str(error)), signal_kind, expression.strip())
        return None


def _one_line(message: str) -> str:
    found = re.search(r"DB::Exception: (.*?)(?:[:.] [Ii]n scope |: While processing | \([A-Z_]+\)|$)", message, re.DOTALL)
    return " ".join((found[1] if found else message).split()).rstrip(".")


def _with_hint(complaint: str, signal_kind: str, expression: str) -> str:
    """Add where a bare name of the sender's is found: what looks like a column is usually a field or an attribute."""
    if "Unknown expression" not in complaint or not re.fullmatch(r"[A-Za-z_]\w*", expression):
        return complaint
    return f"{complaint}; did you mean {'data' if signal_kind == 'event' else 'attributes'}.{expression}?"


def _empty_store() -> Store:
    store = Store("chdb://:memory:")
    for name, sql in schema_statements().items():
        if name.partition("_")[2] in _TABLES.values():
            store.command(sql)
    return store
