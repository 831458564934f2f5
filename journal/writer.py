"""The journal's writing side: on disk before every acknowledgement.

Reads: its own folder at the start, and its size every two seconds while records arrive. Writes: one segment per lane, from one thread per
lane. Promises: :meth:`Journal.append` returns only after the COMMIT that holds the records, which with ``synchronous=FULL`` means after
``fdatasync``; a segment left by a killed collector is never written again (a new one with a higher number closes it); all waiting requests
share one commit (group commit); of the records of one call, those of one lane are kept together or not at all. On failure: lack of room
raises :class:`core.errors.Full`, even if only the disk itself reports it (``core.disk.NO_ROOM``), and once a second the journal checks
whether there is room again; any other disk error acknowledges nothing, marks the journal as failed and calls ``on_failure``, which ends the
process: the next start decides what is on disk, rather than this one guessing.

A call of several lanes may thus fail with one lane's records on disk. Its sender is told to send all of them again, and the store knows
each record by its content: none is counted twice.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.clock import Clock, to_milliseconds
from core.disk import RESERVE_LEAST_BYTES, SLOW_SECONDS, WORDS, Lack, Room, lack_of, sentence, space_of
from core.errors import Full, UsageError
from core.file_lock import holder_of
from core.folder import make_folder
from core.signal import Lane, Receipt, Record
from core.telemetry import M, Telemetry
from journal.format import SEGMENT_SUFFIX, segment_path
from journal.segment import LOCK_FILE, Row, SegmentWriter, lock_folder, make_row, segment_bytes

CRITICAL_SHARE = 0.2
"""Share of the journal that only the critical lane may fill."""
RESCAN_SECONDS = 2.0
WAITING_MAX_BYTES = 48 << 20
"""Bytes that a lane may hold in memory while they wait for the disk."""
COMMIT_MAX_BYTES = 16 << 20
RETRY_AFTER_SECONDS = 5
LOOK_SECONDS = 0.1
"""How old an answer of the file system may be; what was written since is counted."""
TRY_AGAIN_SECONDS = 1.0
_LOG = logging.getLogger("andon.journal")


@dataclass(slots=True)
class _Waiting:
    rows: list[Row]
    size: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[list[Receipt]]


class LaneWriter:
    """One lane: a queue bounded in bytes, one thread, one open segment."""

    def __init__(
        self,
        journal: Path,
        collector: str,
        lane: Lane,
        segment_max_bytes: int,
        clock: Clock,
        telemetry: Telemetry,
        on_failure: Callable[[], None],
    ) -> None:
        self.lane = lane
        self.folder = segment_path(journal, collector, lane, 0).parent
        self.written = 0
        self._journal = journal
        self._collector = collector
        self._segment_max_bytes = segment_max_bytes
        self._clock = clock
        self._telemetry = telemetry
        self._on_failure = on_failure
        self._queue: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._wake = threading.Condition()
        self._stopping = False
        self.failed = False
        self.lack: Lack | None = None
        """What the disk lacked at the last write."""
        self._writing_since: float | None = None
        # A number must never be reused, even when all segments are gone: the store remembers how far it has read each segment.
        seconds = to_milliseconds(clock.now()) // 1000
        self._number = max((int(path.stem) for path in self.folder.glob(f"*{SEGMENT_SUFFIX}")), default=0)
        self._number = max(self._number, seconds - 1)
        self._segment: SegmentWriter | None = None
        self._attempt([])
        self._thread = threading.Thread(target=self._run, name=f"journal-{lane.value}", daemon=True)
        self._thread.start()

    def waiting_room(self, size: int) -> bool:
        """Return whether ``size`` more bytes may wait for the disk; an oversized record may wait on its own."""
        return not self.failed and (self._waiting_bytes == 0 or self._waiting_bytes + size <= WAITING_MAX_BYTES)

    @property
    def is_slow(self) -> bool:
        """Whether the current write has taken so long that nothing more should wait for it."""
        since = self._writing_since
        return since is not None and self._clock.monotonic() - since >= SLOW_SECONDS

    def submit(self, waiting: _Waiting) -> None:
        """Queue records for the next commit."""
        with self._wake:
            self._queue.append(waiting)
            self._waiting_bytes += waiting.size
            self.written += waiting.size
            self._wake.notify()

    def bytes_on_disk(self) -> int:
        """Return the bytes of all segments of this lane, as found on disk."""
        return sum(segment_bytes(path) for path in self.folder.glob(f"*{SEGMENT_SUFFIX}"))

    def stop(self) -> None:
        """Write what is waiting, close the segment and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _take(self) -> list[_Waiting]:
        """Wait for work; an empty list means stop or, while the disk lacks something, that it is time to try again."""
        with self._wake:
            while not self._queue and not self._stopping:
                if not self._wake.wait(TRY_AGAIN_SECONDS if self.lack else None):
                    break
            batch: list[_Waiting] = []
            size = 0
            while self._queue and (not batch or size + self._queue[0].size <= COMMIT_MAX_BYTES):
                batch.append(self._queue.popleft())
                size += batch[-1].size
            return batch

    def _run(self) -> None:
        try:
            while (batch := self._take()) or not self._stopping:
                self._attempt(batch)
                if batch and self._needs_another():
                    self._attempt([])  # now, while nobody waits: the next batch finds its segment open
            if self._segment is not None:
                self._close(self._segment)
        except Exception as error:  # boundary: the disk; whatever went wrong, nothing more may be acknowledged
            self.failed = True
            _LOG.critical(
                "journal failed, stopping", extra={"fields": {"lane": self.lane.value, "error": f"{type(error).__name__}: {error}"}}
            )
            self._on_failure()

    def _attempt(self, batch: list[_Waiting]) -> None:
        """Write a batch, or test whether it could be written (an empty one); if the disk accepts no more, reject it."""
        self._writing_since = self._clock.monotonic()
        try:
            self._write(batch)
        except OSError as error:
            lack = lack_of(error, self.folder)
            if lack is None:
                raise
            if self.lack is None:
                fields = {"lane": self.lane.value, "error": str(error)}
                _LOG.error("the disk accepts no more, signals are rejected until it does", extra={"fields": fields})
            self.lack = lack
            self._done(batch)
            if batch:
                batch[0].loop.call_soon_threadsafe(_refuse, batch, lack)
        else:
            if self.lack is not None:
                _LOG.warning("the disk accepts signals again", extra={"fields": {"lane": self.lane.value}})
            self.lack = None
        finally:
            self._writing_since = None

    def _write(self, batch: list[_Waiting]) -> None:
        if self._needs_another():
            old, self._segment = self._segment, self._open_next()
            if old is not None:
                self._close(old)
        if batch:
            self._commit(batch)

    def _needs_another(self) -> bool:
        return self._segment is None or self.lack is not None or self._segment.size >= self._segment_max_bytes

    def _open_next(self) -> SegmentWriter:
        make_folder(self.folder)
        if self.lack is Lack.BYTES and space_of(self.folder).free_bytes < RESERVE_LEAST_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
        segment = SegmentWriter(segment_path(self._journal, self._collector, self.lane, self._number + 1))
        self._number += 1
        return segment

    def _commit(self, batch: list[_Waiting]) -> None:
        segment = self._segment
        assert segment is not None  # noqa: S101 - it is opened before
        began = self._clock.monotonic()
        position = segment.append([row for waiting in batch for row in waiting.rows])
        self._telemetry.observe(M.JOURNAL_COMMIT_SECONDS, self._clock.monotonic() - began, lane=self.lane.value)
        name = segment.path.name
        receipts = []
        for waiting in batch:
            receipts.append([Receipt(name, position + offset) for offset in range(len(waiting.rows))])
            position += len(waiting.rows)
        self._done(batch)
        # one call for all: the requests of a collector share one event loop
        batch[0].loop.call_soon_threadsafe(_acknowledge, batch, receipts)

    def _done(self, batch: list[_Waiting]) -> None:
        with self._wake:
            self._waiting_bytes -= sum(waiting.size for waiting in batch)

    def _close(self, segment: SegmentWriter) -> None:
        try:
            segment.close(to_milliseconds(self._clock.now()))
        except OSError as error:
            if lack_of(error, self.folder) is None:
                raise
            _LOG.warning("a segment is not marked as closed; the next one closes it", extra={"fields": {"error": str(error)}})


