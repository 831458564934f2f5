"""An order through real middleware under its own instrumentation, followed by the spans of messaging alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product, running
from tests.servers.rabbitmq import RabbitServer
from tests.waiting import wait_until

HERE = Path(__file__).parent
CATALOG = HERE.parent / "catalogs" / "middleware"
pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(Product(tmp_path_factory.mktemp("product") / "data", CATALOG), "collect", "engine") as started:
        yield started


def milestones_of(product: Product, order: str) -> list[tuple[Any, ...]]:
    """Return milestone, trace and span of what is known of an order, in the order of time."""
    return product.query(
        "SELECT milestone, trace_id, signal_id FROM milestone_events WHERE has(keys, ('order', {order:String})) ORDER BY event_time",
        order=order,
    )


def state_of(product: Product, order: str) -> list[tuple[Any, ...]]:
    """Return the state and the stage of the transactions of an order."""
    return product.query("SELECT state, stage FROM transactions FINAL WHERE reference = {order:String}", order=order)


def test_an_order_is_followed_through_a_queue_between_programs_of_node(product: Product, rabbit_server: RabbitServer) -> None:
    node = shutil.which("node")
    if node is None or not (HERE / "node" / "node_modules" / "amqplib").exists():
        pytest.skip("needs Node.js and its packages: apt install nodejs npm; cd tests/e2e/node && npm ci")
    command = [node, "relay.js", rabbit_server.url, "orders", f"{product.collector_url}/v1/traces", "R-4711"]
    done = subprocess.run(command, cwd=HERE / "node", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr

    wait_until(lambda: len(milestones_of(product, "R-4711")) == 3, 30, "the order is seen on both sides of the queue")

    found = milestones_of(product, "R-4711")
    assert {name for name, _, _ in found} == {"accepted", "sent", "taken"}
    assert len({trace for _, trace, _ in found}) == 1, "the context went with the message"
    wait_until(
        lambda: state_of(product, "R-4711") == [("completed", "taken")], 30, "its milestone events are one transaction that has ended"
    )
