"""``andon up`` while its engine cannot work yet: the collector takes signals all the time, and the engine has what time it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import plain_http
from tests.e2e.demo import START_SECONDS, Demo
from tests.ports import free_port
from tests.servers.clickhouse_stand_in import clickhouse_stand_in
from tests.waiting import wait_until

ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.order.captured", "data": {"order": "4711"}}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Demo]:
    found = Demo(tmp_path)
    yield found
    found.end()


@pytest.mark.slow
def test_the_collector_is_open_while_the_store_is_not_there_and_the_engine_begins_when_it_is(machine: Demo, tmp_path: Path) -> None:
    port = free_port()
    machine.begin("up", f"--catalog={ORDERS}", f"--store=clickhouse://default@127.0.0.1:{port}/default")
    wait_until(
        lambda: machine.printed.count("engine ended with code 1; starting it again") >= 2, START_SECONDS, "the engine is tried again"
    )
    collector = machine.children()["collect"]
    taken = plain_http.post(
        f"{machine.product.collector_url}/v1/events", content=json.dumps(EVENT), headers={"content-type": "application/cloudevents+json"}
    )
    assert taken.status_code == 200
    assert "Andon is running" not in machine.printed

    with clickhouse_stand_in(tmp_path / "server", port=port):
        wait_until(lambda: "Andon is running" in machine.printed, START_SECONDS, "all is ready")
        assert machine.children()["collect"] == collector
        assert plain_http.get(f"{machine.product.engine_url}/readyz").status_code == 200
        assert all(f"✓ {name}" in machine.printed for name in ("collector", "engine", "dashboard"))
        assert machine.interrupt() == 0
