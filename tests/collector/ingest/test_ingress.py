"""What a small body is decompressed to counts as in flight until it is on disk."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from collector.ingest.content import Content
from collector.ingest.in_flight import IN_FLIGHT_MAX_BYTES
from collector.ingest.ingress import Ingress
from collector.ingest.validation import PROTOBUF as PROTOBUF_FORM
from collector.ingest.validation import Task
from core.signal import Lane, SignalKind
from journal.lane_writer import WAITING_MAX_BYTES
from journal.segment import Row, SegmentWriter
from tests import plain_http
from tests.collector.conftest import Running
from tests.collector.http.test_events import BATCH, event
from tests.collector.requests import PROTOBUF, spans
from tests.waiting import wait_until

TRACES = spans(*[{"name": "x" * 30_000}] * 16).SerializeToString()
SMALL = spans(count=1).SerializeToString()
EVENTS = json.dumps([event(id=str(number), data=" " * 4_000) for number in range(7)]).encode()


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The journal's disk hangs until this is set."""
    answered = threading.Event()
    append = SegmentWriter.append

    def held(segment: SegmentWriter, rows: list[Row]) -> int:
        answered.wait(60)  # a failure here would end the process, as it does when a disk fails
        return append(segment, rows)

    monkeypatch.setattr(SegmentWriter, "append", held)
    yield answered
    answered.set()


@pytest.mark.parametrize(("path", "body", "content_type"), [("/v1/traces", TRACES, PROTOBUF), ("/v1/events", EVENTS, BATCH)])
def test_a_body_counts_decompressed_until_it_is_on_disk(
    start: Callable[..., Running], go_on: threading.Event, path: str, body: bytes, content_type: str
) -> None:
    collector, sent = start(), gzip.compress(body)
    assert len(sent) < len(body) // 10
    in_flight = collector.engine._ingress.in_flight
    in_flight.max_bytes = 3 * len(body)

    def post(body: bytes, **headers: str) -> httpx.Response:
        return plain_http.post(
            f"{collector.client.base_url}{path}", content=body, headers={"content-type": content_type, **headers}, timeout=60
        )

    with ThreadPoolExecutor(20) as senders:
        answers = [senders.submit(post, sent, **{"content-encoding": "gzip"}) for _ in range(20)]
        try:
            wait_until(lambda: any(answer.done() for answer in answers), 30, "one is refused while the disk hangs")
            refused = next(answer.result() for answer in answers if answer.done())
        finally:
            go_on.set()
        statuses = [answer.result().status_code for answer in answers]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "too many requests at once" in refused.text
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 3
    assert in_flight.size == 0
    assert post(sent, **{"content-encoding": "gzip"}).status_code == 200


def test_short_requests_go_between_many_that_take_a_while() -> None:
    sender: Any = None
    ingress, done = Ingress(sender, sender, sender, sender, sender), list[str]()

    async def take(name: str, body: bytes, encoding: str = "") -> None:
        with Content(body) as content:
            async with ingress.validated(Task(SignalKind.TRACES, PROTOBUF_FORM, encoding), content):
                done.append(name)

    async def all_at_once() -> None:
        await asyncio.gather(*(take("compressed", gzip.compress(TRACES), "gzip") for _ in range(20)), take("short", SMALL))

    asyncio.run(all_at_once())
    assert done.index("short") <= 2
    assert len(done) == 21


def test_what_may_be_in_memory_altogether_is_bounded() -> None:
    assert IN_FLIGHT_MAX_BYTES + len(Lane) * WAITING_MAX_BYTES <= 64 << 20
