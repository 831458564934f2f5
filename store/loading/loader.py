"""Loads the journal into the store: slices of undecoded records, critical lane first; readers see each record exactly once.

Steps of a slice, in this order: insert (one statement per kind, on disk when it returns), then the segment's position, which is written to
``loaded_segments`` once a few small slices, or a large one, are in. A crash before it repeats at most these; content keys make the
repetition invisible.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from clickhouse_connect.driver.exceptions import ClickHouseError

from core.clock import Clock, to_milliseconds
from core.config import Settings
from core.errors import NoRoom
from core.signal import Lane
from core.telemetry import M, Telemetry
from journal.format import Stored
from journal.segments import JournalReader, SegmentReader, Waiting
from store.client import STORE_ERRORS, Store
from store.loading.conflicts import quarantine_conflicts
from store.loading.damage import report_damage
from store.loading.progress import ProgressTable
from store.loading.slice import SHARES, SliceWriter

SLICE_MAX_BYTES = 16 << 20
SLICE_MAX_MILLISECONDS = 10_000
"""In real seconds, between the receipt of the first and of the last record."""
SLICES_PER_LOAD = {Lane.CRITICAL: 4, Lane.STANDARD: 2, Lane.BULK: 1}
BACKOFF_SECONDS = (0.2, 30.0)
NO_ROOM_SECONDS = 2.0
"""The longest time before a disk that accepted nothing is tried again: asking costs nothing there."""
log = logging.getLogger("store.loading.loader")


@dataclass(slots=True)
class LoadReport:
    """What one call of :meth:`Loader.load` did.

    ``more``: a backlog is left in the journal; ``failed``: the store refused, and it will be tried again.

    ``no_room``: it refused because its disk accepts nothing. ``upto``: if a backlog is left, everything received up to then (milliseconds
    since 1970, UTC) is loaded, except in the bulk lane; this takes into account the lanes that were not asked for, too.
    """

    slices: list[int] = field(default_factory=list)
    records: int = 0
    signals: dict[str, int] = field(default_factory=dict)
    damaged: int = 0
    refused: int = 0
    more: bool = False
    upto: int | None = None
    failed: str = ""
    no_room: bool = False


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the store is behind the journal, in records, signals, slices (roughly) and seconds (age of the oldest record not loaded)."""

    records: int
    signals: int
    slices: int
    seconds: float


