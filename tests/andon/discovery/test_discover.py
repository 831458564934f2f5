"""What is proposed after what has arrived, compared with what is known about it."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from andon.catalog_check import check_catalog
from andon.discovery.proposal import Flow
from core.telemetry import Telemetry
from correlator.engine import Correlator
from plant.builders import record
from store.client import Store
from store.loading.slice import SliceWriter
from store.stages.correlation import StoredCorrelation
from tests.andon.discovery.arrived import AT, help_desk, order_management, proposed, purchase_to_pay, write_events, write_recording, written
from tests.otlp_values import logs, traces

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


def test_what_lies_in_maps_and_in_structured_log_records_becomes_a_flow_that_finds_it(store: Store, tmp_path: Path) -> None:
    """Also what is JSON in a text, and what names itself as OTLP's events do; the catalog finds everything that it was made after."""
    orders = range(40)
    arrived = [
        traces(
            [
                {"order": {"id": f"47{n:02}", "plant": "DE07"}, "lines": [{"delivery": f"D{n:02}0"}, {"delivery": f"D{n:02}1"}]}
                for n in orders
            ]
        ),
        logs([{"event": "order.booked", "order": {"id": f"00047{n:02}"}, "amount": n + 0.5} for n in orders], minutes=1),
        logs([json.dumps({"msg": f"Delivery D{n:02}0 packed", "order": {"no": f"47{n:02}"}}) for n in orders], minutes=2),
        logs([{"delivery": f"D{n:02}1", "because": {"order": f"47{n:02}"}} for n in orders], event_name="shop's.billed", minutes=3),
    ]
    writer = SliceWriter(store)
    assert writer.write(arrived, 1) == []
    catalog, text = written(proposed(store), tmp_path)
    (flow,) = catalog.flows.values()
    assert list(flow.milestones) == ["ship", "order-booked", "delivery", "shop-s-billed"]
    assert set(flow.keys) == {"order", "delivery"}
    assert "# seen 40 times; in 100% of those that came so far" in text
    assert flow.facts.keys() >= {"plant", "amount"}

    Correlator(StoredCorrelation(store), catalog, Telemetry())
    for table in ("spans", "logs", "milestone_events"):
        store.command(f"TRUNCATE TABLE {table}")
    assert writer.write(arrived, 2) == []
    found = store.rows(
        "SELECT milestone, count() AS events, countIf(has(keys.type, 'order')) AS orders FROM milestone_events GROUP BY milestone"
    )
    assert {row["milestone"]: (row["events"], row["orders"]) for row in found} == dict.fromkeys(flow.milestones, (40, 40))
