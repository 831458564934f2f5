"""Milestone events that are not correlated yet, and which transactions their keys name: Arrow in, one row per event and key out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_Texts = npt.NDArray[np.object_]
SEPARATOR = "\x1f"
"""Between texts that are compared together."""


def distinct(events: pa.Table) -> pa.Table:
    """Return each event (flow, event_id) once: as the earliest slice has it, and of one slice as it was received first."""
    if len(events) < 2:
        return events
    ordered = events.sort_by([("slice", "ascending"), ("received_at", "ascending")])
    named = texts(ordered, "flow") + SEPARATOR + texts(ordered, "event_id")
    first = np.sort(np.unique(pd.factorize(named)[0], return_index=True)[1])
    return ordered if len(first) == len(ordered) else ordered.take(pa.array(first)).combine_chunks()


def key_values(events: pa.Table) -> list[str]:
    """Return the values of all keys of the events, each once."""
    return pc.unique(_keys(events).field("value")).to_pylist() if len(events) else []


def keys_with_transactions(events: pa.Table, known: pa.Table) -> pd.DataFrame:
    """Return a row per event, key and transaction that the key names, as ``link.link`` takes them.

    ``known``: flow, key_type, key_value, transaction_id.
    """
    keys = _keys(events)
    counts = pc.list_value_length(events["keys"].chunk(0)).to_numpy(zero_copy_only=False)
    event = np.repeat(np.arange(len(events)), np.maximum(counts, 1))  # one without keys has a row, too
    key_type, key_value = np.full((2, len(event)), "", dtype=object)
    has_key = counts[event] > 0
    key_type[has_key], key_value[has_key] = _objects(keys.field("type")), _objects(keys.field("value"))
    flow = texts(events, "flow")[event]
    row, found = matches(
        flow + SEPARATOR + key_type + SEPARATOR + key_value,
        texts(known, "flow") + SEPARATOR + texts(known, "key_type") + SEPARATOR + texts(known, "key_value"),
    )
    named = np.append(texts(known, "transaction_id"), "")[found]
    event = event[row]
    return pd.DataFrame(
        {
            "flow": flow[row],
            "event_id": texts(events, "event_id")[event],
            "candidate_id": texts(events, "candidate_id")[event],
            "key_type": key_type[row],
            "key_value": key_value[row],
            "transaction_id": named,
        }
    )


def texts(table: pa.Table, column: str) -> _Texts:
    """Return a column of texts as Python strings."""
    return _objects(table[column])


def _objects(values: Any) -> _Texts:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=object)


def _keys(events: pa.Table) -> Any:
    return pc.list_flatten(events["keys"].chunk(0))


def matches(names: _Texts, known: _Texts) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the left join of two lists of names: positions in ``names`` and in ``known``, -1 where there is none."""
    codes, uniques = pd.factorize(np.concatenate([names, known]))
    wanted, offered = codes[: len(names)], codes[len(names) :]
    order = np.argsort(offered, kind="stable")
    counts = np.bincount(offered, minlength=len(uniques))
    begins = np.cumsum(counts) - counts
    times = np.maximum(counts[wanted], 1)
    row = np.repeat(np.arange(len(names)), times)
    position = begins[wanted[row]] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return row, np.where(counts[wanted[row]] > 0, np.append(order, -1)[np.minimum(position, len(order))], -1)