class Loader:
    """The only reader of the journal in the engine. ``load`` is called by one thread; ``lag`` by any."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, telemetry: Telemetry) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._segments = JournalReader(settings.journal, clock)
        self._progress = ProgressTable(store, clock)
        self._writer = SliceWriter(store)
        self._failures: dict[Lane, tuple[int, float]] = {}
        self._no_room = False
        self._write_behind, self._slice_bytes = False, SLICE_MAX_BYTES
        self.loaded: Counter[Lane] = Counter()
        """Signals by lane, since the start."""
        self._slice_milliseconds = SLICE_MAX_MILLISECONDS * settings.clock_speed
        self._run = store.patience.run
        """Reading hangs, too: SQLite leaves a mark beside the journal's file, and a table that is being written cannot always be read."""
        for fault in (M.LOAD_FAILURES, M.JOURNAL_DAMAGED):  # set from the start, so that the first one shows as a rise
            for lane in Lane:
                telemetry.add(fault, 0, lane=lane.value)

    def load(self, lanes: Collection[Lane] = tuple(Lane), slice_bytes: int = SLICE_MAX_BYTES, *, write_behind: bool = False) -> LoadReport:
        """Load what is new in these lanes, a limited amount per call.

        A store that refuses a slice is reported, never raised; nothing is lost by it.

        ``slice_bytes``: about how much a slice holds at most. ``write_behind``: positions are written once it is time
        (``progress.py``), while the caller goes on (:meth:`store.client.Store.write_behind`); if that fails, the caller's next write
        raises it.
        """
        self._write_behind, self._slice_bytes = write_behind, slice_bytes
        report = LoadReport()
        readable: dict[Lane, list[SegmentReader]] | None = None
        for lane in Lane:
            failures, not_before = self._failures.get(lane, (0, 0.0))
            if lane in lanes and self._clock.monotonic() < not_before:
                report.failed, report.no_room = "waiting to try again", self._no_room
                self._hold(lane, report, 0)
                continue
            try:
                if lane not in lanes:
                    self._hold_from_oldest(lane, report)
                    continue
                if readable is None:
                    readable = self._run(lambda: {each: list(self._segments.readable(each)) for each in lanes})
                report.more |= self._load_lane(lane, readable[lane], report)
            except (ClickHouseError, NoRoom) as error:
                self._failed(lane, failures, report, error)
            else:
                self._failures.pop(lane, None)
        return report

    def waits(self, lanes: Collection[Lane]) -> bool:
        """Return whether anything in these lanes is not loaded yet; costs almost nothing while nothing is added.

        Asked by the thread that loads.
        """

        def look() -> bool:
            changed = (segment for lane in lanes for segment in self._segments.readable(lane))
            return any(segment.read(self._progress.of(segment).position, 1) for segment in changed)

        try:
            return self._run(look)
        except NoRoom:
            return False  # nothing can be loaded

    def positions(self) -> Mapping[str, int]:
        """Return how far each segment is loaded: by its name, the id of the last record."""
        return self._progress.positions()

    def lag(self) -> dict[Lane, Lag]:
        """Return per lane what is not loaded yet, counted in the journal."""
        now = to_milliseconds(self._clock.now())
        lags = {}
        for lane in Lane:
            waiting = [segment.waiting(self._progress.of(segment).position) for segment in list(self._segments.of(lane))]
            oldest = min((one.oldest for one in waiting if one.oldest), default=now)
            records, signals = sum(one.records for one in waiting), sum(one.signals for one in waiting)
            lags[lane] = Lag(records, signals, sum(map(self._slices_of, waiting)), max(0, now - oldest) / 1000)
            self._telemetry.set(M.LAG_RECORDS, lags[lane].records, lane=lane.value)
            self._telemetry.set(M.LAG_SECONDS, lags[lane].seconds, lane=lane.value)
        return lags

    def _slices_of(self, waiting: Waiting) -> int:
        """Return the approximate number of slices that a segment's records will make."""
        if not waiting.records:
            return 0
        return 1 + int(max(waiting.bytes / SLICE_MAX_BYTES, (waiting.newest - waiting.oldest) / self._slice_milliseconds))

    def sweep(self) -> list[str]:
        """Delete closed segments that are loaded and older than the configured time; return their names."""
        self._progress.write()
        oldest = to_milliseconds(self._clock.now() - timedelta(seconds=self._settings.journal_keep_seconds))
        deleted = []
        for lane in Lane:
            for segment in list(self._segments.of(lane)):
                if segment.finished and segment.ended_at() < oldest:
                    self._progress.sweep(segment)
                    segment.close()
                    for suffix in ("", "-wal", "-shm"):
                        segment.path.with_name(segment.path.name + suffix).unlink(missing_ok=True)
                    deleted.append(segment.name)
        return deleted

    def write_progress(self) -> None:
        """Write the positions that only memory has. Raises what the store raises."""
        self._progress.write()

    def note_progress_again(self) -> None:
        """Write the positions again: the store has lost some."""
        self._progress.write_again()

    def close(self) -> None:
        """Write the positions that only memory has, as far as the store accepts them, and close the journal's files."""
        try:
            self._progress.write()
        except STORE_ERRORS:
            log.warning("what was loaded last will be loaded again: the store did not take its position", exc_info=True)
        finally:
            self._segments.close()

    def _hold(self, lane: Lane, report: LoadReport, upto: int) -> None:
        """Record that the lane is loaded only up to then. Nothing waits for the bulk lane."""
        if lane is not Lane.BULK:
            report.upto = upto if report.upto is None else min(upto, report.upto)

    def _hold_from_oldest(self, lane: Lane, report: LoadReport) -> None:
        """Record that the lane is loaded only up to what waits in it."""
        if (oldest := self._run(partial(self._oldest_waiting, lane))) is not None:
            self._hold(lane, report, oldest - 1)

    def _load_lane(self, lane: Lane, readable: list[SegmentReader], report: LoadReport) -> bool:
        """Load up to the lane's share of slices from what is ``readable``, and from what follows; return whether a backlog is left.

        Whatever arrives while this runs is not a backlog: a segment whose records were all taken once is not asked again before the next
        call.
        """
        budget = SLICES_PER_LOAD[lane]
        progressed = True
        while progressed:
            progressed = False
            for segment in readable:
                if budget == 0:
                    self._hold_from_oldest(lane, report)
                    return True
                read = self._run(partial(segment.read, self._progress.of(segment).position, self._slice_bytes))
                found, cut = _first_seconds(read, self._slice_milliseconds, self._slice_bytes)
                if found:
                    self._load_slice(segment, found, report)
                    budget -= 1
                progressed |= (cut or segment.closed) if found else segment.finished
            if progressed:
                readable = self._run(lambda: list(self._segments.readable(lane)))
        return False

    def _oldest_waiting(self, lane: Lane) -> int | None:
        """Return when the oldest record that is not loaded was received, in milliseconds since 1970."""
        unread = [segment for segment in self._segments.of(lane) if not segment.finished]
        waiting = [segment.waiting(self._progress.of(segment).position).oldest for segment in unread]
        return min((oldest for oldest in waiting if oldest), default=None)

    def _load_slice(self, segment: SegmentReader, found: list[Stored], report: LoadReport) -> None:
        records = [stored.record for stored in found if stored.record is not None]
        damaged = [stored for stored in found if stored.record is None]
        # A new number for every attempt: readers above a number may already have passed that of a failed one.
        slice_ = self._store.revision(SHARES)
        refused = self._writer.write(records, slice_)
        self._run(partial(quarantine_conflicts, self._store, self._progress.contents, self._telemetry, records, slice_))
        if damaged:
            report_damage(self._store, self._telemetry, segment, damaged, slice_, to_milliseconds(self._clock.now()))
        counted = self._progress.advance(segment, found[-1].id, slice_, records, len(damaged), refused)
        if not self._write_behind:
            self._progress.write()
        elif self._progress.is_due or damaged:
            self._store.write_behind(self._progress.write)
        self._account(segment.lane, report, slice_, found, counted, len(damaged), len(refused))

    def _account(
        self, lane: Lane, report: LoadReport, slice_: int, found: list[Stored], counted: dict[str, int], damaged: int, refused: int
    ) -> None:
        report.slices.append(slice_)
        self.loaded[lane] += sum(counted.values())
        report.records += len(found)
        report.damaged += damaged
        report.refused += refused
        for kind, count in counted.items():
            report.signals[kind] = report.signals.get(kind, 0) + count
            self._telemetry.add(M.LOADED, count, lane=lane.value, kind=kind)

    def _failed(self, lane: Lane, failures: int, report: LoadReport, error: Exception) -> None:
        least, most = BACKOFF_SECONDS
        self._no_room = report.no_room = isinstance(error, NoRoom)
        most = NO_ROOM_SECONDS if self._no_room else most
        pause = min(most, least * 2 ** min(failures, 10))
        self._failures[lane] = (failures + 1, self._clock.monotonic() + pause)
        self._hold(lane, report, 0)
        report.failed = str(error).split("\n", 1)[0][:500]
        self._telemetry.add(M.LOAD_FAILURES, lane=lane.value)
        log.warning(
            "a slice could not be loaded; trying again",
            extra={"fields": {"lane": lane.value, "pause_seconds": pause, "error": report.failed}},
        )


def _first_seconds(found: list[Stored], milliseconds: float, most_bytes: int) -> tuple[list[Stored], bool]:
    """Return the leading records received soon enough after the first one, and whether they are as many as a slice may hold."""
    start = next((stored.record.received_at for stored in found if stored.record is not None), None)
    size = 0
    for index, stored in enumerate(found):
        if stored.record is not None and start is not None:
            if stored.record.received_at > start + milliseconds:
                return found[:index], True
            size += len(stored.record.body)
    return found, size >= most_bytes
