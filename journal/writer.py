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
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from core.clock import Clock
from core.disk import SLOW_SECONDS, Lack, Room, sentence
from core.errors import Full, UsageError
from core.file_lock import holder_of
from core.signal import Lane, Receipt, Record
from core.telemetry import M, Telemetry
from journal.lane_writer import RETRY_AFTER_SECONDS, LaneWriter, Waiting, full
from journal.segment import LOCK_FILE, lock_folder, make_row

CRITICAL_SHARE = 0.2
"""Share of the journal that only the critical lane may fill."""
RESCAN_SECONDS = 2.0
LOOK_SECONDS = 0.1
"""How old an answer of the file system may be; what was written since is counted."""


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
        by_lane: dict[Lane, list[Record]] = {}
        for record in records:
            by_lane.setdefault(record.lane, []).append(record)
        sizes = {lane: sum(map(_bytes_of, kept)) for lane, kept in by_lane.items()}
        whole_size = sum(sizes.values())
        for lane, size in sizes.items():
            self._make_sure_of_room(lane, size, whole_size)
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[list[Receipt]]] = []
        for lane, kept in by_lane.items():
            futures.append(loop.create_future())
            self._lanes[lane].submit(Waiting([make_row(record) for record in kept], sizes[lane], loop, futures[-1]))
        self._taken_bytes += whole_size
        if len(futures) == 1:
            return await futures[0]
        given = {lane: iter(receipts) for lane, receipts in zip(by_lane, await asyncio.gather(*futures), strict=True)}
        return [next(given[record.lane]) for record in records]

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
            raise full(lack)
        if not self._room.holds(self._taken_bytes + whole_size):
            raise full(Lack.BYTES)

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


def _bytes_of(record: Record) -> int:
    return len(record.body) + len(record.detail) + 256
