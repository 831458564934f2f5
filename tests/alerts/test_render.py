"""Titles of incidents: what happened, in the flow's own words."""

from __future__ import annotations

import pytest

from alerts.render import title_of
from core.catalog.catalog import Catalog


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        ("overdue", "Spare parts › Booked in erp: behind schedule"),
        ("source-silent:erp", "Spare parts › Booked in erp: unknown, erp is silent"),
        ("fact-missing:promised_at", "Spare parts › Booked in erp: unknown, the fact promised_at is missing"),
        ("calendar:office", "Spare parts › Booked in erp: unknown, the calendar office gives no due time"),
        ("CUSTOMER_BLOCKED", "Spare parts › Booked in erp: failed, CUSTOMER_BLOCKED"),
    ],
)
def test_a_title_says_the_real_reason(cause: str, title: str) -> None:
    assert title_of(Catalog(), "spare-parts", "booked_in-erp", cause) == title
