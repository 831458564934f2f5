"""What is proposed after what has arrived, compared with what is known about it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from andon.catalog_check import check_catalog
from andon.discovery.proposal import Flow
from plant.builders import record
from store.client import Store
from tests.andon.discovery.arrived import AT, help_desk, order_management, proposed, purchase_to_pay, write_events, write_recording, written

CATALOG = Path(__file__).parents[3] / "catalog"


def names(flow: Flow) -> list[str]:
    return [milestone.name for milestone in flow.milestones]


def test_the_plant_is_understood_without_its_catalog(store: Store, tmp_path: Path) -> None:
    """Every key that two signals share, and every milestone that happened five times, in the order of the shipped flow."""
    write_recording(store, record(400, AT))
    catalog, _ = written(proposed(store), tmp_path)
    shipped = check_catalog(CATALOG).catalog

    assert set(catalog.flows) == {"sales-order", "purchase-order", "production-order"}
    for name, of_shipped in (
        ("sales-order", "order-to-cash"),
        ("purchase-order", "procure-to-pay"),
        ("production-order", "plan-to-produce"),
    ):
        mine, theirs = catalog.flows[name], shipped.flows[of_shipped]
        only_once = {"customer_order"}  # in one signal only
        assert set(theirs.keys) - only_once <= set(mine.keys), name
        matched = {places(each): key for key, each in mine.milestones.items() if not each.failure}
        expected = [places(each) for each in theirs.milestones.values() if not each.failure and not each.optional]
        assert len(expected) > 5
        assert [place for place in expected if place not in matched] == [], name
        order = list(matched)
        # loading and leaving, or the span and the log of one step, may be at the same moment
        wrong = [(one, other) for one, other in pairwise(expected) if order.index(one) > order.index(other)]
        assert wrong == [], name
    flow = catalog.flows["sales-order"]
    assert flow.keys["sales_order"].strip_leading == flow.keys["delivery"].strip_leading == "0"
    assert (flow.keys["delivery"].relation, flow.keys["shipment"].relation, flow.keys["sales_order"].relation) == ("many", "many", "one")
    assert {"amount", "currency", "customer", "plant", "promised_at"} <= set(flow.facts)
    assert flow.milestones[flow.ends[0]].match.log is not None, "the invoice"
    assert set(catalog.sources) >= {"crm", "erp", "middleware", "wms", "tms"}


def places(milestone: Any) -> tuple[str, ...]:
    match = milestone.match
    if match.log is not None:
        return ("log", str(match.service), re.sub(r"\\[dw]|\W", " ", match.log).split()[0])
    return ("event", str(match.event)) if match.event else ("span", str(match.span), str(match.service))


def test_orders_with_items_and_packages(store: Store, tmp_path: Path) -> None:
    """Keys and milestones: precision and recall 1; customers, employees and products are no keys."""
    write_events(store, order_management())
    proposal = proposed(store)
    (flow,) = proposal.flows
    assert set(flow.keys) == {"order", "item", "package"}
    assert next(iter(flow.keys)) == "order"
    assert flow.relations == {"order": "one", "item": "many", "package": "many-to-many"}, "a package holds items of several orders"
    found = names(flow)
    assert set(found) == {
        "place-order", "confirm-order", "pick-item", "item-out-of-stock", "create-package", "send-package", "failed-delivery", "payment-reminder",
    }  # fmt: skip
    course = [name for name in found if name in {"place-order", "confirm-order", "create-package", "send-package", "failed-delivery"}]
    assert course == ["place-order", "confirm-order", "create-package", "send-package", "failed-delivery"]
    assert written(proposal, tmp_path)[0].flows


def test_purchases_as_sap_names_them(store: Store) -> None:
    """Four of five keys: materials are told from keys by their name alone, and with them the three milestones that have only a material."""
    write_events(store, purchase_to_pay())
    (flow,) = proposed(store).flows
    assert set(flow.keys) == {"purchord", "purchreq", "gdsrcpt", "invoice"}
    assert flow.relations["invoice"] == "many"
    assert names(flow) == [
        "create-purchase-requisition", "create-purchase-order", "receive-goods", "issue-goods-receipt", "receive-invoice", "clear-invoice",
    ]  # fmt: skip


def test_a_real_help_desk(store: Store, tmp_path: Path) -> None:
    write_events(store, help_desk())
    proposal = proposed(store)
    (flow,) = proposal.flows
    assert list(flow.keys) == ["ticket"]
    assert [each for each in names(flow) if each in {"take-in-charge-ticket", "resolve-ticket", "closed"}] == [
        "take-in-charge-ticket", "resolve-ticket", "closed",
    ]  # fmt: skip
    assert flow.ends == ["closed"]
    assert {"workgroup", "responsible_section", "customer"}.isdisjoint(flow.keys)
    assert written(proposal, tmp_path)[0].flows
