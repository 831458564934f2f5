"""Columns of many short lists and maps, as Arrow holds them: flat values, and where each row's part of them begins.

What a fold needs beside the operations of numpy and Arrow: texts as numbers, combinations, and flat rows as lists and maps. Nothing here
makes a Python object of a value, except of the few distinct names of a catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
Array = Any
"""An Arrow array: the library has no types."""

SEPARATOR = "\x1f"
"""Between texts that are compared together."""
MILLISECONDS = pa.timestamp("ms", "UTC")


def encoded(*texts: Array) -> tuple[Numbers, Array]:
    """Return the texts of each row, joined, as numbers from 0 in the order in which they appear, and the texts that these stand for."""
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, SEPARATOR)
    found = pc.dictionary_encode(joined)
    return found.indices.to_numpy().astype(np.int64), found.dictionary


def pairs(names: Array) -> list[tuple[str, str]]:
    """Return what ``encoded`` joined of two columns."""
    return [(first, second) for first, _, second in (name.partition(SEPARATOR) for name in names.to_pylist())]


def combined(*codes: Numbers) -> Numbers:
    """Return a number for each row that is equal where all of its numbers are, and sorts as they do."""
    whole = codes[0]
    for more in codes[1:]:
        whole = np.unique(whole, return_inverse=True)[1] * (more.max(initial=0) + 1) + more  # so that it cannot grow beyond 64 bits
    return whole


def first_and_last(codes: Numbers) -> tuple[Numbers, Numbers]:
    """Return where each distinct number stands first and where it stands last, in the order of first appearance."""
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    last = np.empty_like(first)
    last[group] = np.arange(len(codes))
    order = np.argsort(first)
    return first[order], last[order]


def sorted_by(**columns: Array) -> Numbers:
    """Return the order of rows by these columns; texts by their bytes."""
    order: Numbers = pc.sort_indices(pa.table(columns), sort_keys=[(name, "ascending") for name in columns]).to_numpy().astype(np.int64)
    return order


def beginnings(*sorted_codes: Numbers) -> Numbers:
    """Return where each run of equal rows begins, of rows in which equal ones stand together."""
    changed = np.zeros(len(sorted_codes[0]), dtype=bool)
    changed[:1] = True
    for codes in sorted_codes:
        changed[1:] |= codes[1:] != codes[:-1]
    return np.flatnonzero(changed)


def offsets(owners: Numbers, count: int) -> Array:
    """Return where the rows of each of ``count`` owners begin, and where they end; rows stand in the order of their owners."""
    return pa.array(np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))]).astype(np.int32))


def lists(begins: Numbers, values: Array) -> Array:
    """Return lists of consecutive values."""
    return pa.ListArray.from_arrays(pa.array(np.append(begins, len(values)).astype(np.int32)), values)


def maps(owners: Numbers, count: int, keys: Array, items: Array) -> Array:
    """Return the map of each of ``count`` owners; keys and items stand in the order of their owners."""
    return pa.MapArray.from_arrays(offsets(owners, count), keys, items)


def flattened(column: Array) -> tuple[Numbers, Array, Array]:
    """Return the pairs of a column of maps, or of lists of pairs: the row of each, its first and its second part."""
    if pa.types.is_map(column.type):
        entries, begins = pa.StructArray.from_arrays([column.keys, column.items], ["key", "value"]), column.offsets
    else:
        entries, begins = column.values, column.offsets
    begins = begins.to_numpy()
    entries = entries.slice(begins[0], begins[-1] - begins[0])
    return np.repeat(np.arange(len(column)), np.diff(begins)), entries.field(0), entries.field(1)


def moments(milliseconds: Numbers, absent: npt.NDArray[np.bool_] | None = None) -> Array:
    """Return times in UTC; null where ``absent``."""
    return pa.array(milliseconds, pa.int64(), mask=absent).cast(MILLISECONDS)


def texts_at(texts: Array | Sequence[str], positions: Numbers) -> Array:
    """Return the texts at these positions; empty where a position is negative."""
    values = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    return pc.fill_null(values.take(pa.array(positions, mask=positions < 0)), "")
