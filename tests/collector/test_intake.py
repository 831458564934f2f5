"""The accounts of the way in: per lane, received is acknowledged plus refused, whatever becomes of the records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from collector.intake import JournalIntake
from collector.lanes import FlowLanes
from collector.redaction.redactions import Redactions
from core.catalog.catalog import Catalog
from core.clock import SystemClock
from core.errors import Full
from core.rejection_log import RejectionLog
from core.signal import Lane, Receipt, Record, SignalKind
from core.telemetry import M, Telemetry

RECORDS = [
    Record(SignalKind.TRACES, "crm", Lane.CRITICAL, 0, 7, b"spans"),
    Record(SignalKind.EVENT, "crm", Lane.CRITICAL, 0, 1, b"{}"),
    Record(SignalKind.QUARANTINE, "crm", Lane.CRITICAL, 0, 2, b"bad", json.dumps({"reason": "otlp_bad_id"})),
]


class Journal:
    def __init__(self, outcome: BaseException | None = None) -> None:
        self.outcome = outcome
        self.appended: list[Record] = []

    async def append(self, records: Sequence[Record]) -> list[Receipt]:
        if self.outcome is not None:
            raise self.outcome
        self.appended += records
        return [Receipt("segment", number) for number, _ in enumerate(records)]


def accept(journal: Journal, telemetry: Telemetry) -> list[Receipt]:
    intake = JournalIntake(
        journal, telemetry, RejectionLog(SystemClock(), telemetry), FlowLanes(Catalog()), Redactions(Catalog(), telemetry)
    )
    return asyncio.run(intake.accept(RECORDS))


def counted(telemetry: Telemetry, metric: M, **labels: str) -> list[float]:
    return [telemetry.value(metric, lane="critical", kind=record.kind.value, **labels) for record in RECORDS]


def test_what_is_on_disk_is_acknowledged() -> None:
    journal, telemetry = Journal(), Telemetry()
    assert len(accept(journal, telemetry)) == 3
    assert journal.appended == RECORDS
    assert counted(telemetry, M.RECEIVED) == counted(telemetry, M.ACKNOWLEDGED) == [7, 1, 2]
    assert telemetry.value(M.QUARANTINED, reason="otlp_bad_id") == 1


def test_what_has_no_room_is_refused_and_nothing_of_it_is_in_quarantine() -> None:
    telemetry = Telemetry()
    with pytest.raises(Full):
        accept(Journal(Full("no room")), telemetry)
    assert (counted(telemetry, M.RECEIVED), counted(telemetry, M.ACKNOWLEDGED)) == ([7, 1, 2], [0, 0, 0])
    assert telemetry.value(M.REFUSED, lane="critical", reason="full") == 10
    assert telemetry.value(M.QUARANTINED, reason="otlp_bad_id") == 0


def test_what_nobody_waits_for_any_more_gets_to_the_disk_and_counts() -> None:
    telemetry = Telemetry()
    with pytest.raises(asyncio.CancelledError):
        accept(Journal(asyncio.CancelledError()), telemetry)
    assert counted(telemetry, M.RECEIVED) == counted(telemetry, M.ACKNOWLEDGED) == [7, 1, 2]
