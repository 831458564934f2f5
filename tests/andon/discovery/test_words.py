"""What names of fields tell."""

from __future__ import annotations

import pytest

from andon.discovery.words import fact_name, key_name, may_be_a_key, shortest_slug, slug


@pytest.mark.parametrize(
    ("path", "is_key", "name"),
    [
        ("data.orderId", True, "order"),
        ("data.order.id", True, "order"),
        ("attributes.business.sales_order", True, "sales_order"),
        ("data.VBELN", True, "vbeln"),
        ("data.items[].delivery_no", True, "delivery"),
        ("data.customerOrder", True, "customer_order"),
        ("data.BGM.2", True, "bgm"),
        ("body#2", True, ""),
        ("subject", True, "subject"),
        ("data.customerId", False, "customer"),
        ("data.lineNumber", False, "line"),
        ("attributes.http.request.id", False, "request"),
        ("data.totalAmount", False, "total_amount"),
    ],
)
def test_keys(path: str, is_key: bool, name: str) -> None:
    assert (may_be_a_key(path), key_name(path)) == (is_key, name)


@pytest.mark.parametrize(
    ("path", "fact"),
    [
        ("data.total", ("amount", "decimal")),
        ("data.NETWR", ("amount", "decimal")),
        ("data.customerId", ("customer", "text")),
        ("data.promisedDate", ("promised_at", "time")),
        ("data.customerOrder", None),
        ("attributes.server.address", None),
        ("body#1", None),
    ],
)
def test_facts(path: str, fact: tuple[str, str] | None) -> None:
    assert fact_name(path) == fact


def test_identifiers_of_the_catalog() -> None:
    assert slug("POST /orders/4711", (), otherwise="x") == "post-orders-4711"
    assert slug("4711 日本", (), otherwise="x") == "x"
    assert slug("x", {"x", "x-2"}, otherwise="y") == "x-3"
    assert shortest_slug(["crm", "order", "captured"], {"captured"}, otherwise="x") == "order-captured"
