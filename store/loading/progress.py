"""The loader's positions: read once at the start, counted in memory at once, and written once a few slices have been loaded.

With them go the counts by source and hour, so that what is loaded again after a crash was not counted before, and what events hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.clock import Clock, to_milliseconds
from core.signal import Lane, Record, SignalKind
from journal.segments import SegmentReader
from store.client import Store
from store.loading.event_contents import EventContents
from store.loading.hours import Hours, columns_of, count
from store.statement import statement

MOVES = 10
"""Positions are written once this many slices have been loaded."""
SIGNALS_TOGETHER = 1_000
"""Or so many signals: it must not take long to load them again after a crash."""


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
    """What ``loaded_segments`` holds, and what is not written there yet.

    One thread writes at a time, and :meth:`advance` is not called meanwhile; :meth:`of` may be called by any.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Progress] | None = None
        self._unwritten: dict[str, int] = {}
        """By segment: the last slice whose position is not written yet."""
        self._hours: Hours = {}
        self.contents = EventContents(store)
        self._moves = 0
        self._signals = 0

    @property
    def is_due(self) -> bool:
        """Whether so much was loaded since positions were last written that it is time to write them."""
        return self._moves >= MOVES or self._signals >= SIGNALS_TOGETHER

    def of(self, segment: SegmentReader) -> Progress:
        """Return how far the segment is loaded."""
        return self._read().get(segment.name) or Progress(segment.lane)

    def positions(self) -> dict[str, int]:
        """Return the position of every segment that is loaded at least in part, by its name."""
        return {name: progress.position for name, progress in self._read().items()}

    def _read(self) -> dict[str, Progress]:
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
        return self._known

    def advance(
        self, segment: SegmentReader, position: int, slice_: int, records: Sequence[Record], damaged: int, refused: Sequence[Record]
    ) -> dict[str, int]:
        """Move a segment on by the records of a slice, which is in the store, and by as many damaged ones; return the signals by kind.

        It counts at once, and in the store after the next :meth:`write`.
        """
        known, before, counted = self._read(), self.of(segment), _by_kind(records)
        signals = dict(before.signals)
        for kind, number in counted.items():
            signals[kind] = signals.get(kind, 0) + number
        after = replace(
            before,
            position=position,
            records=before.records + len(records) + damaged,
            signals=signals,
            damaged=before.damaged + damaged,
            refused=before.refused + len(refused),
            refused_signals=before.refused_signals + sum(record.count for record in refused),
        )
        known[segment.name] = after
        self._unwritten[segment.name] = slice_
        for source, at in count(self._hours, records, refused).items():
            self._store.heard[source] = max(at, self._store.heard.get(source, 0))
            self._store.last_slices[source] = slice_
        self._moves, self._signals = self._moves + 1, self._signals + sum(counted.values())
        return counted

    def write(self) -> None:
        """Write what is not written yet. Raises what the store raises; then it is written the next time."""
        self._store.flush()  # it may be what writes them
        if self._unwritten:
            known = self._read()
            positions = _columns([(name, known[name], slice_) for name, slice_ in self._unwritten.items()], self._clock)
            self._store.insert_all(
                {"source_hours": columns_of(self._hours), "event_contents": self.contents.columns(), "loaded_segments": positions}
            )
            self.contents.written()
            self._unwritten, self._hours, self._moves, self._signals = {}, {}, 0, 0

    def write_again(self) -> None:
        """Write everything that memory has, and segments deleted since, for which the books have the rest: rows of the table were lost."""
        if self._known:
            self._store.insert("loaded_segments", _columns([(name, one, 0) for name, one in self._known.items()], self._clock))
        self._store.command(statement("progress/swept_as_loaded"))

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


def _columns(positions: Sequence[tuple[str, Progress, int]], clock: Clock) -> dict[str, list[Any]]:
    """Return segments, how far each is loaded, and its last slice, as rows of ``loaded_segments``."""
    found = [progress for _, progress, _ in positions]
    return {
        "segment": [name for name, _, _ in positions],
        "lane": [one.lane.value for one in found],
        "position": [one.position for one in found],
        "records": [one.records for one in found],
        "signals": [one.signals for one in found],
        "damaged": [one.damaged for one in found],
        "refused": [one.refused for one in found],
        "refused_signals": [one.refused_signals for one in found],
        "slice": [slice_ for _, _, slice_ in positions],
        "updated_at": [clock.now()] * len(found),
    }


def _by_kind(records: Sequence[Record]) -> dict[str, int]:
    counted: dict[SignalKind, int] = {}
    for record in records:
        counted[record.kind] = counted.get(record.kind, 0) + record.count
    return {kind.value: count for kind, count in counted.items()}
