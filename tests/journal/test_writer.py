"""The journal's promises: on disk before every acknowledgement, bounded, never silent about a failing disk."""

from __future__ import annotations

import asyncio
import errno
import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from collector.intake import JournalIntake
from collector.lanes import FlowLanes
from collector.redaction.redactions import Redactions
from core.catalog.catalog import Catalog
from core.clock import SystemClock
from core.disk import SLOW_SECONDS
from core.errors import Full, UsageError
from core.rejection_log import RejectionLog
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from journal.format import segments
from journal.reader import is_closed, read_segment
from journal.segment import Row, SegmentWriter
from journal.writer import Journal, require_unlocked
from tests.ports import free_port
from tests.waiting import wait_until

COLLECTOR = """
import asyncio, signal, sys
from pathlib import Path
from collector.engine import Collector
from core.catalog.catalog import Catalog
from core.clock import SystemClock
from core.config import Settings
from core.telemetry import Telemetry
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings(data=Path(sys.argv[1]), http_port=int(sys.argv[2]), otlp_grpc_port=0, segment_max_bytes=1 << 20)
    collector = Collector(settings, Catalog(), SystemClock(), Telemetry(), dict, dict)
    await collector.start()
    await stop.wait()
    await collector.stop()
asyncio.run(main())
"""


def record(number: int, size: int = 100, lane: Lane = Lane.STANDARD) -> Record:
    return Record(SignalKind.EVENT, "s", lane, 1_774_000_000_000, 1, f"{number:010d}".encode().ljust(size, b"."))


def open_journal(folder: Path, *, max_bytes: int = 1 << 30, segment_max_bytes: int = 1 << 20, failures: list[str] | None = None) -> Journal:
    def on_failure() -> None:
        (failures if failures is not None else []).append("failed")

    return Journal(
        folder, "local", SystemClock(), Telemetry(), max_bytes=max_bytes, segment_max_bytes=segment_max_bytes, on_failure=on_failure
    )


