"""An order that the ERP gave up: from its dead letter to an incident, and back to its queue; its source is paused for a while."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from tests.product import Product, running
from tests.servers.rabbitmq import RabbitServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]
CATALOG = {
    "owners.yaml": "owners: {desk: {title: Desk}}\n",
    "flows/orders.yaml": """
flow: orders
title: Orders
owner: desk
keys: {order: {}}
milestones:
  captured: {system: Shop, match: {event: shop.order}, keys: {order: data.order}}
  booked: {system: ERP, match: {event: erp.booked}, keys: {order: data.order}}
  given-up:
    system: ERP
    match: {event: QUEUE.dead_letter}
    keys: {order: data.order}
    failure: true
    stage: booked
    cause: extensions.deadletterreason
    runbook: given-up
    optional: true
ends: [booked]
""",
    "runbooks/given-up.md": """---
runbook: given-up
title: The ERP gave it up
steps: [{step: again, title: Publish it again, resubmit: dead-letters}]
---
Mend the cause first.
""",
    "sources/dead-letters.yaml": """
source: dead-letters
title: What the ERP gave up
owner: desk
receiver: {type: rabbitmq, url: "env:BROKER", queue: QUEUE.dead, reads: dead_letters}
resubmit: {type: rabbitmq, url: "env:BROKER", queue: QUEUE, approval: two}
""",
}


def at_broker(url: str, work: Callable[[aio_pika.abc.AbstractChannel], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        async with await aio_pika.connect(url) as connection:
            return await work(await connection.channel())

    return asyncio.run(connected())


@pytest.fixture
def queue(rabbit_server: RabbitServer) -> str:
    """A queue whose rejected messages go to ``QUEUE.dead``."""
    name = f"erp-{uuid.uuid4().hex[:8]}"

    async def declare(channel: aio_pika.abc.AbstractChannel) -> None:
        await channel.declare_queue(f"{name}.dead", durable=True)
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
        await channel.declare_queue(name, durable=True, arguments=arguments)

    at_broker(rabbit_server.url, declare)
    return name


def give_up(server: RabbitServer, queue: str, order: str) -> None:
    """Let the ERP take an order and reject it."""

    async def work(channel: aio_pika.abc.AbstractChannel) -> None:
        own = await channel.declare_queue(queue, passive=True)
        body = json.dumps({"order": order}).encode()
        await channel.default_exchange.publish(aio_pika.Message(body, message_id=order, content_type="application/json"), queue)
        taken = await own.get(timeout=20)
        assert taken is not None
        await taken.reject(requeue=False)

    at_broker(server.url, work)


def waiting(server: RabbitServer, queue: str) -> int:
    async def work(channel: aio_pika.abc.AbstractChannel) -> int:
        return int((await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0)

    return int(at_broker(server.url, work))


def test_an_order_that_was_given_up_goes_back_and_is_booked(rabbit_server: RabbitServer, queue: str, tmp_path: Path) -> None:
    for name, text in CATALOG.items():
        file = tmp_path / "catalog" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("QUEUE", queue))
    product = Product(tmp_path / "data", tmp_path / "catalog", {"BROKER": rabbit_server.url})

    def said(*arguments: str) -> str:
        done = product.ask(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reached(order: str) -> list[str]:
        sql = "SELECT milestone FROM transaction_events FINAL WHERE active AND has(keys.value, {order:String}) ORDER BY milestone"
        return [row[0] for row in product.query(sql, order=order)]

    with running(product, "collect", "engine"):
        assert said("source", "pause", "dead-letters", "--reason", "upgrade", "--by", "Ana") == "dead-letters is paused\n"
        wait_until(lambda: "a source is paused" in product.log("collect"), 30, "the collector knows")
        give_up(rabbit_server, queue, "4711")
        wait_until(lambda: waiting(rabbit_server, f"{queue}.dead") == 1, 20, "its dead letter waits at the broker")
        sql = "SELECT actor, action, target FROM actions WHERE action = 'pause source'"
        wait_until(lambda: product.query(sql) == [("Ana", "pause source", "dead-letters")], 20, "who paused it is on record")
        product.kill("collect")
        product.start("collect")
        assert "dead-letters goes on" in said("source", "resume", "dead-letters", "--by", "Ana")

        wait_until(lambda: reached("4711") == ["given-up"], 30, "the dead letter is its failure")
        sql = "SELECT stage, cause FROM incidents FINAL WHERE flow = 'orders'"
        wait_until(lambda: product.query(sql) == [("booked", "rejected")], 30, "it is told with its reason")
        (incident,) = product.query("SELECT DISTINCT incident_id FROM incidents WHERE flow = 'orders'")[0]
        assert "  4711: andon resubmit 4711/dead/1\n1 dead letter of dead-letters" in said("incident", "step", incident, "again")

        shown = said("resubmit", "4711/dead/1")
        assert f"to queue {queue} (rabbitmq)" in shown
        assert "about 4711 (Orders)" in shown
        assert '{"order":"4711"}' in shown.replace(" ", "")
        assert "it waits for a second person" in said("resubmit", "4711/dead/1", "--send", "--yes", "--by", "Ana")
        assert waiting(rabbit_server, queue) == 0
        assert f"published: queue {queue}" in said("resubmit", "4711/dead/1", "--send", "--yes", "--by", "Ben", "--reason", "unlocked")
        assert waiting(rabbit_server, queue) == 1
        again = product.ask("resubmit", "4711/dead/1", "--send", "--yes", "--by", "Ben")
        assert again.returncode == 1
        assert "it was published by Ben" in again.stderr
        assert waiting(rabbit_server, queue) == 1
