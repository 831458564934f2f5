"""The Redis receiver against a real server."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from collector.message import records_of
from collector.receiver import ReceiverContext
from collector.receivers.redis_stream import RECEIVER, RedisStreamSettings, message_of
from core.errors import UsageError
from core.signal import SignalKind
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("redis_stream")]
_numbers = itertools.count(1)


@pytest.fixture
def client(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    monkeypatch.setenv("TEST_BROKER", redis_server.url)
    monkeypatch.setattr("collector.receivers.redis_stream.WAIT_SECONDS", 0.2)
    with Redis.from_url(redis_server.url) as opened:
        yield opened


@pytest.fixture
def stream() -> str:
    return f"orders:{next(_numbers)}"


def settings(stream: str, **more: Any) -> dict[str, Any]:
    return {"type": "redis_stream", "url": "env:TEST_BROKER", "stream": stream, **more}


def run(context: ReceiverContext, while_up: Callable[[], Awaitable[None]]) -> None:
    """Run until what is done while the source is read has been done."""
    context.tell_up(up=False)

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: context.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await while_up()

    asyncio.run(scenario())


def receive(stream: str, state: Path, wanted: int, telemetry: Telemetry | None = None, **more: Any) -> TestIntake:
    intake = TestIntake()

    async def read() -> None:
        await until(lambda: len(intake.accepted) >= wanted)

    run(context_of(settings(stream, **more), intake, state, telemetry), read)
    return intake


def waiting(client: Redis, stream: str) -> int:
    """Return how many entries are delivered and not acknowledged."""
    return int(client.xpending(stream, "andon")["pending"])


def test_the_fields_of_an_entry_are_data_and_its_id_and_time_the_events(client: Redis, stream: str, tmp_path: Path) -> None:
    client.xadd(stream, {"order": "4711", "größe": "5", b"\xff": b"\xfe"}, id="1774623000123-7")

    (event,) = receive(stream, tmp_path / "state", 1).events

    assert event == {
        "specversion": "1.0",
        "id": "1774623000123-7",
        "source": f"/streams/{stream}",
        "type": stream,
        "time": "2026-03-27T14:50:00.123000+00:00",
        "datacontenttype": "application/json",
        "data": {"order": "4711", "größe": "5", "\ufffd_base64": "/g=="},
    }
    assert waiting(client, stream) == 0


def test_one_field_may_be_the_body_and_the_others_headers(client: Redis, stream: str, tmp_path: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.xadd(stream, {"payload": '{"order": "4711"}', "traceparent": parent, "kind": "created"}, id="5-1")
    client.xadd(stream, {"payload": "<a/>", "content-type": "application/xml"}, id="5-2")
    event = {"ce_specversion": "1.0", "ce_id": "e-1", "ce_source": "/mes", "ce_type": "mes.started", "content-type": "application/json"}
    client.xadd(stream, {"payload": "[1]", **event}, id="5-3")

    first, second, third = receive(stream, tmp_path / "state", 3, body="payload", event_type="orders.{headers.kind}").events

    assert (first["data"], first["traceparent"], first["type"]) == ({"order": "4711"}, parent, "orders.created")
    assert "time" not in first, "an id that its sender gave is no time"
    assert second["data"] == "<a/>"
    assert (third["id"], third["type"], third["data"]) == ("e-1", "mes.started", [1])


def test_poison_goes_to_quarantine_and_is_acknowledged(client: Redis, stream: str, tmp_path: Path) -> None:
    client.xadd(stream, {"b": "{", "content-type": "application/json"})
    client.xadd(stream, {"b": "{}"})

    intake = receive(stream, tmp_path / "state", 2, body="b")

    assert [record.kind for record in intake.accepted] == [SignalKind.QUARANTINE, SignalKind.EVENT]
    assert waiting(client, stream) == 0


def test_any_id_that_a_server_takes_can_be_read(tmp_path: Path) -> None:
    given = settings("s")
    message = message_of((b"18446744073709551615-18446744073709551615", {b"a": b"1"}), RedisStreamSettings(**given))
    (record,) = records_of([message], context_of(given, TestIntake(), tmp_path / "state"), RedisStreamSettings(**given))
    assert json.loads(record.body)["data"] == {"a": "1"}


def test_what_a_dead_consumer_held_is_taken_over(client: Redis, stream: str, tmp_path: Path) -> None:
    client.xgroup_create(stream, "andon", "0", mkstream=True)
    for number in range(30):
        client.xadd(stream, {"n": number})
    client.xreadgroup("andon", "the dead one", {stream: ">"}, count=20)
    assert waiting(client, stream) == 20

    intake = receive(stream, tmp_path / "state", 30, claim_after_seconds=1)

    assert sorted(int(event["data"]["n"]) for event in intake.events) == list(range(30))
    assert waiting(client, stream) == 0


def test_entries_that_were_trimmed_before_they_were_read_are_told(
    client: Redis, stream: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = Telemetry()
    first = [client.xadd(stream, {"n": number}) for number in range(10)][-1]
    receive(stream, tmp_path / "state", 10, telemetry)
    ids = [client.xadd(stream, {"n": number}) for number in range(10, 20)]
    client.xtrim(stream, maxlen=5, approximate=False)
    client.xdel(stream, ids[6])
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 0

    intake = receive(stream, tmp_path / "state", 4, telemetry)

    assert [event["data"]["n"] for event in intake.events] == ["15", "17", "18", "19"]
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 1
    (told,) = [record.__dict__["fields"] for record in caplog.records if "trimmed" in record.getMessage()]
    assert told == {"source": "erp", "stream": stream, "after": first.decode(), "missing": 6, "until": ids[5].decode()}

    client.xadd(stream, {"n": 20})
    [client.xadd(stream, {"n": number}) for number in range(21, 30)]
    client.xtrim(stream, maxlen=2, approximate=False)
    receive(stream, tmp_path / "state", 2, telemetry)
    (_, again) = [record.__dict__["fields"] for record in caplog.records if "trimmed" in record.getMessage()]
    assert again["missing"] == 8
    receive(stream, tmp_path / "state", 0, telemetry)
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 2


def test_entries_that_were_deleted_while_we_held_them_are_told_and_let_go(client: Redis, stream: str, tmp_path: Path) -> None:
    telemetry = Telemetry()
    client.xgroup_create(stream, "andon", "0", mkstream=True)
    ids = [client.xadd(stream, {"n": number}) for number in range(4)]
    client.xreadgroup("andon", "andon", {stream: ">"}, count=2)
    client.xreadgroup("andon", "the dead one", {stream: ">"}, count=2)
    client.xdel(stream, ids[0], ids[2])

    intake = receive(stream, tmp_path / "state", 2, telemetry, claim_after_seconds=1)

    assert {event["data"]["n"] for event in intake.events} == {"1", "3"}
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 2
    assert waiting(client, stream) == 0


def test_a_group_that_is_gone_is_told_and_nothing_is_seen_twice(client: Redis, stream: str, tmp_path: Path) -> None:
    telemetry, intake = Telemetry(), TestIntake()

    async def lose_it() -> None:
        client.xadd(stream, {"n": 1})
        await until(lambda: len(intake.accepted) == 1)
        client.xgroup_destroy(stream, "andon")
        client.xadd(stream, {"n": 2})
        await until(lambda: len({event["id"] for event in intake.events}) == 2)

    run(context_of(settings(stream, **{"from": "new"}), intake, tmp_path / "state", telemetry), lose_it)

    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 1


def test_it_may_begin_with_what_is_new(client: Redis, stream: str, tmp_path: Path) -> None:
    client.xadd(stream, {"n": "old"})
    intake = TestIntake()

    async def put() -> None:
        client.xadd(stream, {"n": "new"})
        await until(lambda: len(intake.accepted) == 1)

    run(context_of(settings(stream, **{"from": "new"}), intake, tmp_path / "state"), put)

    assert [event["data"]["n"] for event in intake.events] == ["new"]


def test_what_waits_and_what_is_not_done_is_measured(client: Redis, stream: str, tmp_path: Path) -> None:
    for number in range(30):
        client.xadd(stream, {"n": number})
    client.xgroup_create(stream, "import", "0")
    client.xreadgroup("import", "one", {stream: ">"}, 8)
    client.xack(stream, "import", *[entry for entry, _ in client.xrange(stream, count=3)])
    telemetry, blocked = Telemetry(), TestIntake(blocked=True)
    context = context_of(settings(stream, prefetch=10), blocked, tmp_path / "state", telemetry)

    async def held() -> None:
        await until(lambda: blocked.calls > 0)

    run(context, held)

    theirs = context.queues.due()["erp", stream, "import"][0]
    assert (theirs.waiting, theirs.unacknowledged, theirs.done) == (22, 5, 3)
    assert 0 <= (theirs.oldest_seconds or -1) < 600
    labels = {"source": "erp", "queue": stream, "reader": "andon"}
    assert telemetry.value(M.QUEUE_WAITING, **labels) == 20
    assert telemetry.value(M.QUEUE_UNACKNOWLEDGED, **labels) == 10


def test_large_entries_are_read_a_few_at_a_time(client: Redis, stream: str, tmp_path: Path) -> None:
    for _ in range(40):
        client.xadd(stream, {"b": b"x" * (4 << 20)})

    assert max(receive(stream, tmp_path / "state", 40).batches[1:]) <= 4
    client.delete(stream)


@pytest.mark.parametrize("wrong", [{"from": "middle"}, {"prefetch": 0}, {"claim_after_seconds": 0}, {"stream": ""}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"^'{next(iter(wrong))}' is wrong"):
        RECEIVER.validate(settings("s") | wrong)


@pytest.mark.slow
def test_crashes_of_the_server_while_reading_lose_nothing_and_repeat_nothing(
    redis_server: RedisServer, client: Redis, stream: str, tmp_path: Path
) -> None:
    with client.pipeline(transaction=False) as many:
        for number in range(5_000):
            many.xadd(stream, {"n": number})
        ids = [each.decode() for each in many.execute()]
    intake = TestIntake()

    async def crash() -> None:
        for part in (0.2, 0.5, 0.8):
            await until(lambda part=part: len(intake.accepted) > part * len(ids))  # type: ignore[misc]
            await asyncio.to_thread(redis_server.kill)
            assert len({event["id"] for event in intake.events}) < len(ids), "the server was to go in the middle"
            await asyncio.to_thread(redis_server.start)
        await until(lambda: {event["id"] for event in intake.events} == set(ids))

    run(context_of(settings(stream, prefetch=50), intake, tmp_path / "state"), crash)

    assert len(intake.accepted) - len(ids) <= 3 * 50, "more came again than was in our hands"