def _refuse(batch: list[_Waiting], lack: Lack) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(_full(lack))


def _full(lack: Lack) -> Full:
    return Full(f"the collector's disk {WORDS[lack]}", RETRY_AFTER_SECONDS)


def _acknowledge(batch: list[_Waiting], receipts: list[list[Receipt]]) -> None:
    for waiting, given in zip(batch, receipts, strict=True):
        if not waiting.future.done():
            waiting.future.set_result(given)


def _bytes_of(record: Record) -> int:
    return len(record.body) + len(record.detail) + 256


def exit_process() -> None:
    """End the process at once with a failure code, without acknowledging anything more."""
    os._exit(70)


def lock_collector(journal: Path, collector: str) -> BinaryIO:
    """Return the open file whose lock makes this the only collector of its name.

    Raises :class:`core.errors.UsageError` at once if another has it.
    """
    folder = journal / collector
    if (file := lock_folder(folder)) is None:
        raise UsageError(
            f"another collector writes the journal {folder}{holder_of(folder / LOCK_FILE)};"
            " stop it first, or give this one another name with --collector"
        )
    return file


def require_unlocked(journal: Path, collector: str) -> None:
    """Raise :class:`core.errors.UsageError` as :func:`lock_collector` does; neither locks nor creates anything."""
    if (journal / collector / LOCK_FILE).exists():
        lock_collector(journal, collector).close()


