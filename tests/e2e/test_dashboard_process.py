"""The dashboard's own process: what it says in its log and in its metrics."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests import plain_http
from tests.e2e.browser import chromium, visit
from tests.product import Product, running

pytestmark = pytest.mark.browser
ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Product]:
    """A dashboard whose engine does not answer."""
    with running(Product(tmp_path, ORDERS), "dashboard") as product:
        yield product


def metrics(product: Product) -> str:
    reply = plain_http.get(f"http://127.0.0.1:{product.dashboard_metrics_port}/metrics")
    assert reply.status_code == 200
    return reply.text


def test_it_measures_pages_and_counts_failed_reads_and_logs_json_alone(alone: Product):
    assert "# TYPE andon_page_seconds histogram" in metrics(alone)  # before anyone has looked

    with chromium() as browser:
        for _ in range(2):
            seen = visit(browser, f"{alone.dashboard_url}/sources")
            assert "Data delayed" in seen.text
    counted = metrics(alone)
    assert 'andon_page_seconds_count{page="sources"}' in counted
    assert 'andon_failed_reads_total{read="store.reads.origins.last_seen"}' in counted

    with connect(f"{alone.dashboard_url.replace('http', 'ws')}/_stcore/stream") as stranger:
        stranger.send(b"\xff")  # what Streamlit cannot read it tells in its log
        with pytest.raises(ConnectionClosedError):
            list(stranger)
    alone.stop("dashboard")
    said = [json.loads(line) for line in alone.log("dashboard").splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in said)
    assert [entry["metrics"] for entry in said if "metrics" in entry] == [f"http://127.0.0.1:{alone.dashboard_metrics_port}/metrics"]
    failures = [entry["read"] for entry in said if entry["message"] == "a dashboard read fails"]
    assert "store.reads.origins.last_seen" in failures
    assert len(failures) == len(set(failures)), "a reading that goes on failing is said once"
    assert any(entry["logger"].startswith("streamlit") for entry in said)


def test_it_ends_when_it_is_asked_to_whoever_looks(alone: Product):
    process = alone.processes["dashboard"]
    with connect(f"{alone.dashboard_url.replace('http', 'ws')}/_stcore/stream") as viewer:
        process.terminate()
        with pytest.raises(ConnectionClosedError) as caught:
            list(viewer)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012  # the server restarts: a browser comes again
    assert process.wait(60) == 0


def test_a_metrics_port_in_use_is_named_with_its_flag(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        product = Product(tmp_path, ORDERS, dashboard_metrics_port=taken.getsockname()[1])
        product.start("dashboard", wait=False)
        assert product.processes.pop("dashboard").wait(60) == 2
    assert f"port {product.dashboard_metrics_port} is in use" in product.log("dashboard")
    assert "--dashboard-metrics-port" in product.log("dashboard")
