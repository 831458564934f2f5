"""The NATS receiver against a real JetStream server."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from collector.receivers.nats import RECEIVER
from core.errors import UsageError
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, losing_a_cancellation, running, until
from tests.servers.nats import NatsServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("nats")]
_numbers = itertools.count(1)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def stream(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", nats_server.url)
    name = f"orders-{next(_numbers)}"
    nats_server.create_stream(name)
    return name


def settings(stream: str, **more: Any) -> dict[str, Any]:
    return {"type": "nats", "url": "env:TEST_BROKER", "stream": stream, **more}


def receive(wanted: int, state: Path, chosen: dict[str, Any], telemetry: Telemetry | None = None) -> TestIntake:
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(chosen, intake, state, telemetry)):
            await until(lambda: len(intake.accepted) >= wanted)

    asyncio.run(scenario())
    return intake


def test_a_subject_that_is_no_text_goes_to_quarantine_and_stops_nothing(nats_server: NatsServer, stream: str, tmp_path: Path):
    with socket.create_connection(("127.0.0.1", nats_server.port), timeout=60) as sender:
        sender.sendall(b"CONNECT {}\r\nPUB %b.f\xfcr 2\r\n{}\r\nPING\r\n" % stream.encode())
        while b"PONG" not in sender.recv(65_536):
            pass
    nats_server.send(f"{stream}.created", b"2")
    intake = receive(2, tmp_path / "state", settings(stream))
    assert [kept["reason"] for kept in intake.quarantined] == ["unreadable_message"]
    assert data_of(intake) == {2}


def numbers(first: int, last: int) -> list[bytes]:
    return [str(number).encode() for number in range(first, last)]


def data_of(intake: TestIntake) -> set[int]:
    return {event["data"] for event in intake.events}


def test_a_message_becomes_an_event_with_its_context(nats_server: NatsServer, stream: str, tmp_path: Path):
    nats_server.send(f"{stream}.created", b'{"order": "4711", "total": 12000.10}', traceparent=PARENT, X_Try="2")
    nats_server.send(f"{stream}.created", b"1", Nats_Msg_Id="m-1")

    event, named = receive(2, tmp_path / "state", settings(stream)).events

    moment = datetime.fromisoformat(event["time"])
    assert event == {
        "specversion": "1.0",
        "id": f"{stream}/1@{round(moment.timestamp() * 1_000_000)}",
        "source": f"/streams/{stream}",
        "type": f"{stream}.created",
        "time": event["time"],
        "data": {"order": "4711", "total": 12000.10},
        "traceparent": PARENT,
        "xtry": "2",
        "subjectname": f"{stream}.created",
        "sequence": "1",
    }
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 600
    assert named["id"] == "m-1"


def test_cloud_events_are_taken_as_they_are(nats_server: NatsServer, stream: str, tmp_path: Path):
    event = {"specversion": "1.0", "id": "e-1", "source": "/crm", "type": "crm.order.captured", "data": {"a": 1}}
    nats_server.send(f"{stream}.ce", json.dumps(event).encode(), Content_Type="application/cloudevents+json")
    in_headers = {f"ce_{name}": str(value) for name, value in event.items() if name != "data"}
    nats_server.send(f"{stream}.ce", b'{"a": 1}', Content_Type="application/json", **in_headers)

    events = receive(2, tmp_path / "state", settings(stream)).events

    assert events == [event, {**event, "datacontenttype": "application/json"}]


def test_poison_goes_to_quarantine_and_does_not_come_back(nats_server: NatsServer, stream: str, tmp_path: Path):
    nats_server.send(f"{stream}.a", b'{"a": ', b"[" * 100_000, Content_Type="application/json")
    nats_server.send(f"{stream}.a", b"{}")

    intake = receive(3, tmp_path / "state", settings(stream))

    assert [entry["reason"] for entry in intake.quarantined] == ["bad_json:syntax", "bad_json:too_deep"]
    assert [event["data"] for event in intake.events] == [{}]
    info = nats_server.do(lambda context: context.consumer_info(stream, "andon-erp"))
    assert (info.num_ack_pending, info.num_pending) == (0, 0)


def test_a_consumer_may_read_one_subject_and_from_a_time(nats_server: NatsServer, stream: str, tmp_path: Path):
    nats_server.send(f"{stream}.a", b"1", b"2")
    nats_server.send(f"{stream}.b", b"3")
    later = nats_server.do(lambda context: context.get_msg(stream, 2)).time
    assert later is not None

    chosen = settings(stream, subject=f"{stream}.a", start=later.astimezone(UTC).isoformat(), consumer="one")

    assert [event["data"] for event in receive(1, tmp_path / "state", chosen).events] == [2]


def test_a_server_that_is_killed_while_reading_loses_nothing(nats_server: NatsServer, stream: str, tmp_path: Path):
    intake, telemetry = TestIntake(), Telemetry()
    nats_server.send(f"{stream}.a", *numbers(0, 3000))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(stream), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.accepted) > 0)
            await asyncio.to_thread(nats_server.kill)
            assert len(intake.accepted) < 3000, "the server was to go in the middle"
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.to_thread(nats_server.start)
            await until(lambda: len(data_of(intake)) == 3000)

    asyncio.run(scenario())
    assert len({event["id"] for event in intake.events}) == 3000


def test_a_consumer_that_was_deleted_is_made_again_and_a_stream_made_anew_is_read(
    nats_server: NatsServer, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.receivers.nats.FETCH_SECONDS", 0.5)
    intake = TestIntake()
    nats_server.send(f"{stream}.a", *numbers(0, 10))

    async def on_server(work: Any) -> None:
        await asyncio.to_thread(nats_server.do, work)

    async def make_anew(context: JetStreamContext) -> None:
        await context.delete_stream(stream)
        await context.add_stream(name=stream, subjects=[f"{stream}.>"])

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(stream), intake, tmp_path / "state")):
            await until(lambda: len(data_of(intake)) == 10)
            await on_server(lambda context: context.delete_consumer(stream, "andon-erp"))
            await asyncio.to_thread(nats_server.send, f"{stream}.a", b"10")
            await until(lambda: len(data_of(intake)) == 11)
            await on_server(make_anew)
            await asyncio.to_thread(nats_server.send, f"{stream}.a", *numbers(11, 20))
            await until(lambda: len(data_of(intake)) == 20)

    asyncio.run(scenario())
    assert len({event["id"] for event in intake.events}) == 20, "the new stream counts from 1 again, and its messages are others"


@pytest.mark.parametrize("newest_only", [False, True])
def test_what_a_stream_dropped_before_it_was_read_is_told(
    nats_server: NatsServer, stream: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, newest_only: bool
):
    name, telemetry = f"small-{stream}", Telemetry()
    nats_server.create_stream(name, **({"max_msgs_per_subject": 5} if newest_only else {"max_msgs": 5}))
    nats_server.send(f"{name}.a", *numbers(0, 3))
    assert len(receive(3, tmp_path / "state", settings(name), telemetry).events) == 3
    nats_server.send(f"{name}.a", *numbers(3, 20))

    after = receive(5, tmp_path / "state", settings(name), telemetry)

    assert data_of(after) == set(range(15, 20))
    told = [record.__dict__["fields"] for record in caplog.records if "missing" in record.getMessage()]
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == len(told) == (0 if newest_only else 1)
    assert [(each["first"], each["last"]) for each in told] == ([] if newest_only else [(4, 15)])


def test_what_waits_for_us_and_for_others_is_measured(
    nats_server: NatsServer, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.receivers.nats.LOOK_SECONDS", 0.0)
    nats_server.send(f"{stream}.a", *numbers(0, 10))
    telemetry = Telemetry()

    async def read_some(context: JetStreamContext) -> None:
        await context.add_consumer(stream, ConsumerConfig(durable_name="import", ack_wait=300))
        subscription = await context.pull_subscribe_bind("import", stream)
        for message in (await subscription.fetch(4))[:3]:
            await message.ack_sync()

    nats_server.do(read_some)

    def told(metric: M, reader: str) -> float | None:
        return telemetry.registry.get_sample_value(metric.value.name, {"source": "erp", "queue": stream, "reader": reader})

    context = context_of(settings(stream, watch=["import"]), TestIntake(), tmp_path / "state", telemetry)

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: told(M.QUEUE_WAITING, "andon-erp") == 0 and told(M.QUEUE_OLDEST_SECONDS, "import") is not None)

    asyncio.run(scenario())
    assert (told(M.QUEUE_WAITING, "import"), told(M.QUEUE_UNACKNOWLEDGED, "import")) == (6, 1)
    assert context.queues.due()["erp", stream, "import"][0].done == 3
    assert 0 < (told(M.QUEUE_OLDEST_SECONDS, "import") or 0) < 600


def test_a_consumer_that_we_cannot_read_with_is_told(
    nats_server: NatsServer, stream: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    nats_server.do(lambda context: context.add_consumer(stream, ConsumerConfig(durable_name="pushed", deliver_subject="somewhere")))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(stream, consumer="pushed"), TestIntake(), tmp_path / "state")):
            await until(lambda: "the consumer 'pushed' does not wait to be asked" in str([each.__dict__ for each in caplog.records]))

    asyncio.run(scenario())


def test_a_user_logs_in_and_the_password_is_never_logged(
    nats_server: NatsServer, stream: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    guarded = NatsServer(tmp_path, nats_server.program, login=("andon", "p:/@ss"))
    try:
        guarded.start()
        guarded.create_stream(stream)
        guarded.send(f"{stream}.a", b"1")
        monkeypatch.setenv("TEST_BROKER", f"nats://andon:wrong%3A@127.0.0.1:{guarded.port}")
        intake = TestIntake()

        async def scenario() -> None:
            async with running(RECEIVER, context_of(settings(stream), intake, tmp_path / "state")):
                await until(lambda: "uthorization" in str([each.__dict__ for each in caplog.records]))
                monkeypatch.setenv("TEST_BROKER", guarded.url)
                await until(lambda: len(intake.events) == 1)

        asyncio.run(scenario())
    finally:
        guarded.kill()
    assert "wrong" not in str([each.__dict__ for each in caplog.records])


def test_it_stops_even_if_the_client_loses_the_cancellation(
    nats_server: NatsServer, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    waits = JetStreamContext.PullSubscription
    monkeypatch.setattr(waits, "fetch", losing_a_cancellation(waits.fetch, []))
    nats_server.send(f"{stream}.created", b"1")
    assert data_of(receive(1, tmp_path / "state", settings(stream))) == {1}


def test_a_name_that_no_consumer_may_have_is_refused():
    with pytest.raises(UsageError, match=r"^'consumer' is wrong"):
        RECEIVER.validate(settings("orders", consumer="a.b"))
