"""The collector on a disk that is full, out of inodes or read-only: senders are told to come back, nothing acknowledged is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.ingest.in_flight import IN_FLIGHT_MAX_BYTES
from core.catalog.catalog import Catalog
from core.disk import Room
from core.signal import Lane
from core.telemetry import M
from journal.format import segments
from journal.reader import read_segment
from tests.collector.conftest import Running, running
from tests.collector.requests import PROTOBUF, spans
from tests.faults.attack_cost import PATIENCE_SECONDS, forget_peak, memory_bytes
from tests.faults.bodies import ordinary
from tests.faults.file_systems import FileSystem, file_system
from tests.faults.ledger import EXPORT
from tests.product import Product
from tests.product import running as running_product
from tests.waiting import wait_until

MIB = 1 << 20
CATALOG = Path(__file__).parents[1] / "catalogs" / "orders"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FileSystem]:
    with file_system(tmp_path, mebibytes=96) as found:
        yield found


def post(collector: Running, id_: str, size: int = 20_000) -> httpx.Response:
    event = {"specversion": "1.0", "id": id_, "source": "/shop", "type": "t", "data": "x" * size}
    return collector.post("/v1/events", json.dumps(event).encode(), "application/cloudevents+json")


def until_refused(collector: Running, size: int = 20_000) -> tuple[list[str], httpx.Response]:
    """Return what was acknowledged before the first answer that is no acknowledgement, and that answer."""
    acknowledged: list[str] = []
    for number in range(10_000):
        answer = post(collector, f"{size}-{number}", size)
        if answer.status_code != 200:
            return acknowledged, answer
        acknowledged.append(f"{size}-{number}")
    raise AssertionError("never refused")


def journalled(collector: Running) -> list[str]:
    """Return the ids in the journal. Fails for anything that is damaged."""
    found = []
    for path in segments(collector.settings.journal, Lane.STANDARD):
        for stored in read_segment(path, Lane.STANDARD, 0, 1 << 40):
            assert stored.record is not None, stored.damage
            found.append(json.loads(stored.record.body)["id"])
    return found


def refuses_with_a_hint(answer: httpx.Response, why: str) -> bool:
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.text
    assert answer.json()["error"] == f"the collector's disk {why}"
    return True


def grpc_refusal(collector: Running) -> tuple[grpc.StatusCode, int]:
    """Return code and seconds of the hint of a request over gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}") as channel:
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(EXPORT)(spans({"name": "s"}).SerializeToString(), timeout=60)
        trailers = dict(raised.value.trailing_metadata())
        retry = RetryInfo()
        Status.FromString(trailers["grpc-status-details-bin"]).details[0].Unpack(retry)
        return raised.value.code(), retry.retry_delay.seconds


def readiness(collector: Running) -> tuple[int, list[str]]:
    answer = collector.client.get("/readyz")
    return answer.status_code, answer.json()["problems"]


