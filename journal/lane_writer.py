"""One lane's writer: a queue bounded in bytes, one thread, one open segment.

What waits when the thread is free is a batch, and all of it shares one commit. While the disk accepts no more, every batch is refused, and
once a second the thread tries whether the disk does again.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock, to_milliseconds
from core.disk import RESERVE_LEAST_BYTES, SLOW_SECONDS, WORDS, Lack, lack_of, space_of
from core.errors import Full
from core.folder import make_folder
from core.signal import Lane, Receipt
from core.telemetry import M, Telemetry
from journal.format import SEGMENT_SUFFIX, segment_path
from journal.segment import Row, SegmentWriter, segment_bytes

WAITING_MAX_BYTES = 12 << 20
"""Bytes that a lane may hold in memory while they wait for the disk, also of calls whose sender has given up."""
RETRY_AFTER_SECONDS = 5
TRY_AGAIN_SECONDS = 1.0
_LOG = logging.getLogger("andon.journal")


@dataclass(slots=True)
class Waiting:
    """The rows of one call in this lane, their size in bytes, and the future that the call awaits in its event loop."""

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
        self._queue: list[Waiting] = []
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

    def submit(self, waiting: Waiting) -> None:
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

    def _take(self) -> list[Waiting]:
        """Wait for work; an empty list means stop or, while the disk lacks something, that it is time to try again."""
        with self._wake:
            while not self._queue and not self._stopping:
                if not self._wake.wait(TRY_AGAIN_SECONDS if self.lack else None):
                    break
            batch, self._queue = self._queue, []
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

    def _attempt(self, batch: list[Waiting]) -> None:
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

    def _write(self, batch: list[Waiting]) -> None:
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

    def _commit(self, batch: list[Waiting]) -> None:
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

    def _done(self, batch: list[Waiting]) -> None:
        with self._wake:
            self._waiting_bytes -= sum(waiting.size for waiting in batch)

    def _close(self, segment: SegmentWriter) -> None:
        try:
            segment.close(to_milliseconds(self._clock.now()))
        except OSError as error:
            if lack_of(error, self.folder) is None:
                raise
            _LOG.warning("a segment is not marked as closed; the next one closes it", extra={"fields": {"error": str(error)}})


def _refuse(batch: list[Waiting], lack: Lack) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(full(lack))


def full(lack: Lack) -> Full:
    """Return what a sender is told when the disk lacks something."""
    return Full(f"the collector's disk {WORDS[lack]}", RETRY_AFTER_SECONDS)


def _acknowledge(batch: list[Waiting], receipts: list[list[Receipt]]) -> None:
    for waiting, given in zip(batch, receipts, strict=True):
        if not waiting.future.done():
            waiting.future.set_result(given)
