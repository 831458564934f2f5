"""Totals of several currencies as one, where the catalog has rates; else apart by currency. Never added without a rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.catalog.catalog import Catalog
from core.money import several, short


def total(catalog: Catalog, value: Mapping[str, float], at: datetime) -> tuple[str, str]:
    """Return a total for people at the rates of a day, and what it is made of; the latter is empty where nothing was converted."""
    rates = catalog.rates
    found = rates.total(value, at.date()) if rates else None
    if rates is None or found is None or found[1] is None:
        return several(value, 2), ""
    whole, since = found
    return short(whole, rates.currency), f"{several(value)} at rates of {since:%d %b %Y}"


def worth(catalog: Catalog, value: Mapping[str, float], at: datetime) -> float:
    """Return by how much an amount comes before others in a list: its total, or the largest in one currency where there is no rate."""
    found = catalog.rates.total(value, at.date()) if catalog.rates else None
    return found[0] if found else max(value.values(), default=0.0)


def stated(catalog: Catalog, values: Iterable[Mapping[str, float]], at: datetime) -> str:
    """Return the sentence that says how the amounts of a page are told; empty if all are in one currency that needs no rate."""
    rates, all_ = catalog.rates, list(values)
    used = sorted({currency for value in all_ for currency, amount in value.items() if amount})
    if rates is None:
        return "Money is apart by currency: the catalog has no rates." if len(used) > 1 else ""
    lacking = [one for one in used if rates.total({one: 1.0}, at.date()) is None]
    if lacking:
        return f"Money is apart by currency where {', '.join(lacking)} is in it: the catalog has no rate for {at:%d %b %Y}."
    found = rates.total(dict.fromkeys(used, 1.0), at.date())
    return f"Money is in {rates.currency} at the catalog's rates of {found[1]:%d %b %Y}." if found and found[1] else ""