class Slow:
    """A clock that the test moves; the disk's own work takes none of it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 27, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def journal_on(folder: Path, clock: Slow, **options: Any) -> Journal:
    given = {"max_bytes": 1 << 30, "segment_max_bytes": 1 << 20, "on_failure": lambda: None, **options}
    return Journal(folder, "local", clock, Telemetry(), **given)


def bodies(folder: Path, lane: Lane = Lane.STANDARD) -> list[int]:
    return [
        int(stored.record.body[:10]) for path in segments(folder, lane) for stored in read_segment(path, lane, 0, 1 << 40) if stored.record
    ]


def test_many_waiting_requests_share_commits_and_keep_their_receipts(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)

    async def append() -> list[list[int]]:
        receipts = await asyncio.gather(*(journal.append([record(number), record(1000 + number)]) for number in range(200)))
        return [[receipt.position for receipt in given] for given in receipts]

    positions = asyncio.run(append())
    journal.stop()
    assert sorted(position for pair in positions for position in pair) == list(range(1, 401))
    assert all(second == first + 1 for first, second in positions)
    assert sorted(bodies(tmp_path)) == sorted([*range(200), *range(1000, 1200)])


def test_segments_rotate_and_a_restart_begins_a_new_one(tmp_path: Path) -> None:
    for run in range(2):
        journal = open_journal(tmp_path, segment_max_bytes=200_000)

        async def append(journal: Journal = journal, run: int = run) -> None:
            for number in range(10):
                await journal.append([record(run * 10 + number, 50_000)])

        asyncio.run(append())
        journal.stop()
    paths = segments(tmp_path, Lane.STANDARD)
    assert len(paths) >= 4
    assert all(is_closed(path) for path in paths)
    assert bodies(tmp_path) == list(range(20))


def test_full_is_refused_and_the_critical_lane_keeps_its_share(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, max_bytes=64 << 20, segment_max_bytes=8 << 20)

    async def fill(lane: Lane) -> int:
        for number in range(1000):
            try:
                await journal.append([record(number, 1_000_000, lane)])
            except Full:
                return number
        raise AssertionError("never full")

    async def both() -> tuple[int, int]:
        return await fill(Lane.BULK), await fill(Lane.CRITICAL)

    bulk, critical = asyncio.run(both())
    assert bulk >= 20
    assert critical >= 5
    assert len(bodies(tmp_path, Lane.BULK)) == bulk
    for path in segments(tmp_path, Lane.BULK):
        if is_closed(path):
            path.unlink()
    wait_until(lambda: asyncio.run(journal.append([record(1, 1_000_000, Lane.BULK)])), 20, "the journal finds that there is room again")  # type: ignore[arg-type] # a receipt is truth enough
    journal.stop()
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size < 64 << 20


def test_a_call_of_two_lanes_of_which_the_disk_takes_one_fails_and_may_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = open_journal(tmp_path)
    append = SegmentWriter.append

    def no_room_for_bulk(segment: SegmentWriter, rows: list[Row]) -> int:
        if segment.path.parent.name == Lane.BULK.value:
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(segment, rows)

    call = [record(1, lane=Lane.CRITICAL), record(2, lane=Lane.BULK), record(3, lane=Lane.CRITICAL)]

    async def refused_then_taken() -> None:
        with monkeypatch.context() as full:
            full.setattr(SegmentWriter, "append", no_room_for_bulk)
            with pytest.raises(Full):
                await journal.append(call)
            await asyncio.to_thread(wait_until, lambda: bodies(tmp_path, Lane.CRITICAL) == [1, 3], 10, "the other lane's records stay")
            assert bodies(tmp_path, Lane.BULK) == []
        await asyncio.to_thread(wait_until, lambda: journal.problem() == "", 10, "the journal has found that there is room again")
        assert len(await journal.append(call)) == len(call)

    asyncio.run(asyncio.wait_for(refused_then_taken(), 60))
    journal.stop()
    assert (bodies(tmp_path, Lane.CRITICAL), bodies(tmp_path, Lane.BULK)) == ([1, 3, 1, 3], [2])


def test_a_failing_disk_acknowledges_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[str] = []
    journal = open_journal(tmp_path, failures=failures)

    def broken(_segment: object, _rows: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("journal.segment.SegmentWriter.append", broken)

    async def append() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(journal.append([record(1)]), 1)
        with pytest.raises(Full):
            await journal.append([record(2)])

    asyncio.run(append())
    assert failures == ["failed"]
    assert journal.failed


def connect(port: int) -> HTTPConnection:
    def connected() -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        return connection

    found: HTTPConnection = wait_until(connected, 120, "the collector listens", pause=0.05)
    return found


def post_event(connection: HTTPConnection, id_: str) -> bool:
    body = f'{{"specversion":"1.0","id":"{id_}","source":"/ledger","type":"t"}}'
    connection.request("POST", "/v1/events", body, {"content-type": "application/cloudevents+json"})
    answer = connection.getresponse()
    return answer.status == 200 and answer.read() == b'{"accepted":1}'


@pytest.mark.slow
def test_kill_minus_nine_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    sent: set[str] = set()
    acknowledged: set[str] = set()

    def load(port: int, name: str, until: float) -> None:
        try:
            with closing(connect(port)) as connection:
                for number in range(1_000_000):
                    id_ = f"{name}-{number}"
                    sent.add(id_)
                    if time.monotonic() > until or not post_event(connection, id_):
                        return
                    acknowledged.add(id_)
        except (OSError, HTTPException):
            return

    for round_ in range(3):
        port = free_port()
        with subprocess.Popen([sys.executable, "-c", COLLECTOR, str(tmp_path / "data"), str(port)]) as process:
            connect(port).close()
            until = time.monotonic() + 10
            threads = [threading.Thread(target=load, args=(port, f"{round_}-{thread}", until)) for thread in range(6)]
            for thread in threads:
                thread.start()
            time.sleep(1.0 + 0.3 * round_)
            process.kill()
            for thread in threads:
                thread.join()
    journal = tmp_path / "data" / "journal"
    stored = [one for path in segments(journal, Lane.STANDARD) for one in read_segment(path, Lane.STANDARD, 0, 1 << 40)]
    assert not [one for one in stored if one.record is None]
    found = [json.loads(one.record.body)["id"] for one in stored if one.record]
    assert len(acknowledged) > 100
    assert acknowledged <= set(found) <= sent
    assert len(found) == len(set(found))


def test_a_journal_has_one_writer_of_a_name_at_a_time(tmp_path: Path) -> None:
    """The segments of a second one would close those of the first, which goes on acknowledging."""
    first = open_journal(tmp_path)
    with pytest.raises(UsageError, match=r"another collector writes the journal .*/local: '.*; stop it first, or .* --collector"):
        open_journal(tmp_path)
    assert len(segments(tmp_path, Lane.STANDARD)) == 1
    first.stop()
    open_journal(tmp_path).stop()


def test_what_nobody_waits_for_any_more_is_in_the_books_if_it_is_on_disk(tmp_path: Path) -> None:
    telemetry, journal = Telemetry(), open_journal(tmp_path)
    intake = JournalIntake(
        journal, telemetry, RejectionLog(SystemClock(), telemetry), FlowLanes(Catalog()), Redactions(Catalog(), telemetry)
    )

    async def leave() -> None:
        waiting = asyncio.create_task(intake.accept([record(1)]))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(leave())
    journal.stop()
    assert bodies(tmp_path) == [1]
    assert telemetry.value(M.RECEIVED, lane="standard", kind="event") == telemetry.value(M.ACKNOWLEDGED, lane="standard", kind="event") == 1


def test_receipts_are_in_the_order_of_the_records_whatever_their_lanes(tmp_path: Path) -> None:
    journal = journal_on(tmp_path, Slow())
    lanes = [Lane.BULK, Lane.CRITICAL, Lane.BULK, Lane.STANDARD, Lane.CRITICAL]
    receipts = asyncio.run(journal.append([record(number, lane=lane) for number, lane in enumerate(lanes)]))
    journal.stop()
    assert [receipt.position for receipt in receipts] == [1, 1, 2, 1, 2]
    assert (bodies(tmp_path, Lane.BULK), bodies(tmp_path, Lane.CRITICAL), bodies(tmp_path)) == ([0, 2], [1, 4], [3])


def test_nothing_is_kept_of_a_call_of_which_a_lane_has_no_room(tmp_path: Path) -> None:
    journal = journal_on(tmp_path, Slow(), max_bytes=2 << 20)
    with pytest.raises(Full, match="the journal is full"):
        asyncio.run(journal.append([record(1, lane=Lane.CRITICAL), record(2, 3 << 20, Lane.BULK)]))
    journal.stop()
    assert bodies(tmp_path, Lane.CRITICAL) == bodies(tmp_path, Lane.BULK) == []


def test_a_number_of_a_segment_never_comes_back_although_all_are_gone(tmp_path: Path) -> None:
    seconds = int(Slow().now().timestamp())
    for expected in (seconds, seconds + 1):
        journal = journal_on(tmp_path, Slow())
        journal.stop()
        (path,) = [path for path in segments(tmp_path, Lane.STANDARD) if int(path.stem) == expected]
        assert path.exists()
    for path in segments(tmp_path, Lane.STANDARD):
        path.unlink()
    later = Slow()
    later.now = lambda: datetime(2026, 3, 28, tzinfo=UTC)  # type: ignore[method-assign] # a clock of this test alone
    journal_on(tmp_path, later).stop()
    assert [int(path.stem) for path in segments(tmp_path, Lane.STANDARD)] == [int(later.now().timestamp())]


def test_a_write_that_goes_on_for_too_long_refuses_what_would_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Slow()
    journal = journal_on(tmp_path, clock)
    begun, go_on = threading.Event(), threading.Event()
    append = SegmentWriter.append

    def hanging(segment: SegmentWriter, rows: Any) -> int:
        begun.set()
        go_on.wait(60)
        return append(segment, rows)

    monkeypatch.setattr(SegmentWriter, "append", hanging)

    async def run() -> None:
        waiting = asyncio.create_task(journal.append([record(1)]))
        await asyncio.to_thread(begun.wait, 60)
        assert journal.problem() == ""
        clock.seconds += SLOW_SECONDS
        assert "is slow" in journal.problem()
        with pytest.raises(Full, match="slow"):
            await journal.append([record(2)])
        go_on.set()
        assert [receipt.position for receipt in await waiting] == [1]
        await asyncio.to_thread(wait_until, lambda: journal.problem() == "", 60, "the write has ended", 0.01)

    asyncio.run(run())
    journal.stop()
    assert bodies(tmp_path) == [1]


def test_a_full_disk_refuses_and_is_tried_again_in_another_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journal.lane_writer.TRY_AGAIN_SECONDS", 0.02)
    journal = journal_on(tmp_path, Slow())
    with monkeypatch.context() as patch:

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr(SegmentWriter, "append", full)
        patch.setattr(SegmentWriter, "__init__", full)
        with pytest.raises(Full, match="the collector's disk is full"):
            asyncio.run(journal.append([record(1)]))
        assert "is full" in journal.problem()
        with pytest.raises(Full, match="the collector's disk is full"):
            asyncio.run(journal.append([record(2)]))
    wait_until(lambda: journal.problem() == "", 60, "the disk is tried again", pause=0.01)
    asyncio.run(journal.append([record(3)]))
    journal.stop()
    assert not journal.failed
    assert bodies(tmp_path) == [3]
    assert len(segments(tmp_path, Lane.STANDARD)) == 2


def test_sizes_and_the_disk_are_published(tmp_path: Path) -> None:
    telemetry = Telemetry()
    journal = Journal(tmp_path, "local", Slow(), telemetry, max_bytes=1 << 30, segment_max_bytes=1 << 20, on_failure=lambda: None)
    before = journal.bytes_held(lanes=(Lane.BULK,))
    asyncio.run(journal.append([record(1, 50_000, Lane.BULK)]))
    journal.publish()
    assert telemetry.value(M.JOURNAL_BYTES, lane="bulk") == journal.bytes_held(lanes=(Lane.BULK,)) >= before + 50_000
    assert telemetry.value(M.DISK_FREE_BYTES, folder="journal") > 0
    assert telemetry.value(M.DISK_RESERVE_BYTES, folder="journal") > 0
    assert journal.bytes_held() == sum(journal.bytes_held(lanes=(lane,)) for lane in Lane)
    journal.stop()


def test_whoever_only_looks_locks_and_makes_nothing(tmp_path: Path) -> None:
    require_unlocked(tmp_path, "local")
    assert list(tmp_path.iterdir()) == []
    journal = journal_on(tmp_path, Slow())
    with pytest.raises(UsageError, match="another collector writes the journal"):
        require_unlocked(tmp_path, "local")
    require_unlocked(tmp_path, "edge")
    journal.stop()
    require_unlocked(tmp_path, "local")
    journal_on(tmp_path, Slow()).stop()
