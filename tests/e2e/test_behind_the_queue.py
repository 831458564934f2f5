"""A queue of a real RabbitMQ stands still: one incident names what waits behind it, and is resolved when the queue moves again."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from tests import plain_http
from tests.e2e.sinks import http_sink
from tests.product import Product, running
from tests.servers.rabbitmq import RabbitServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]
STARTER = Path(__file__).parents[2] / "andon" / "starters" / "orders"
INBOUND = "erp.inbound"
SOURCE = """
source: broker
owner: order-desk
receiver: {type: rabbitmq, url: "env:BROKER", queue: andon.tap, declare: true, watch: [erp.inbound], management: "env:BROKER_API"}
"""
BOOKED = """    match: {event: erp.order.booked}
    through: {source: broker, queue: erp.inbound, limit: 15 seconds}
    keys: {order: data.orderId}
"""
STOPPED = """---
runbook: inbound-stopped
title: The ERP does not read its queue
causes: ["queue-stopped:broker/erp.inbound"]
---
1. Start the reader.
"""


def catalog(folder: Path, desk: str) -> Path:
    shutil.copytree(STARTER, folder, ignore=shutil.ignore_patterns("tests", "README.md"))
    flow = folder / "flows" / "orders.yaml"
    before, _, after = flow.read_text().partition("    match: {span:")
    flow.write_text(before + BOOKED + after.partition("order.id}\n")[2].replace("2 working hours", "2 hours"))
    (folder / "sources").mkdir()
    (folder / "sources" / "broker.yaml").write_text(SOURCE)
    (folder / "runbooks" / "inbound-stopped.md").write_text(STOPPED)
    routes = folder / "routes.yaml"
    routes.write_text(routes.read_text().replace("http://127.0.0.1:9099/desk", desk))
    return folder


def send(product: Product, kind: str, order: str, **data: Any) -> None:
    event = {"specversion": "1.0", "id": f"{kind}-{order}", "source": "/test", "type": kind, "time": datetime.now(UTC).isoformat()}
    whole = {**event, "data": {"orderId": order, **data}}
    reply = plain_http.post(f"{product.collector_url}/v1/events", json=whole, headers={"content-type": "application/cloudevents+json"})
    assert reply.status_code == 200, reply.text


async def put(server: RabbitServer, messages: int) -> None:
    async with await aio_pika.connect(server.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(INBOUND, durable=True)
        for _ in range(messages):
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), INBOUND)


async def read_one(server: RabbitServer) -> None:
    async with await aio_pika.connect(server.url) as connection:
        queue = await (await connection.channel()).get_queue(INBOUND)
        await (await queue.get()).ack()


def test_one_incident_names_what_a_stopped_queue_holds_up_and_ends_when_it_moves(rabbit_server: RabbitServer, tmp_path: Path) -> None:
    environment = {"BROKER": rabbit_server.url, "BROKER_API": rabbit_server.management}
    with http_sink() as desk:
        product = Product(tmp_path / "data", catalog(tmp_path / "catalog", desk.url), environment)
        with running(product, "collect", "engine"):
            for order, amount in (("4711", 900), ("4712", 46_000), ("4713", 100_000)):
                send(product, "shop.order.captured", order, total=amount, currency="EUR")
            asyncio.run(put(rabbit_server, 3))
            wait_until(lambda: bool(desk.messages), 120, "the desk is notified")
            message = desk.messages[0]
            assert message["title"] == f"{INBOUND} stands still · 3 orders wait behind it · €147k at risk"
            assert (message["stage"], message["cause"], message["runbook"]) == (
                "booked",
                f"queue-stopped:broker/{INBOUND}",
                "inbound-stopped",
            )
            assert [line["reference"] for line in message["top"]] == ["4711", "4712", "4713"], "who is due first comes first"
            assert "waits behind a queue: erp.inbound stands still" in product.ask("explain", "4711").stdout
            assert INBOUND in product.ask("source", "queues", "broker").stdout
            for looked_at in ("queues", "troubles"):
                asked = product.ask("source", looked_at, "brokr")
                assert (asked.returncode, asked.stderr) == (2, "andon: source 'brokr' is not defined; did you mean 'broker'?\n")
            asyncio.run(read_one(rabbit_server))
            wait_until(lambda: desk.messages[-1]["reason"] == "resolved", 120, "the queue moves, so that the incident is resolved")
            assert len(desk.messages) == 2, "never one alert an order"
