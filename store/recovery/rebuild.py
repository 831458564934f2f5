"""Reads signals from the journal again for days that the store has lost, and says what the journal no longer has.

A whole store is rebuilt by the loader itself, in an empty folder. This module is for a store that lacks a part: what was loaded once is
inserted under new slices. What already exists is replaced by itself, and the books still count it once.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.clock import EPOCH, Clock, from_milliseconds, to_milliseconds
from core.config import Settings
from core.folder import sync_folder
from core.plural import counted
from core.signal import Lane, SignalKind
from core.telemetry import Telemetry
from journal.format import Stored, segments
from journal.reader import read_segment
from journal.segments import SegmentReader
from store.client import Store
from store.loading.conflicts import quarantine_conflicts
from store.loading.event_contents import EventContents
from store.loading.progress import ProgressTable
from store.loading.slice import SHARES, SliceWriter
from store.recovery.parts_ledger import LEDGER
from store.statement import statement

SIGNALS = {
    "spans": SignalKind.TRACES,
    "logs": SignalKind.LOGS,
    "metrics": SignalKind.METRICS,
    "events": SignalKind.EVENT,
    "event_contents": SignalKind.EVENT,
    "quarantine": SignalKind.QUARANTINE,
}
"""The tables that hold what was received, and the kinds under which the journal has it."""
MARKER = "rebuild.json"
_SLICE_BYTES = 16 << 20
_NAMED_DAYS = 31


@dataclass(frozen=True, slots=True)
class Lost:
    """A table and the days (UTC, of receipt) of which rows are missing, both included; None: unknown since or until when."""

    table: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Received from ``since`` until before ``until``, in milliseconds since 1970."""

    since: int
    until: int

    def holds(self, moment: int) -> bool:
        """Return whether it was received in this interval."""
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Step:
    """A slice that was read again: from which segment, how many records and signals, and how many records were damaged."""

    segment: str
    records: int
    signals: int
    damaged: int


def window_of(first: date | None, last: date | None) -> Window:
    """Return the interval of these days."""
    since = datetime(first.year, first.month, first.day, tzinfo=UTC) if first else None
    until = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1) if last else None
    return Window(to_milliseconds(since) if since else 0, to_milliseconds(until) if until else 1 << 62)


class SignalReload:
    """Reads signals again. One thread only, the one that loads: nothing may be loaded between two steps for one table's hour."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, telemetry: Telemetry) -> None:
        self._journal = settings.journal
        self._store = store
        self._telemetry = telemetry
        self._progress = ProgressTable(store, clock)
        self._writer = SliceWriter(store)
        self._contents = EventContents(store)

    def steps(self, lost: Collection[Lost], but: Collection[str] = ()) -> Iterator[Step]:
        """Yield after each slice; ``but``: names of segments to leave out. For tables that hold no signals, nothing is read.

        Only what was loaded before is read again: the rest is up to the loader.
        """
        wanted = [(SIGNALS[one.table], window_of(one.first, one.last)) for one in lost if one.table in SIGNALS]
        for lane in Lane if wanted else ():
            for path in segments(self._journal, lane):
                segment = SegmentReader(path, lane)
                if segment.name not in but and any(_overlap(segment.received(), window) for _, window in wanted):
                    yield from self._read(segment, wanted)
        counts = [window_of(one.first, one.last) for one in lost if one.table in _COUNTS]
        for window in {*counts, *(window for _, window in wanted)}:
            self._count_hours(window)

    def _read(self, segment: SegmentReader, wanted: list[tuple[SignalKind, Window]]) -> Iterator[Step]:
        after, loaded = 0, self._progress.of(segment).position
        while after < loaded and (found := list(read_segment(segment.path, segment.lane, after, _SLICE_BYTES))):
            after = found[-1].id
            yield self._write(segment, [stored for stored in found if stored.id <= loaded], wanted)

    def _write(self, segment: SegmentReader, found: list[Stored], wanted: list[tuple[SignalKind, Window]]) -> Step:
        records = [
            one.record
            for one in found
            if one.record and any(one.record.kind is kind and window.holds(one.record.received_at) for kind, window in wanted)
        ]
        if records:
            slice_ = self._store.revision(SHARES)
            self._writer.write(records, slice_)
            quarantine_conflicts(self._store, self._contents, self._telemetry, records, slice_)
            self._contents.write()
        damaged = sum(1 for one in found if one.record is None)
        return Step(segment.name, len(records), sum(record.count for record in records), damaged)

    def _count_hours(self, window: Window) -> None:
        """Count the hours' signals again: what was read again was counted twice. Hours whose signals have expired stay as they are."""
        for table in ("spans", "logs", "metrics", "events", "quarantine"):
            oldest = self._store.rows(statement("rebuild/oldest_hour", table=table))[0]
            if not oldest["n"]:
                continue
            since = max(from_milliseconds(window.since), oldest["hour"].replace(tzinfo=UTC))
            bound = {"since": since, "until": from_milliseconds(min(window.until, _LAST)), "kind": table}
            self._store.command(statement("rebuild/forget_hours"), bound)
            self._store.command(statement("rebuild/count_hours", table=table), bound)


