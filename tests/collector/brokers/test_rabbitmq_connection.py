"""A connection to RabbitMQ: what its address says, and what a broker that cannot be reached is told as."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import aio_pika
import pika
import pytest

from collector.brokers import rabbitmq_connection
from collector.brokers.rabbitmq_connection import connected, parameters_of
from collector.receivers.rabbitmq import RECEIVER
from core.errors import Permanent, Retryable
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.rabbitmq_queues import send, settings
from tests.servers.rabbitmq import RabbitServer
from tests.servers.tls import in_tls


def test_an_address_says_who_where_and_which_virtual_host() -> None:
    found = parameters_of("amqp://line%404:p%3Aw@broker:5673/plant%2F7?heartbeat=20", "andon erp")
    assert (found.host, found.port, found.virtual_host, found.heartbeat) == ("broker", 5673, "plant/7", 20)
    assert (found.credentials.username, found.credentials.password) == ("line@4", "p:w")
    assert (found.ssl_options, found.client_properties) == (None, {"connection_name": "andon erp"})
    for url in ("amqp://broker", "amqp://broker/", "amqp://broker/%2F"):
        found = parameters_of(url, "andon erp")
        assert (found.port, found.virtual_host, found.heartbeat, found.credentials.username) == (5672, "/", None, "guest")


def test_an_address_in_tls_may_log_in_by_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    found = parameters_of(f"amqps://broker/?cafile={cert}&certfile={cert}&keyfile={key}&auth=external", "andon erp")
    assert (found.port, found.ssl_options.server_hostname) == (5671, "broker")
    assert isinstance(found.credentials, pika.credentials.ExternalCredentials)


@pytest.mark.parametrize(
    "url", ["broker", "mqtt://u:hunter2@broker", "amqp://u:hunter2@broker?heartbeat=soon", "amqp://u:hunter2@broker?x=1"]
)
def test_what_is_no_address_is_refused_and_the_password_not_shown(url: str) -> None:
    with pytest.raises(Permanent, match="the address of the broker") as caught:
        parameters_of(url, "andon erp")
    assert "hunter2" not in str(caught.value)


def refused(url: str) -> str:
    async def scenario() -> str:
        with pytest.raises(Retryable, match=r"^the broker cannot be reached: ") as caught:
            async with connected(parameters_of(url, "andon erp")):
                pytest.fail("it was reached")
        return str(caught.value)

    return asyncio.run(scenario())


def test_who_does_not_listen_or_does_not_answer_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ConnectionRefusedError" in refused("amqp://127.0.0.1:9/")
    monkeypatch.setattr(rabbitmq_connection, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        refused(f"amqp://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.server
@pytest.mark.xdist_group("rabbitmq")
def test_a_broker_that_knows_us_not_says_so(rabbit_server: RabbitServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        why = refused(rabbit_server.url.replace("guest:guest", "andon:hunter2"))
    assert "ACCESS_REFUSED" in why
    assert "hunter2" not in why + caplog.text


@pytest.mark.server
@pytest.mark.xdist_group("rabbitmq")
def test_it_reads_in_tls(
    rabbit_server: RabbitServer, tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, intake = "in-tls", TestIntake()

    async def scenario() -> None:
        await send(rabbit_server, queue, *(aio_pika.Message(b"x" * 50_000, content_type="text/plain") for _ in range(20)))
        async with in_tls(rabbit_server.port, certificate) as port:
            monkeypatch.setenv("TEST_BROKER", f"amqps://127.0.0.1:{port}?cafile={certificate[0]}")
            async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")):
                await until(lambda: len(intake.accepted) == 20)

    asyncio.run(scenario())
    assert {len(event["data"]) for event in intake.events} == {50_000}
