"""The shipped flows know the spans of a queue by destination and operation, however a release of the conventions names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.load import load_catalog
from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from tests.store.rows import START, put

OLD, NEW = "messaging.operation", "messaging.operation.type"
QUEUES = [
    ("order-to-cash", "dequeued", "sap-connector", "orders.inbound", "business.sales_order"),
    ("plan-to-produce", "dispatched", "mes", "shopfloor.orders", "business.production_order"),
]


@pytest.mark.parametrize(("flow", "milestone", "service", "queue", "key"), QUEUES)
def test_what_is_taken_from_a_queue_counts_in_both_word_orders(
    store: Store, flow: str, milestone: str, service: str, queue: str, key: str
) -> None:
    Correlator(StoredCorrelation(store), load_catalog(Path(__file__).parents[2] / "catalog").catalog, Telemetry())

    def span(name: str, operation: str, value: str, destination: str = queue, by: str = service) -> None:
        attributes = {"messaging.destination.name": destination, operation: value, key: name}
        put(
            store,
            "spans",
            slice=1,
            service=by,
            name=name,
            kind="consumer",
            span_id=name,
            start_time=START,
            end_time=START,
            attributes=attributes,
        )

    span(f"{queue} process", OLD, "process")
    span(f"process {queue}", NEW, "process")
    span(f"consume {queue}", NEW, "process")  # of a client with a name of its own for it
    span(f"receive {queue}", NEW, "receive")
    span(f"{queue} publish", OLD, "publish")
    span("process another", NEW, "process", destination="another")
    span(f"process {queue} elsewhere", NEW, "process", by="another")

    found = store.rows("SELECT flow, milestone, signal_id FROM milestone_events ORDER BY signal_id")
    assert {(row["flow"], row["milestone"]) for row in found} == {(flow, milestone)}
    assert len(found) == 3