class Journal:
    """All lanes of one collector. Sizes are counted as records are written, and corrected from the disk every two seconds."""

    def __init__(
        self,
        folder: Path,
        collector: str,
        clock: Clock,
        telemetry: Telemetry,
        *,
        max_bytes: int,
        segment_max_bytes: int,
        disk_reserve_bytes: int | None = None,
        on_failure: Callable[[], None] = exit_process,
    ) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._max_bytes = max_bytes
        self._room = Room(folder, disk_reserve_bytes)
        self._looked_at = clock.monotonic()
        self._taken_bytes = 0
        self._lock_file = lock_collector(folder, collector)
        self._lanes = {lane: LaneWriter(folder, collector, lane, segment_max_bytes, clock, telemetry, on_failure) for lane in Lane}
        self._known: dict[Lane, int] = {}
        self._written_at_scan: dict[Lane, int] = {}
        self._scanned_at = 0.0
        self._scan()

    @property
    def failed(self) -> bool:
        """Whether the disk has failed; nothing is acknowledged any more."""
        return any(lane.failed for lane in self._lanes.values())

    def problem(self) -> str:
        """Return what keeps signals from being accepted, for the people who run Andon; empty if nothing does."""
        if self.failed:
            return f"the journal in {self._room.folder} failed"
        lack = self._lack()
        if lack is Lack.BYTES:
            free, kept = (number >> 20 for number in (self._room.space.free_bytes, self._room.reserve_bytes))
            return f"{sentence(lack, self._room.folder)}: {free:,} MiB are free, {kept:,} MiB are kept for the store and the alerts"
        if lack is None and any(lane.is_slow for lane in self._lanes.values()):
            return f"the disk of {self._room.folder} is slow: a write there has been taking more than {SLOW_SECONDS:.0f} s"
        return sentence(lack, self._room.folder) if lack else ""

    async def append(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk, in order.

        Raises :class:`core.errors.Full` if there is no room. Then nothing is kept, unless only the disk of one lane's write reported it:
        what another lane has written stays, and the sender sends all of it again.
        """
        by_lane: dict[Lane, list[int]] = {}
        for index, record in enumerate(records):
            by_lane.setdefault(record.lane, []).append(index)
        sizes = {lane: sum(_bytes_of(records[index]) for index in indexes) for lane, indexes in by_lane.items()}
        for lane, size in sizes.items():
            self._make_sure_of_room(lane, size, sum(sizes.values()))
        loop = asyncio.get_running_loop()
        receipts: dict[int, Receipt] = {}
        waiting: dict[Lane, _Waiting] = {}
        for lane, indexes in by_lane.items():
            waiting[lane] = _Waiting([make_row(records[index]) for index in indexes], sizes[lane], loop, loop.create_future())
            self._lanes[lane].submit(waiting[lane])
        self._taken_bytes += sum(sizes.values())
        futures = [one.future for one in waiting.values()]
        given = await asyncio.gather(*futures) if len(futures) > 1 else [await futures[0]]
        for indexes, positions in zip(by_lane.values(), given, strict=True):
            receipts.update(zip(indexes, positions, strict=True))
        return [receipts[index] for index in range(len(records))]

    def bytes_held(self, *, lanes: Sequence[Lane] = tuple(Lane)) -> int:
        """Return the bytes that the lanes hold on disk; space freed within the last two seconds may still be included."""
        if self._clock.monotonic() - self._scanned_at >= RESCAN_SECONDS:
            self._scan()
        return sum(self._known[lane] + self._lanes[lane].written - self._written_at_scan[lane] for lane in lanes)

    def publish(self) -> None:
        """Set the gauges for sizes and for the disk."""
        self._lack()
        self._telemetry.set(M.DISK_FREE_BYTES, self._room.space.free_bytes, folder="journal")
        self._telemetry.set(M.DISK_FREE_INODES, self._room.space.free_inodes, folder="journal")
        self._telemetry.set(M.DISK_RESERVE_BYTES, self._room.reserve_bytes, folder="journal")
        for lane in Lane:
            self._telemetry.set(M.JOURNAL_BYTES, self.bytes_held(lanes=(lane,)), lane=lane.value)

    def stop(self) -> None:
        """Write what is waiting, close every segment and release the folder. Blocks until the disk has it."""
        for lane in self._lanes.values():
            lane.stop()
        self._lock_file.close()

    def _make_sure_of_room(self, lane: Lane, size: int, whole_size: int) -> None:
        """Raise :class:`core.errors.Full` unless there is room for ``size`` bytes in a lane, part of ``whole_size`` in all lanes."""
        limit = self._max_bytes if lane is Lane.CRITICAL else int(self._max_bytes * (1 - CRITICAL_SHARE))
        if self.bytes_held() + whole_size > limit:
            raise Full("the journal is full; the engine is behind or stopped", RETRY_AFTER_SECONDS)
        if self._lanes[lane].is_slow:
            raise Full("the collector's disk is slow", RETRY_AFTER_SECONDS)
        if not self._lanes[lane].waiting_room(size):
            raise Full("the disk cannot keep up", 1)
        if lack := self._lack():
            raise _full(lack)
        if not self._room.holds(self._taken_bytes + whole_size):
            raise _full(Lack.BYTES)

    def _lack(self) -> Lack | None:
        """Return what the disk lacks: by the file system, which is asked at most ten times a second, or by the last attempt to write."""
        if self._clock.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._room.look()
            self._looked_at, self._taken_bytes = self._clock.monotonic(), 0
        return self._room.lack or next((lane.lack for lane in self._lanes.values() if lane.lack), None)

    def _scan(self) -> None:
        for lane, writer in self._lanes.items():
            self._written_at_scan[lane] = writer.written
            self._known[lane] = writer.bytes_on_disk()
        self._scanned_at = self._clock.monotonic()
