"""Totals of several currencies as one, where the catalog has rates; else apart by currency. Never added without a rate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.catalog.catalog import Catalog
from core.money import several, short


def total(catalog: Catalog, value: Mapping[str, float], now: datetime) -> tuple[str, str]:
    """Return a total for people, and what it is made of and at which rates; the latter is empty where nothing was converted."""
    rates = catalog.rates
    found = rates.total(value, now.date()) if rates else None
    if rates is None or found is None or found[1] is None:
        return several(value, 2), ""
    whole, since = found
    return short(whole, rates.currency), f"{several(value)} at rates of {since:%d %b %Y}"
