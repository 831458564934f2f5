"""Which transactions events are placed in: rows of ``transaction_events`` from a batch of milestone events and what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from store.stages.fresh_events import SEPARATOR, matches, texts

FOLDED = ("flow", "transaction_id", "milestone", "event_id", "event_time", "failure", "keys", "facts", "cause")
"""The columns that a fold reads."""
COLUMNS = (
    "flow", "transaction_id", "milestone", "event_id", "event_time", "received_at", "time_suspect", "signal", "signal_id", "trace_id",
    "source", "system", "keys", "facts", "failure", "cause",
)  # fmt: skip
"""The columns that a row in another transaction has in common with the event's other rows."""
_TRANSACTION = ("flow", "transaction_id")
_ROW = (*_TRANSACTION, "event_id")


@dataclass(frozen=True)
class Placed:
    """What a batch changes: rows of ``transaction_events`` without their revision, and what is to be folded.

    ``moved``: events of transactions that merge: active in their new transaction, inactive in the old one. ``arrived``: all others.
    ``changed``: all events, in the columns FOLDED, of the transactions that get any of these.
    """

    moved: pa.Table
    arrived: pa.Table
    changed: pa.Table


def ids_of(merges: pd.DataFrame, copies: pd.DataFrame, assignments: pd.DataFrame) -> list[str]:
    """Return the ids of all transactions and shelves that a batch reads or changes."""
    frames = (merges, copies, assignments)
    ids = [frame[name].to_numpy(object) for frame in frames for name in ("from_id", "to_id", "transaction_id") if name in frame]
    found: list[str] = pd.unique(np.concatenate(ids)).tolist()
    return found


def place(fresh: pa.Table, history: pa.Table, merges: pd.DataFrame, copies: pd.DataFrame, assignments: pd.DataFrame) -> Placed:
    """Place events.

    ``fresh``: the milestone events of the batch. ``history``: the active rows of the transactions of :func:`ids_of`, in all COLUMNS if
    anything is merged or copied. An event that a transaction has already is not written again. A shelf gives what it has and what it gets.
    """
    assigned = _assigned(fresh, assignments)
    leaving = _copied(history, merges, "from_id")
    moved = _unlike(_copied(history, merges, "to_id"), history)
    waiting = [_copied(rows, copies, "to_id") for rows in (history, assigned)] if len(copies) else []
    arrived = _unlike(_together(assigned, *waiting), _together(history.select(_ROW), moved.select(_ROW)))
    new = _together(moved.select(FOLDED), arrived.select(FOLDED))
    new = new.filter(pc.invert(pc.starts_with(new["transaction_id"], "@")))
    before = history.filter(pc.is_in(_joined(history, _TRANSACTION), value_set=_joined(new, _TRANSACTION))) if len(new) else new
    return Placed(
        _together(with_column(moved, "active", 1, pa.uint8()), with_column(leaving, "active", 0, pa.uint8())),
        with_column(arrived, "active", 1, pa.uint8()),
        _together(before.select(FOLDED), new),
    )


def with_column(rows: pa.Table, name: str, value: object, type_: pa.DataType) -> pa.Table:
    """Return rows with one more column, of one value."""
    return rows.append_column(name, pa.repeat(pa.scalar(value, type_), len(rows)))


def _assigned(fresh: pa.Table, assignments: pd.DataFrame) -> pa.Table:
    """Return the events in the transactions to which they are assigned."""
    flow, event, transaction = (
        pa.array(assignments[name].to_numpy(object), pa.string()) for name in ("flow", "event_id", "transaction_id")
    )
    position = pc.index_in(_joined_texts(flow, event), value_set=_joined(fresh, ("flow", "event_id")))
    return fresh.take(position).append_column("transaction_id", transaction).select(COLUMNS)


def _copied(rows: pa.Table, pairs: pd.DataFrame, to: str) -> pa.Table:
    """Return the rows of ``from_id`` of each pair, as rows of what the pair's column ``to`` says."""
    if not len(pairs):
        return rows[:0].select([name for name in COLUMNS if name in rows.column_names])
    names = texts(rows, "flow") + SEPARATOR + texts(rows, "transaction_id")
    row, pair = matches(names, (pairs["flow"] + SEPARATOR + pairs["from_id"]).to_numpy(object))
    row, pair = row[pair >= 0], pair[pair >= 0]
    transaction = pa.array(pairs[to].to_numpy(object)[pair], pa.string())
    taken = rows.take(pa.array(row))
    return taken.set_column(taken.column_names.index("transaction_id"), "transaction_id", transaction).select(COLUMNS)


def _unlike(rows: pa.Table, others: pa.Table) -> pa.Table:
    """Return each row of an event in a transaction once, without those that are among the others."""
    names = _joined(rows, _ROW)
    first = np.unique(pc.dictionary_encode(names).indices.to_numpy(), return_index=True)[1]
    is_there = pc.is_in(names, value_set=_joined(others, _ROW)).to_numpy(zero_copy_only=False)
    chosen = first[~is_there[first]]
    return rows if len(chosen) == len(rows) else rows.take(pa.array(chosen))


def _together(*tables: pa.Table) -> pa.Table:
    """Return the rows of all; the types of the store's columns differ in whether they can be null from those made here."""
    return pa.concat_tables(tables, promote_options="default").combine_chunks()


def _joined(rows: pa.Table, columns: tuple[str, ...]) -> Any:
    return _joined_texts(*(rows[name].combine_chunks() for name in columns))


def _joined_texts(*columns: Any) -> Any:
    return pc.binary_join_element_wise(*columns, SEPARATOR)
