"""Titles of incidents: what happened, in the flow's own words."""

from __future__ import annotations

import pytest

from alerts.render import title_of
from core.catalog.catalog import Catalog


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        ("overdue", "orders: booked is running late"),
        ("source-silent:erp", "orders: booked unknown, erp is silent"),
        ("fact-missing:promised_at", "orders: booked unknown, the fact promised_at is missing"),
        ("calendar:office", "orders: booked unknown, the calendar office gives no due time"),
        ("CUSTOMER_BLOCKED", "orders: booked failed, CUSTOMER_BLOCKED"),
    ],
)
def test_a_title_says_the_real_reason(cause: str, title: str) -> None:
    assert title_of(Catalog(), "orders", "booked", cause) == title