Change = Callable[[FileSystem], None]
FAULTS: dict[str, tuple[Change, Change, str]] = {
    "full": (lambda disk: disk.fill(), lambda disk: disk.make_room(), "is full"),
    "inodes": (lambda disk: disk.take_inodes(), lambda disk: disk.make_room(), "has no inodes left"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_takes_no_more_is_answered_503_until_there_is_room(disk: FileSystem, fault: str) -> None:
    begin, end, why = FAULTS[fault]
    with running(disk.root, Catalog(), disk_reserve_bytes=0) as collector:
        assert post(collector, "before").status_code == 200
        begin(disk)
        wait_until(lambda: refuses_with_a_hint(post(collector, "refused"), why), 2, "it is refused")
        assert grpc_refusal(collector) == (grpc.StatusCode.UNAVAILABLE, 5)
        status, problems = readiness(collector)
        assert (status, len(problems)) == (503, 1)
        assert problems[0].startswith(f"the disk of {collector.settings.journal} {why}; ")
        assert collector.client.get("/healthz").status_code == 200
        end(disk)
        wait_until(lambda: readiness(collector) == (200, []), 10, "it is ready again")
        assert post(collector, "after").status_code == 200
        assert journalled(collector) == ["before", "after"]
        received, taken, refused = collector.balance()
        assert (received, taken) == (taken + refused, 2)


@pytest.mark.parametrize(("size", "segment_max_bytes"), [(20_000, 64 << 20), (4_000_000, 64 << 20), (20_000, 1 << 20)])
def test_a_write_that_the_disk_breaks_off_is_refused_and_leaves_nothing_torn(
    disk: FileSystem, tmp_path: Path, size: int, segment_max_bytes: int
) -> None:
    """The lane lies on a disk of its own, of which nobody knows before a write, or the beginning of a segment, fails on it."""
    (lanes := tmp_path / "data" / "journal" / "local").mkdir(parents=True)
    (lanes / "standard").symlink_to(disk.root)
    disk.fill(leave_bytes=20 * MIB)
    with running(tmp_path, Catalog(), segment_max_bytes=segment_max_bytes) as collector:
        acknowledged, answer = until_refused(collector, size)
        assert acknowledged
        assert refuses_with_a_hint(answer, "is full")
        assert refuses_with_a_hint(post(collector, "again"), "is full")
        assert readiness(collector)[0] == 503
        assert sorted(journalled(collector)) == sorted(acknowledged)
        disk.make_room()
        wait_until(lambda: readiness(collector) == (200, []), 10, "it is ready again")
        assert post(collector, "after", size).status_code == 200
        assert journalled(collector) == [*acknowledged, "after"]
        received, taken, refused = collector.balance()
        assert received == taken + refused
    assert journalled(collector) == [*acknowledged, "after"]


def test_ingest_leaves_the_reserve_alone(disk: FileSystem) -> None:
    with running(disk.root, Catalog(), disk_reserve_bytes=30 * MIB, segment_max_bytes=1 << 20) as collector:
        disk.fill(leave_bytes=40 * MIB)
        assert until_refused(collector, 500_000)[0]
        _, answer = until_refused(collector, 500)
        assert refuses_with_a_hint(answer, "is full")
        wait_until(lambda: until_refused(collector, 500) and readiness(collector)[0] == 503, 10, "small ones take the rest")
        assert disk.free_bytes() > 28 * MIB
        _, problems = readiness(collector)
        assert "are free, 30 MiB are kept for the store and the alerts" in problems[0]
        collector.client.get("/metrics")
        assert collector.telemetry.value(M.DISK_RESERVE_BYTES, folder="journal") == 30 * MIB
        assert collector.telemetry.value(M.DISK_FREE_BYTES, folder="journal") < 32 * MIB
        assert collector.telemetry.value(M.DISK_FREE_INODES, folder="journal") > 1_000
        disk.make_room()
        wait_until(lambda: readiness(collector) == (200, []), 10, "it is ready again")
        assert post(collector, "after").status_code == 200


def test_a_disk_at_the_edge_of_its_reserve_does_not_flap(disk: FileSystem) -> None:
    room = Room(disk.root, 30 * MIB)
    assert room.look() is None
    disk.fill(leave_bytes=29 * MIB)
    assert room.look() == "disk-full"
    disk.make_room()
    disk.fill(leave_bytes=31 * MIB)
    assert room.look() == "disk-full"
    disk.make_room()
    assert room.look() is None


def test_the_usual_reserve_fits_the_file_system(disk: FileSystem) -> None:
    room = Room(disk.root, None)
    assert room.reserve_bytes == int(room.space.total_bytes * 0.25)


def test_a_disk_that_hangs_is_answered_503_until_it_goes_on(disk: FileSystem) -> None:
    with running(disk.root, Catalog(), disk_reserve_bytes=0) as collector, ThreadPoolExecutor() as pool:
        assert post(collector, "before").status_code == 200
        disk.freeze()
        waiting = pool.submit(post, collector, "waiting")
        try:
            wait_until(lambda: readiness(collector)[0] == 503, 60, "it is not ready")
            assert "is slow: a write there has been taking more than 5 s" in readiness(collector)[1][0]
            assert refuses_with_a_hint(post(collector, "refused"), "is slow")
            assert collector.client.get("/healthz").status_code == 200
        finally:
            disk.thaw()
        assert waiting.result().status_code in {200, 503}
        wait_until(lambda: readiness(collector) == (200, []), 60, "it is ready again")
        assert post(collector, "after").status_code == 200
        taken = ["before", *(["waiting"] if waiting.result().status_code == 200 else []), "after"]
        assert journalled(collector) == taken


def test_small_bodies_that_expand_well_take_little_memory_while_the_disk_hangs(tmp_path: Path) -> None:
    """Every lane is filled: 13 kB as sent are 500 kB decompressed, and 300 of them come at once.

    They are told to come again in a second because of what they are decompressed, long before a lane is full; and what is let in is in
    memory a few times at the most, until it is on disk.
    """
    catalog, tokens = tmp_path / "catalog", {lane: f"token-of-{lane.value}-0123456789" for lane in Lane}
    (catalog / "sources").mkdir(parents=True)
    (catalog / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    for lane in Lane:
        source = f"source: {lane.value}\nowner: desk\nlane: {lane.value}\ntokens: ['env:TOKEN_{lane.name}']\n"
        (catalog / "sources" / f"{lane.value}.yaml").write_text(source)
    body = gzip.compress(ordinary(500_000, 400))

    def send(lane: Lane) -> tuple[int, str | None, bool]:
        headers = {"content-type": PROTOBUF, "content-encoding": "gzip", "authorization": f"Bearer {tokens[lane]}"}
        answer = client.post(f"{product.collector_url}/v1/traces", content=body, headers=headers)
        return answer.status_code, answer.headers.get("retry-after"), b"too many requests at once" in answer.content

    environment = {f"TOKEN_{lane.name}": token for lane, token in tokens.items()}
    with (
        file_system(tmp_path, mebibytes=512) as disk,
        running_product(Product(disk.root / "data", catalog, environment), "collect") as product,
        httpx.Client(timeout=PATIENCE_SECONDS, limits=httpx.Limits(max_connections=300)) as client,
    ):
        assert {send(lane) for lane in (*Lane, *Lane)} == {(200, None, False)}
        process = product.processes["collect"].pid
        before = memory_bytes(process)
        forget_peak(process)
        with ThreadPoolExecutor(300) as senders:
            disk.freeze()
            answers = [senders.submit(send, lane) for _ in range(100) for lane in Lane]
            try:
                wait_until(lambda: any(answer.done() and answer.result()[2] for answer in answers), 60, "one is told to come again")
            finally:
                disk.thaw()
            told = {answer.result() for answer in answers}
        assert memory_bytes(process, "VmHWM") - before <= 4 * IN_FLIGHT_MAX_BYTES
        assert {answer[:2] for answer in told} <= {(200, None), (503, "1"), (503, "5")}


def test_a_file_system_that_the_kernel_stops_does_not_end_the_collector(disk: FileSystem) -> None:
    with running(disk.root, Catalog(), disk_reserve_bytes=0) as collector:
        assert post(collector, "before").status_code == 200
        disk.stop_writes()
        assert refuses_with_a_hint(post(collector, "read-only"), "is read-only")
        status, problems = readiness(collector)
        assert (status, "is read-only; look for the reason in the kernel's log" in problems[0]) == (503, True)
        assert collector.client.get("/healthz").status_code == 200
        assert journalled(collector) == ["before"]


def test_a_start_on_a_read_only_disk_answers_503_until_it_is_mounted_for_writing(disk: FileSystem) -> None:
    with running(disk.root, Catalog()) as collector:
        assert post(collector, "before").status_code == 200
    disk.mount("ro")
    with running(disk.root, Catalog()) as collector:
        assert refuses_with_a_hint(post(collector, "read-only"), "is read-only")
        assert readiness(collector)[0] == 503
        disk.mount("rw")
        wait_until(lambda: readiness(collector) == (200, []), 10, "it is ready again")
        assert post(collector, "after").status_code == 200
        assert journalled(collector) == ["before", "after"]


@pytest.mark.parametrize(("command", "fault"), [("collect", "read-only"), ("engine", "full"), ("up", "full")])
def test_a_first_start_that_finds_no_room_says_so_in_a_sentence(disk: FileSystem, command: str, fault: str) -> None:
    if fault == "full":
        disk.fill()
    else:
        disk.mount("ro")
    ended = Product(disk.root / "data", CATALOG).andon(command)
    assert ended.returncode in {1, 2}
    said = ended.stderr.strip().splitlines()[-1]
    assert "unexpected" not in said
    assert ("No space left on device" if fault == "full" else "Read-only file system") in said or "the disk of" in said
    assert "--data" in said or "free some space" in said
