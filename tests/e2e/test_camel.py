"""Apache Camel under the Java agent of OpenTelemetry: an order from a file over Kafka to an API, followed by what the agent tells alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running
from tests.servers.java import JVM, class_path
from tests.servers.kafka import KafkaServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("kafka")]
HERE = Path(__file__).parent / "camel"
CATALOG = Path(__file__).parents[1] / "catalogs" / "middleware"
TOPIC = "carried-orders"
START_SECONDS = 120


@contextmanager
def camel(jars: str, folder: Path, brokers: str, erp: str, otlp: str) -> Iterator[None]:
    """Run the routes on files below ``folder``; its log is there, too."""
    agent = next(jar for jar in jars.split(os.pathsep) if "opentelemetry-javaagent" in jar)
    told = {
        "service.name": "carrier",
        "exporter.otlp.endpoint": otlp,
        "metrics.exporter": "none",
        "logs.exporter": "none",
        "bsp.schedule.delay": "200",
        "instrumentation.messaging.experimental.capture-headers": "order",
        "instrumentation.http.client.capture-request-headers": "order",
    }
    routes = {
        "camel.main.routesIncludePattern": f"file:{HERE}/routes.yaml",
        "folder": f"{folder}/in",
        "topic": TOPIC,
        "brokers": brokers,
        "erp": erp,
    }
    properties = {f"otel.{name}": value for name, value in told.items()} | routes
    command = ["java", *JVM, f"-javaagent:{agent}", *(f"-D{name}={value}" for name, value in properties.items()), "-cp", jars]
    with (folder / "camel.log").open("wb") as log:
        process = subprocess.Popen([*command, "org.apache.camel.main.Main"], stdout=log, stderr=log, cwd=folder)
    try:
        yield
    finally:
        process.kill()
        process.wait(30)


def drop(folder: Path, order: str) -> None:
    """Put an order's file where Camel takes it up, whole at once."""
    (folder / "in").mkdir(exist_ok=True)
    (folder / order).write_text(f'{{"order": "{order}"}}')
    (folder / order).rename(folder / "in" / f"{order}.json")


def milestones_of(product: Product, order: str) -> dict[str, tuple[Any, ...]]:
    """Return cause and trace of each milestone known of an order."""
    rows = product.query("SELECT milestone, cause, trace_id FROM milestone_events WHERE has(keys, ('order', {order:String}))", order=order)
    return {row[0]: row[1:] for row in rows}


def test_an_order_is_followed_from_the_file_to_the_answer_and_to_an_error(
    kafka_server: KafkaServer, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    jars = class_path(HERE / "pom.xml", pytestconfig.cache.mkdir("camel"))
    kafka_server.create_topic(TOPIC)
    erp: Sink
    with http_sink() as erp, running(Product(tmp_path / "data", CATALOG), "collect", "engine") as product:
        with camel(jars, tmp_path, kafka_server.addresses, erp.url.rstrip("/"), product.collector_url):
            drop(tmp_path, "C-1")
            wait_until(lambda: erp.messages == [{"order": "C-1"}], START_SECONDS, f"the ERP is asked; the log is {tmp_path}/camel.log")
            erp.status = 500
            drop(tmp_path, "C-2")
            wait_until(lambda: "refused" in milestones_of(product, "C-2"), 60, "the error is seen")
        wait_until(lambda: set(milestones_of(product, "C-1")) == {"sent", "taken", "answered"}, 30, "the order is followed")
        wait_until(lambda: set(milestones_of(product, "C-2")) == {"sent", "taken", "refused"}, 30, "the other is followed, too")

        for order in ("C-1", "C-2"):
            found = milestones_of(product, order)
            (sent, taken), cause = (found[name][1] for name in ("sent", "taken")), found.get("refused", ("",))[0]
            assert sent == taken, "the trace goes on over the topic"
            assert cause == ("500" if order == "C-2" else "")
        wait_until(
            lambda: (
                dict(product.query("SELECT reference, state FROM transactions FINAL WHERE flow = 'carried'"))
                == {"C-1": "completed", "C-2": "open"}
            ),
            30,
            "one order has ended, the other waits",
        )
