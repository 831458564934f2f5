"""How many signals each source sent in each hour, and when the last one came: counted from what a slice holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.clock import from_milliseconds
from core.signal import Record, SignalKind

_COUNTED = {SignalKind.TRACES: "spans", SignalKind.LOGS: "logs", SignalKind.METRICS: "metrics", SignalKind.EVENT: "events"}
"""The kinds that are counted here. Those in quarantine are counted by a view: not all of them come through the journal."""
_HOUR_MILLISECONDS = 3_600_000

Hours = dict[tuple[int, str, str], tuple[int, int]]
"""By hour (since 1970), source and kind: signals, and when the last one was received, in milliseconds since 1970."""


def count(hours: Hours, records: Iterable[Record], refused: Iterable[Record]) -> dict[str, int]:
    """Add records to the counts, except those that the store refused; return when the last one of each source was received."""
    left_out, found = set(map(id, refused)), dict[tuple[int, str, SignalKind], tuple[int, int]]()
    for record in records:
        if not left_out or id(record) not in left_out:
            at = record.received_at
            key = at // _HOUR_MILLISECONDS, record.source, record.kind
            signals, last_at = found.get(key, (0, 0))
            found[key] = signals + record.count, max(at, last_at)
    heard: dict[str, int] = {}
    for (hour, source, kind), (signals, last_at) in found.items():
        if kind in _COUNTED:
            before, last_before = hours.get((hour, source, _COUNTED[kind]), (0, 0))
            hours[hour, source, _COUNTED[kind]] = before + signals, max(last_at, last_before)
            heard[source] = max(last_at, heard.get(source, 0))
    return heard


def columns_of(hours: Mapping[tuple[int, str, str], tuple[int, int]]) -> dict[str, Sequence[Any]]:
    """Return the counts as rows of ``source_hours``."""
    return {
        "hour": [from_milliseconds(hour * _HOUR_MILLISECONDS) for hour, _, _ in hours],
        "source": [source for _, source, _ in hours],
        "kind": [kind for _, _, kind in hours],
        "signals": [signals for signals, _ in hours.values()],
        "last_at": [from_milliseconds(last_at) for _, last_at in hours.values()],
    }
