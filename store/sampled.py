"""A sample of signals in a scratch store, from which a proposal learns which values are whose, and in which order things happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from store.client import ALL_THREADS, Store
from store.statement import statement

PART_OF_VALUES = 20_000
"""About so many values, the same of every field, are compared."""
TRANSACTIONS = 10_000
"""About so many transactions are followed."""
LEAST_SHARED = 5
"""Fewer common values are taken for chance."""
_TABLES = ("signals", "keys", "placed", "members", "reached")
Rows = list[dict[str, Any]]


class Sampled:
    """Works on the sample in ``store``, whose tables it makes and :meth:`close` drops."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for table in _TABLES:
            store.command(statement(f"sampled/create_{table}"))

    def close(self) -> None:
        """Drop the tables."""
        for table in _TABLES:
            self._store.command(statement("sampled/drop", table=f"sampled_{table}"))

    def add(self, signals: pa.Table) -> None:
        """Add signals: signal, sort, at (ms since 1970), fields, values (hashes)."""
        self._store.insert_table("sampled_signals", signals)

    def fields(self) -> dict[int, tuple[int, int]]:
        """Return of each field how many different values and how many values it has."""
        return {row["field"]: (row["all_values"], row["seen"]) for row in self._store.rows(statement("sampled/distinct"), {"part": 1})}

    def shared(self, values: int) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
        """Return how many values two fields share, and how many different ones each has; both of the same part of all ``values``."""
        part = {"part": max(1, values // PART_OF_VALUES)}
        shared = self._store.rows(statement("sampled/shared"), {**part, "least": LEAST_SHARED})
        distinct = self._store.rows(statement("sampled/distinct"), part)
        return {(row["one"], row["other"]): row["shared"] for row in shared}, {row["field"]: row["distinct_values"] for row in distinct}

    def together(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return of two fields in how many signals, of some of each sort, both are, and in how many of these they say the same."""
        return {(row["one"], row["other"]): (row["both"], row["same"]) for row in self._store.rows(statement("sampled/together"))}

    def place(self, keys: Mapping[int, int]) -> dict[tuple[int, int], tuple[int, int]]:
        """Read the keys, given by field, out of all signals.

        Return of two keys how many values of the one stand beside any of the other, and how many of them beside only one.
        """
        self._store.insert("sampled_keys", {"field": list(keys), "key": list(keys.values())})
        self._store.command(statement("sampled/place"), settings=ALL_THREADS)
        return {(row["one"], row["other"]): (row["values"], row["single"]) for row in self._store.rows(statement("sampled/relations"))}

    @contextmanager
    def transactions(self, root: int, parents: Sequence[tuple[int, int]], roots: int) -> Iterator[Followed]:
        """Follow the transactions of a root key, of which there are ``roots``; other keys belong to them through their parents."""
        self._store.command(statement("sampled/begin_members"), {"root": root, "part": max(1, roots // TRANSACTIONS)})
        for key, parent in parents:
            self._store.command(statement("sampled/extend_members"), {"key": key, "parent": parent}, settings=ALL_THREADS)
        self._store.command(statement("sampled/reach"), settings=ALL_THREADS)
        yield Followed(self._store)
        for table in ("sampled_members", "sampled_reached"):
            self._store.command(statement("truncate", table=table))


class Followed:
    """The transactions of one flow in the sample."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sorts(self) -> dict[int, dict[str, int]]:
        """Return by sort: signals, transactions, usual_times, most_times."""
        return {row["sort"]: row for row in self._store.rows(statement("sampled/reached"))}

    def orders(self, sorts: Sequence[int]) -> dict[tuple[int, int], dict[str, Any]]:
        """Return of two sorts: both, before (transactions), took (ms from the one to the other: median, 90 % and 95 %)."""
        found = self._store.rows(statement("sampled/orders"), {"sorts": list(sorts)})
        return {(row["one"], row["other"]): row for row in found}

    def variants(self, sorts: Sequence[int]) -> list[tuple[frozenset[int], int]]:
        """Return sets of sorts, and how many transactions were seen in exactly these."""
        found = self._store.rows(statement("sampled/variants"), {"sorts": list(sorts)})
        return [(frozenset(row["sorts"]), row["transactions"]) for row in found]

    def constant(self, fields: Sequence[int]) -> dict[int, float]:
        """Return by field in which share of the transactions it has one value only."""
        found = self._store.rows(statement("sampled/constant"), {"fields": list(fields)})
        return {row["field"]: row["constant"] / row["transactions"] for row in found}