_COUNTS = frozenset({"source_hours", "schema_files"})
"""Tables whose loss makes it necessary to count again: the schema's records, because a start without them counts everything once more."""
_LAST = to_milliseconds(datetime(2100, 1, 1, tzinfo=UTC))


def _overlap(received: tuple[int, int] | None, window: Window) -> bool:
    """Return whether a segment may hold anything from this interval; one that does not say what it holds may."""
    return received is None or (received[0] < window.until and received[1] >= window.since)


def gone(store: Store, window: Window) -> list[str]:
    """Return one line per day, latest first, of what was received then and is no longer in the journal, with counts from the books."""
    rows = store.rows(statement("rebuild/swept_days"), {"since": window.since, "until": min(window.until, _LAST)})
    lines = [
        f"{row['day']}: {counted(int(row['segments']), 'segment')} with {counted(int(row['signals']), 'signal')}"
        f" in {counted(int(row['records']), 'record')}, deleted after they were loaded"
        for row in rows[:_NAMED_DAYS]
    ]
    if more := rows[_NAMED_DAYS:]:
        lines.append(f"{more[-1]['day']} to {more[0]['day']}: {counted(sum(int(row['signals']) for row in more), 'signal')} more")
    return lines


def move_store_aside(settings: Settings, now: datetime) -> tuple[Path | None, bool]:
    """Move the embedded store's folder away; return where it is (None: there was none), and whether a rebuild was already under way.

    A marker beside it is on disk before anything moves, so that an interrupted rebuild continues with the store that it began.
    """
    marker, store = settings.data / MARKER, settings.data / "store"
    resumed = marker.exists()
    if resumed:
        name = str(json.loads(marker.read_text(encoding="utf-8"))["aside"])
    else:
        name = f"store-{now:%Y%m%dT%H%M%SZ}" if store.is_dir() and any(store.iterdir()) else ""
        unfinished = marker.with_suffix(".new")
        unfinished.write_text(json.dumps({"aside": name}), encoding="utf-8")
        sync_folder(settings.data)
        unfinished.replace(marker)
        sync_folder(settings.data)
    (settings.data / LEDGER).unlink(missing_ok=True)  # of the store that is moved away
    if name and not (settings.data / name).exists() and store.exists():
        store.rename(settings.data / name)
        sync_folder(settings.data)
    return (settings.data / name if name else None), resumed


def finish(settings: Settings) -> None:
    """Record that the rebuild is done."""
    (settings.data / MARKER).unlink(missing_ok=True)


def stored_rows(store: Store, table: str, first: datetime, last: datetime) -> int:
    """Return the rows of a table without replaced ones: those received from the day of ``first`` to that of ``last``; EPOCH: all."""
    if first == EPOCH:
        return int(store.rows(statement("rebuild/count_rows", table=table, in_window=False))[0]["n"])
    window = window_of(first.date(), last.date())
    bound = {"since": from_milliseconds(window.since), "until": from_milliseconds(window.until)}
    return int(store.rows(statement("rebuild/count_rows", table=table, in_window=True), bound)[0]["n"])
