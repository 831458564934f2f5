"""What ``FINAL`` would leave of rows of a table that replaces rows by revision: the latest of each key, if it is active."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from store.stages.fresh_events import SEPARATOR


def latest(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Return the active rows that no later one replaces, in their order, without the columns ``active`` and ``revision``.

    ``key``: the columns by which the table replaces rows, all of them texts.
    """
    chosen = rows["active"].to_numpy() != 0
    names = pc.dictionary_encode(pc.binary_join_element_wise(*(rows[name].combine_chunks() for name in key), SEPARATOR))
    if len(names.dictionary) < len(rows):
        order = np.argsort(rows["revision"].to_numpy(), kind="stable")
        last = np.zeros(len(names.dictionary), dtype=np.intp)
        last[names.indices.to_numpy()[order]] = order
        is_last = np.zeros(len(rows), dtype=bool)
        is_last[last] = True
        chosen &= is_last
    left = rows.drop_columns(["active", "revision"])
    return left if chosen.all() else left.filter(pa.array(chosen)).combine_chunks()
