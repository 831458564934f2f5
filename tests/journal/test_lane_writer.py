"""One lane's writer: what waits shares one commit, what is too much does not wait, and a disk that lacks room is tried again."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.disk import Lack
from core.errors import Full
from core.signal import Lane, Receipt, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segments
from journal.lane_writer import WAITING_MAX_BYTES, LaneWriter, Waiting
from journal.reader import is_closed, read_segment
from journal.segment import Row, SegmentWriter, make_row
from tests.waiting import wait_until


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LaneWriter]:
    made = LaneWriter(tmp_path, "local", Lane.STANDARD, 1 << 20, SystemClock(), Telemetry(), lambda: None)
    yield made
    made.stop()


def waiting(*numbers: int, size: int = 100) -> Waiting:
    """Return what a call leaves that hands in these records; its future belongs to the running loop."""
    records = [Record(SignalKind.EVENT, "s", Lane.STANDARD, 1_774_000_000_000, 1, f"{number:010d}".encode()) for number in numbers]
    loop = asyncio.get_running_loop()
    return Waiting([make_row(record) for record in records], size, loop, loop.create_future())


def numbers(folder: Path) -> list[list[int]]:
    """Return the numbers of the records by segment."""
    return [
        [int(stored.record.body[:10]) for stored in read_segment(path, Lane.STANDARD, 0, 1 << 30) if stored.record is not None]
        for path in segments(folder, Lane.STANDARD)
    ]


def test_calls_that_wait_while_the_disk_writes_share_one_commit(
    writer: LaneWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    begun, go_on = threading.Event(), threading.Event()
    append = SegmentWriter.append

    def counted(segment: SegmentWriter, rows: list[Row]) -> int:
        commits.append(len(rows))
        begun.set()
        assert go_on.wait(30)
        return append(segment, rows)

    monkeypatch.setattr(SegmentWriter, "append", counted)

    async def calls() -> list[list[Receipt]]:
        first = waiting(1)
        writer.submit(first)
        await asyncio.to_thread(begun.wait, 30)
        others = [waiting(2, 3), waiting(4), waiting(5)]
        for each in others:
            writer.submit(each)
        go_on.set()
        return await asyncio.gather(first.future, *(each.future for each in others))

    receipts = asyncio.run(calls())
    assert commits == [1, 4]
    assert numbers(tmp_path) == [[1, 2, 3, 4, 5]]
    positions = [receipt.position for given in receipts for receipt in given]
    assert [len(given) for given in receipts] == [1, 2, 1, 1]
    assert positions == list(range(positions[0], positions[0] + 5)), "each call learns where its own records lie"


def test_only_so_much_waits_but_one_of_any_size_may(writer: LaneWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    append = SegmentWriter.append

    def held(segment: SegmentWriter, rows: list[Row]) -> int:
        assert go_on.wait(30)
        return append(segment, rows)

    monkeypatch.setattr(SegmentWriter, "append", held)

    async def fill() -> None:
        assert writer.waiting_room(WAITING_MAX_BYTES * 2), "nothing waits"
        large = waiting(1, size=WAITING_MAX_BYTES - 1)
        writer.submit(large)
        assert writer.waiting_room(1)
        assert not writer.waiting_room(2)
        go_on.set()
        await large.future
        assert writer.waiting_room(WAITING_MAX_BYTES * 2), "what is on disk waits no more"

    asyncio.run(fill())


def test_a_disk_without_room_refuses_a_batch_and_is_tried_again_without_one(
    writer: LaneWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_segment: SegmentWriter, _rows: list[Row]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def hand_in() -> None:
        with monkeypatch.context() as without_room:
            without_room.setattr(SegmentWriter, "append", full)
            refused = waiting(1)
            writer.submit(refused)
            with pytest.raises(Full, match="disk is full"):
                await refused.future
            assert writer.lack is Lack.BYTES
        await asyncio.to_thread(wait_until, lambda: writer.lack is None, 10, "it finds by itself that there is room")
        taken = waiting(2)
        writer.submit(taken)
        await taken.future

    asyncio.run(hand_in())
    assert not writer.failed
    assert [found for found in numbers(tmp_path) if found] == [[2]]


def test_a_stopped_writer_has_written_what_waited_and_closed_its_segment(tmp_path: Path) -> None:
    writer = LaneWriter(tmp_path, "local", Lane.STANDARD, 1 << 20, SystemClock(), Telemetry(), lambda: None)

    async def hand_in() -> None:
        last = waiting(1, 2)
        writer.submit(last)
        await asyncio.to_thread(writer.stop)
        assert len(await last.future) == 2

    asyncio.run(hand_in())
    assert numbers(tmp_path) == [[1, 2]]
    assert all(is_closed(path) for path in segments(tmp_path, Lane.STANDARD))
