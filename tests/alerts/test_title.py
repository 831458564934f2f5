"""The title of an incident: numbers and place first, as somebody says it who leads operations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.incidents import Incident
from alerts.title import missing, title_of
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.load import load_catalog
from tests.alerts.messages import NOW
from tests.alerts.shop import ORDERS

SHIPPED = load_catalog(Path(__file__).parents[2] / "catalog").catalog

INCIDENT = Incident("i1", "orders", "booked", "overdue", NOW, NOW, members=20, members_total=25)
CATALOG = Catalog(flows={"orders": ORDERS.model_copy(update={"noun": "order"})})


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "20 orders still not booked in SAP"),
        ({"breached": 12}, "20 orders not booked in SAP, 12 late"),
        ({"breached": 20}, "20 orders not booked in SAP, all late"),
        ({"members": 1}, "1 order still not booked in SAP"),
        ({"members": 1, "breached": 1}, "1 order not booked in SAP, late"),
        ({"breached": 12, "plants": ["DE07", "US02"], "value": {"EUR": 146_000.0}}, "20 orders not booked in SAP, 12 late · DE07, US02 · €146k at risk"),
        ({"plants": ["A", "B", "C", "D", "E"]}, "20 orders still not booked in SAP · A, B, C and 2 more"),
        ({"value": {"EUR": 0.0}}, "20 orders still not booked in SAP"),
        ({"value": {"EUR": 1e6, "USD": 5e4}}, "20 orders still not booked in SAP · €1.00M + $50.0k at risk"),
        ({"cause": "CUSTOMER_BLOCKED", "breached": 20}, "20 orders not booked in SAP: CUSTOMER_BLOCKED"),
        ({"cause": "failed", "breached": 20}, "20 orders not booked in SAP: the step failed"),
        ({"cause": "source-silent:erp"}, "20 orders perhaps not booked in SAP: erp is silent"),
        ({"cause": "fact-missing:promised_at"}, "20 orders perhaps not booked in SAP: the fact promised_at is missing"),
        ({"cause": "calendar:office"}, "20 orders perhaps not booked in SAP: the calendar office gives no due time"),
        (
            {"cause": "queue-stopped:broker/orders.inbound", "value": {"EUR": 146_000.0}},
            "orders.inbound stands still · 20 orders wait behind it · €146k at risk",
        ),
        ({"cause": "queue-stopped:broker/in", "members": 1, "breached": 1, "plants": ["DE07"]}, "in stands still · 1 order waits behind it, late · DE07"),
        ({"cause": "dead-letters:broker/in", "breached": 2}, "in dead-letters messages · 20 orders wait behind it, 2 late"),
        ({"cause": "queue-stopped:broker/in", "status": "resolved", "members": 0}, "in stood still · 25 orders waited behind it"),
        ({"status": "resolved", "members": 0, "plants": ["DE07"]}, "25 orders were not booked in SAP · DE07"),
        ({"status": "resolved", "members": 0, "members_total": 1}, "1 order was not booked in SAP"),
        ({"members": 12_345}, "12,345 orders still not booked in SAP"),
        ({"stage": ""}, "20 orders still without a stage"),
        ({"cause": "a\r\nb"}, "20 orders not booked in SAP: a b"),
    ],
)  # fmt: skip
def test_a_title_has_the_numbers_and_the_place_first(changes: dict[str, Any], title: str) -> None:
    assert title_of(CATALOG, replace(INCIDENT, **changes)) == title


def test_a_flow_that_the_catalog_does_not_know_has_transactions() -> None:
    incident = replace(INCIDENT, flow="spare-parts", stage="booked_in-erp")
    assert title_of(Catalog(), incident) == "20 transactions still not booked in erp"


def test_a_milestone_may_say_itself_what_is_missing() -> None:
    milestone = ORDERS.milestones["booked"].model_copy(update={"missing": "without a booking"})
    flow: Flow = ORDERS.model_copy(update={"nouns": "orders of parts", "milestones": {"booked": milestone}})
    assert title_of(Catalog(flows={"orders": flow}), INCIDENT) == "20 orders of parts still without a booking"


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("order-to-cash", {"booked": "not booked in ERP", "delivered": "not delivered"}),
        ("plan-to-produce", {"started": "not started", "staged": "without material at the line", "stored": "not put away"}),
        (
            "procure-to-pay",
            {
                "received": "without the goods",
                "invoice-received": "without an invoice",
                "paid": "not paid",
                "ordered": "not created in ERP",
                "matched": "without a matched invoice",
            },
        ),
    ],
)
def test_the_shipped_flows_say_what_is_missing_as_people_do(flow: str, words: dict[str, str]) -> None:
    assert {stage: missing(SHIPPED, flow, stage) for stage in words} == words
