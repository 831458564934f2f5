"""Counts by source and hour, of what was not refused."""

from __future__ import annotations

from datetime import UTC, datetime

from core.signal import Lane, Record, SignalKind
from store.loading.hours import Hours, columns_of, count

HOUR = 3_600_000


def record(kind: SignalKind, source: str, received_at: int, signals: int = 1) -> Record:
    return Record(kind, source, Lane.STANDARD, received_at, signals, b"")


def test_signals_are_counted_by_hour_source_and_kind_with_their_last_receipt() -> None:
    hours: Hours = {}
    refused = record(SignalKind.LOGS, "erp", HOUR, 7)
    first = [record(SignalKind.TRACES, "erp", HOUR + 5, 3), record(SignalKind.TRACES, "erp", HOUR, 2), refused]
    assert count(hours, first, [refused]) == {"erp": HOUR + 5}
    heard = count(hours, [record(SignalKind.TRACES, "erp", HOUR + 9), record(SignalKind.EVENT, "crm", 3 * HOUR)], [])
    assert heard == {"erp": HOUR + 9, "crm": 3 * HOUR}
    assert hours == {(1, "erp", "spans"): (6, HOUR + 9), (3, "crm", "events"): (1, 3 * HOUR)}
    columns = columns_of(hours)
    assert columns["hour"] == [datetime(1970, 1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 3, tzinfo=UTC)]
    assert (columns["source"], columns["kind"], columns["signals"]) == (["erp", "crm"], ["spans", "events"], [6, 1])


def test_quarantined_input_is_not_counted_here() -> None:
    hours: Hours = {}
    assert count(hours, [record(SignalKind.QUARANTINE, "erp", HOUR)], []) == {}
    assert hours == {}
