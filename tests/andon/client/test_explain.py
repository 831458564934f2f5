"""What ``andon explain`` says of whatever a person names."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.client.explain import explain_transaction
from andon.wiring.pipeline import pipeline_on
from core.config import Settings
from core.errors import AndonError
from core.telemetry import Telemetry
from store.catalogs import StoredCatalogs
from store.client import Store
from tests.andon.shop import Shop, catalog


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    """A shop with two captured orders, of which one's number begins with the other's, and a third that was only shipped."""
    found = Shop(store, Settings(data=tmp_path / "data"))
    definitions = catalog(tmp_path)
    with pipeline_on(found.store, found.settings, definitions, found.clock, Telemetry()) as pipeline:
        StoredCatalogs(found.store, found.clock).taken(definitions)
        found.send(found.event("shop.captured", "47"), found.event("shop.captured", "4711"), found.event("wms.shipped", "1"))
        found.settle(pipeline)
    return found


def explained(shop: Shop, identifier: str, sla: str | None = None) -> list[str]:
    return explain_transaction(shop.store.reader, shop.clock.now(), identifier, sla)


def references(lines: list[str]) -> list[str]:
    """Return which transactions are explained."""
    return sorted(line.split()[1].rstrip(":") for line in lines if line.startswith("Orders "))


def test_a_transaction_without_a_clock_is_explained(shop: Shop) -> None:
    assert explained(shop, "1")[-1] == "no clock has started"


def test_an_identifier_that_is_exactly_one_means_no_other_that_begins_with_it(shop: Shop) -> None:
    assert references(explained(shop, "47")) == ["47"]
    assert references(explained(shop, "4")) == ["47", "4711"]


def test_a_transaction_id_is_taken_as_well_as_a_business_identifier(shop: Shop) -> None:
    (row,) = shop.store.rows("SELECT transaction_id FROM transactions FINAL WHERE reference = '4711'")
    assert explained(shop, f" {row['transaction_id']} ") == explained(shop, "4711")


def test_what_is_unknown_is_an_error_that_says_what_is_known(shop: Shop) -> None:
    with pytest.raises(AndonError, match="no transaction found for '815'"):
        explained(shop, "815")
    with pytest.raises(AndonError, match="'ship' is not an SLA of orders; known: book"):
        explained(shop, "4711", "ship")
