"""What has arrived, for a proposal of a catalog: sorts of signals, the fields in them, and a sample of what may name transactions.

A *sort* is what a milestone could match: events of a type, spans of a service with a name or a destination, log records of a service with
the same words. A *field* is a path in signals of one sort. No value leaves the store: only counts, shapes and hashes of values.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

TABLES = {"event": "events", "span": "spans", "log": "logs"}
SORTS = 150
"""At most so many sorts of each kind are looked at, the most frequent ones."""
SIGNALS_LOOKED_AT = 1_000
"""Signals of each sort whose fields are looked at."""
Rows = list[dict[str, Any]]


Window = tuple[datetime, datetime]
"""Signals received from a moment to just before another, both in UTC and naive."""


def newest(client: Reader, *, kind: str, seconds: int, limit: int) -> tuple[list[Window], int]:
    """Return the newest signals of a kind (event, span, log) as up to ten windows, and how many they are.

    They are at most about ``limit``, and none was received more than ``seconds`` before the last of them.
    """
    row = _rows(client, statement("discovery/newest", table=TABLES[kind]), {"seconds": seconds, "limit": limit})[0]
    return list(itertools.pairwise(row["windows"])) if row["signals"] else [], int(row["signals"])


def is_deep(client: Reader, *, kind: str, window: Window) -> bool:
    """Return whether spans or log records have maps in attributes, or structured bodies; the data of events are always looked into."""
    return kind != "event" and bool(_rows(client, statement("discovery/deep", kind=kind), _of(window))[0]["deep"])


def sorts(client: Reader, *, kind: str, window: Window, deep: bool, least: int) -> Rows:
    """Return the sorts of a kind that were seen ``least`` times, the most frequent first.

    sort (its number), name, service, destination, operation, conventional, failed, told_by (where a structured log record has its name:
    a path or a column), seen, sources, origins. A name that ends in ``*`` is the beginning of several names.
    """
    return _rows(client, statement("discovery/sorts", kind=kind, deep=deep), {**_of(window), "least": least, "limit": SORTS})


def paths(client: Reader, *, kind: str, window: Window, deep: bool, sorts: Sequence[int]) -> dict[int, list[str]]:
    """Return the frequent paths in each of some sorts, at most 60."""
    sql = statement("discovery/paths", kind=kind, deep=deep, signals=SIGNALS_LOOKED_AT)
    return {row["sort"]: list(row["paths"]) for row in _rows(client, sql, {**_of(window), "sorts": list(sorts)})}


def field_numbers(client: Reader, of: Sequence[tuple[int, str]]) -> list[int]:
    """Return the number of each field, given its sort and path."""
    sql = statement("discovery/field_numbers")
    return list(_rows(client, sql, {"sorts": [sort for sort, _ in of], "paths": [path for _, path in of]})[0]["fields"])


def fields(client: Reader, *, kind: str, window: Window, deep: bool, sorts: Sequence[int], fields: Sequence[int]) -> Rows:
    """Return how the values in each field look.

    sort, path, field (its number), signals, values, distinct_values; identifiers, numbers, fractions, times, padded: how many values are
    one, or begin with zeros; length: the mean, in characters; shape: the most frequent one, letters as A and digits as 9.
    """
    sql = statement("discovery/fields", kind=kind, deep=deep, signals=SIGNALS_LOOKED_AT)
    return _rows(client, sql, {**_of(window), "sorts": list(sorts), "fields": list(fields)})


def sample(client: Reader, *, kind: str, window: Window, deep: bool, sorts: Sequence[int], fields: Sequence[int]) -> pa.Table:
    """Return all signals of some sorts that have any of these fields: signal, sort, at (ms since 1970), fields, values (hashes)."""
    parameters = {**_of(window), "sorts": list(sorts), "fields": list(fields)}
    answer = client.raw_query(statement("discovery/sample", kind=kind, deep=deep), parameters, fmt="ArrowStream")
    with pa.ipc.open_stream(answer) as stream:
        return stream.read_all()


def _of(window: Window) -> dict[str, datetime]:
    return {"since": window[0], "until": window[1]}


def _rows(client: Reader, sql: str, parameters: dict[str, Any]) -> Rows:
    return [{str(name): value for name, value in row.items()} for row in frame(client, sql, parameters).to_dict("records")]
