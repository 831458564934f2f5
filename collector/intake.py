"""The only way into the journal, where the accounts are kept: per lane, ``received = acknowledged + refused``, exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from collector.lanes import FlowLanes
from collector.ports import RecordJournal
from collector.quarantine import quarantine_reason
from collector.redaction.redactions import Redactions
from core.errors import Full
from core.rejection_log import RejectionLog
from core.signal import Lane, Receipt, Record, SignalKind
from core.telemetry import M, Telemetry


class JournalIntake:
    """Implements :class:`collector.receiver.Intake` for every receiver."""

    def __init__(
        self, journal: RecordJournal, telemetry: Telemetry, rejections: RejectionLog, lanes: FlowLanes, redactions: Redactions
    ) -> None:
        """``lanes`` and ``redactions`` are replaced when the catalog is reloaded."""
        self._journal = journal
        self._telemetry = telemetry
        self._rejections = rejections
        self.lanes = lanes
        self.redactions = redactions

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk, each in its lane. Raises as :meth:`journal.writer.Journal.append` does.

        What is written is what :class:`collector.redaction.redactions.Redactions` leaves of them; no road leads around it.
        """
        records = [self.lanes.raised(record) for record in await self.redactions.applied(records)]
        for (lane, kind), count in _counts(records).items():
            self._telemetry.add(M.RECEIVED, count, lane=lane.value, kind=kind.value)
        try:
            receipts = await self._journal.append(records)
        except Full:
            for (lane, _), count in _counts(records).items():
                self._telemetry.add(M.REFUSED, count, lane=lane.value, reason="full")
            raise
        except asyncio.CancelledError:  # nobody waits for the answer any more, but what was handed over still gets to the disk
            self._count(records)
            raise
        self._count(records)
        return receipts

    def _count(self, records: Sequence[Record]) -> None:
        for (lane, kind), count in _counts(records).items():
            self._telemetry.add(M.ACKNOWLEDGED, count, lane=lane.value, kind=kind.value)
        for record in records:
            if record.kind is SignalKind.QUARANTINE:
                self._telemetry.add(M.QUARANTINED, reason=quarantine_reason(record))
                self._rejections.quarantined(record)


def _counts(records: Sequence[Record]) -> dict[tuple[Lane, SignalKind], int]:
    """Return how many signals are in records of each lane and kind: a metric takes as long as a record."""
    counts: dict[tuple[Lane, SignalKind], int] = {}
    for record in records:
        key = (record.lane, record.kind)
        counts[key] = counts.get(key, 0) + record.count
    return counts
