"""The loader's positions: read once at the start, written after every slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.clock import Clock, to_milliseconds
from core.signal import Lane, Record
from journal.segments import SegmentReader
from store.client import Store
from store.statement import statement


@dataclass(slots=True)
class Progress:
    """How far a segment is loaded, as stored in ``loaded_segments``. ``signals`` counts acknowledged signals per kind."""

    lane: Lane
    position: int = 0
    records: int = 0
    signals: dict[str, int] = field(default_factory=dict)
    damaged: int = 0
    refused: int = 0
    refused_signals: int = 0


class ProgressTable:
    """What ``loaded_segments`` holds, also kept in memory."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Progress] | None = None

    def of(self, segment: SegmentReader) -> Progress:
        """Return how far the segment is loaded."""
        if self._known is None:
            self._known = {
                str(row["segment"]): Progress(
                    Lane(row["lane"]),
                    int(row["position"]),
                    int(row["records"]),
                    {str(kind): int(count) for kind, count in row["signals"].items()},
                    int(row["damaged"]),
                    int(row["refused"]),
                    int(row["refused_signals"]),
                )
                for row in self._store.rows(statement("progress/loaded_segments"))
            }
        return self._known.get(segment.name) or Progress(segment.lane)

    def advance(
        self,
        segment: SegmentReader,
        position: int,
        slice_: int,
        counted: dict[str, int],
        records: int,
        damaged: int,
        refused: Sequence[Record],
    ) -> None:
        """Write the segment's new position; in memory it moves only once the store has it."""
        before = self.of(segment)
        signals = dict(before.signals)
        for kind, count in counted.items():
            signals[kind] = signals.get(kind, 0) + count
        after = replace(
            before,
            position=position,
            records=before.records + records,
            signals=signals,
            damaged=before.damaged + damaged,
            refused=before.refused + len(refused),
            refused_signals=before.refused_signals + sum(record.count for record in refused),
        )
        self._insert([(segment.name, after)], slice_)
        if self._known is not None:
            self._known[segment.name] = after

    def write_again(self) -> None:
        """Write everything that memory has, and segments deleted since, for which the books have the rest: rows of the table were lost."""
        if self._known:
            self._insert(list(self._known.items()), 0)
        self._store.command(statement("progress/swept_as_loaded"))

    def _insert(self, positions: Sequence[tuple[str, Progress]], slice_: int) -> None:
        names = [name for name, _ in positions]
        found = [progress for _, progress in positions]
        self._store.insert(
            "loaded_segments",
            {
                "segment": names,
                "lane": [one.lane.value for one in found],
                "position": [one.position for one in found],
                "records": [one.records for one in found],
                "signals": [one.signals for one in found],
                "damaged": [one.damaged for one in found],
                "refused": [one.refused for one in found],
                "refused_signals": [one.refused_signals for one in found],
                "slice": [slice_] * len(found),
                "updated_at": [self._clock.now()] * len(found),
            },
        )

    def sweep(self, segment: SegmentReader) -> None:
        """Record what is about to be deleted in the books."""
        known, now = self.of(segment), self._clock.now()
        first, last = segment.received() or (to_milliseconds(now), to_milliseconds(now))
        self._store.insert(
            "swept_segments",
            {
                "segment": [segment.name],
                "lane": [segment.lane.value],
                "records": [known.records],
                "signals": [known.signals],
                "first_at": [first],
                "last_at": [last],
                "revision": [self._store.revision()],
            },
        )
