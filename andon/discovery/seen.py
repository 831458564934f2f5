"""Asks the store what has arrived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from andon.discovery.proposal import Field, Sort
from correlator.paths import Signal, is_path
from store.reads import discovery as reads
from store.reads.connection import Reader
from store.sampled import Sampled

_FIELDS = 3_000
"""At most so many fields of a kind are looked at, those of the most frequent sorts first."""


@dataclass(frozen=True)
class Seen:
    """What has arrived: sorts and fields, when the signals of each kind that are looked at were received, and how many these are.

    ``deep``: the kinds with signals that have maps or structures.
    """

    sorts: list[Sort]
    fields: list[Field]
    windows: dict[str, list[reads.Window]]
    deep: dict[str, bool]
    looked_at: dict[str, int]


def look(client: Reader, *, seconds: int, limit: int, least: int) -> Seen:
    """Look at the newest ``limit`` signals of each kind, none older than ``seconds`` before its last.

    ``least``: sorts that were seen less often are left out.
    """
    sorts: list[Sort] = []
    fields: list[Field] = []
    windows: dict[str, list[reads.Window]] = {}
    deep: dict[str, bool] = {}
    looked_at: dict[str, int] = {}
    for kind in ("event", "span", "log"):
        found, count = reads.newest(client, kind=kind, seconds=seconds, limit=limit)
        if found:
            windows[kind], looked_at[kind] = found, count
            whole = found[0][0], found[-1][1]
            deep[kind] = reads.is_deep(client, kind=kind, window=whole)
            own = [_sort(kind, row) for row in reads.sorts(client, kind=kind, window=whole, deep=deep[kind], least=least)]
            sorts += own
            fields += _fields(client, kind, whole, own, deep=deep[kind])
    return Seen(sorts, fields, windows, deep, looked_at)


def _sort(kind: str, row: dict[str, Any]) -> Sort:
    return Sort(
        number=row["sort"],
        kind=kind,
        name=row["name"],
        service=row["service"],
        destination=row["destination"],
        operation=row["operation"],
        conventional=bool(row["conventional"]),
        failed=bool(row["failed"]),
        told_by=row["told_by"],
        seen=row["seen"],
        sources=tuple(sorted(row["sources"])),
        origins=tuple(sorted(row["origins"])),
    )


def _fields(client: Reader, kind: str, window: reads.Window, sorts: list[Sort], *, deep: bool) -> list[Field]:
    by_number = {sort.number: sort for sort in sorts}
    if not sorts:
        return []
    asked: Any = {"kind": kind, "window": window, "deep": deep, "sorts": list(by_number)}
    paths = reads.paths(client, **asked)
    places = [
        (sort.number, path)
        for sort in sorts
        for path in paths.get(sort.number, ())
        if path.startswith("body#") or is_path(cast("Signal", kind), path)
    ]
    numbers = reads.field_numbers(client, places[:_FIELDS])
    found = reads.fields(client, fields=numbers, **asked) if numbers else []
    return [_field(by_number[row.pop("sort")], row) for row in found]


def _field(sort: Sort, row: dict[str, Any]) -> Field:
    number, path, length, shape = (row.pop(name) for name in ("field", "path", "length", "shape"))
    return Field(int(number), sort, path, length=float(length), shape=shape, **{name: int(count) for name, count in row.items()})


def take_sample(client: Reader, seen: Seen, fields: Iterable[Field], sampled: Sampled) -> None:
    """Put the signals that have any of these fields into a sample."""
    chosen = list(fields)
    for kind, windows in seen.windows.items():
        own = [field for field in chosen if field.sort.kind == kind]
        sorts = sorted({field.sort.number for field in own})
        for window in windows if own else ():
            numbers = [field.number for field in own]
            sampled.add(reads.sample(client, kind=kind, window=window, deep=seen.deep[kind], sorts=sorts, fields=numbers))
