"""Cross-checks of the queues before milestones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.review import Validators
from tests.core.catalog.broken import edit

BOOKED = "    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service: sap-connector, status: ok}\n"


def problems(folder: Path, milestone: str, through: str, told: list[str] | None) -> list[str]:
    def queues(_: dict[str, Any]) -> list[str] | None:
        return told

    edit(folder, "flows/order-to-cash.yaml", milestone, f"{milestone}    through: {through}\n")
    try:
        load_catalog(folder, Validators(queues=queues))
    except CatalogErrors as found:
        return [error.message for error in found.errors]
    return []


@pytest.mark.parametrize(
    ("through", "told", "message"),
    [
        ("{source: sap-ecc, queue: idocs}", ["idocs"], None),
        ("{source: sap-ecc, queue: idocs}", None, None),
        ("{source: sap-ecc, queue: any}", ["^orders-.*"], None),
        ("{source: sap-ec, queue: idocs}", ["idocs"], "source 'sap-ec' is not defined in sources/; did you mean 'sap-ecc'?"),
        (
            "{source: sap-ecc, queue: idoc}",
            ["idocs"],
            "source 'sap-ecc' does not tell how much waits in 'idoc'; it tells idocs; did you mean 'idocs'?",
        ),
        (
            "{source: sap-ecc, queue: idocs}",
            [],
            "source 'sap-ecc' tells no queues; name one whose receiver reads a broker that does",
        ),
        ("{source: crm, queue: any}", ["q"], None),  # nothing is read from it: what sends its metrics may tell
        ("{source: sap-ecc, queue: idocs, limit: 5 working minutes}", ["idocs"], "a queue has no calendar; remove 'working'"),
    ],
)
def test_a_queue_before_a_milestone_is_one_that_somebody_tells_of(
    folder: Path, through: str, told: list[str] | None, message: str | None
) -> None:
    assert problems(folder, BOOKED, through, told) == ([message] if message else [])


def test_nothing_waits_for_the_first_milestone(folder: Path) -> None:
    found = problems(folder, "    match: {event: crm.order.captured}\n", "{source: sap-ecc, queue: idocs}", ["idocs"])
    assert found == ["nothing waits for 'captured'; name the queue at a milestone that comes after another"]


def test_a_queue_is_before_one_milestone_of_a_flow(folder: Path) -> None:
    assert not problems(folder, BOOKED, "{source: sap-ecc, queue: idocs}", ["idocs"])
    found = problems(folder, "    match: {event: wms.delivery.shipped}\n", "{source: sap-ecc, queue: idocs}", ["idocs"])
    assert found == ["'idocs' is before 'booked' already; name it at one milestone of the flow"]
