"""Transactions by the identifiers people know, and everything that was said about one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from store.reads.frame import frame
from store.reads.statement import statement


def find(client: Any, text: str, limit: int = 50) -> pd.DataFrame:
    """Return the transactions that any business identifier names, exact ones first, then those it begins.

    Columns: flow, transaction_id, reference, state, stage, started_at, updated_at (UTC), matched (``type value``). The id of a merged
    transaction finds the one it went into.
    """
    value = text.strip()
    exact = list({value, value.lstrip("0")} - {""})
    return frame(client, statement("find_transactions"), {"exact": exact, "prefix": value, "limit": limit})


def survivor(client: Any, flow: str, transaction_id: str) -> str:
    """Return the id of the transaction that a merged one went into, or the id itself."""
    rows = client.query(
        "SELECT transaction_id FROM transaction_keys FINAL"
        " WHERE key_value = {id:String} AND key_type = '@merged' AND flow = {flow:String} AND active LIMIT 1",
        parameters={"id": transaction_id, "flow": flow},
    ).result_rows
    return str(rows[0][0]) if rows else transaction_id


def signals_of(client: Any, flow: str, transaction_id: str, limit: int = 1000) -> pd.DataFrame:
    """Return every signal of a transaction: signal (span, log, event), signal_id, trace_id, source, time (UTC), name, milestone.

    Those read as milestones come with their milestone; the others (empty milestone) share only the trace id with one of them.
    """
    return frame(client, statement("signals_of_transaction"), {"flow": flow, "id": survivor(client, flow, transaction_id), "limit": limit})
