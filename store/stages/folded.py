"""Transactions that were just folded, as the stages read them from the store: an ordinary tick need not ask it for them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

ROWS_MAX = 5_000
"""More transactions than this are read from the store, in batches."""
COLUMNS = (
    "flow", "transaction_id", "revision", "reference", "keys", "state", "facts", "failed_milestone", "failed_stage", "failed_at", "cause",
    "first_at", "last_at", "reached", "moments",
)  # fmt: skip
"""Those of ``transaction_columns`` in ``store/sql/macros.sql.j2``."""
_Array = Any


def as_frame(rows: pa.Table, revision: int) -> pd.DataFrame:
    """Return rows of ``transactions``, written with this revision, as :meth:`store.client.Store.frame` returns them.

    Times are datetime64 in UTC without a zone; within maps, milliseconds since 1970.
    """
    columns = {name: rows[name].combine_chunks() for name in COLUMNS if name != "revision"}
    found = {name: _column(column) for name, column in columns.items()}
    return pd.DataFrame({name: found[name] if name in found else np.full(len(rows), revision, np.int64) for name in COLUMNS})


def _column(column: _Array) -> Any:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ms")).to_numpy(zero_copy_only=False)
    return pd.Series(_values(column), dtype=object)


def _values(array: _Array) -> list[Any]:
    """Return Python objects: maps as dictionaries, structures as tuples, times as milliseconds."""
    if pa.types.is_map(array.type):
        keys, items = _values(array.keys), _values(array.items)
        return [dict(zip(keys[begin:end], items[begin:end], strict=True)) for begin, end in _ranges(array)]
    if pa.types.is_list(array.type):
        values = _values(array.values)
        return [values[begin:end] for begin, end in _ranges(array)]
    if pa.types.is_struct(array.type):
        return list(zip(*(_values(field) for field in array.flatten()), strict=True))
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("ms", array.type.tz)).cast(pa.int64())
    found: list[Any] = array.to_pylist()
    return found


def _ranges(array: _Array) -> list[tuple[int, int]]:
    return list(itertools.pairwise(array.offsets.to_pylist()))
