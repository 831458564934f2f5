"""Rates: the currency in which totals are reported, and what others are worth in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field

from core.catalog.definition import Definition

Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Rates(Definition):
    """``rates.yaml``: in which currency totals are reported, so that amounts of several currencies become one.

    ``currency``: the code of that currency (``EUR``). ``rates``: for each other currency what one unit of it is worth, from a day on
    (``{USD: {2026-01-01: 0.86}}``). The board takes the rates of today, figures of a period those of its last day. Without the file, or
    while a currency has no rate yet, totals stay apart by currency. Single transactions and incidents always keep their own.
    """

    currency: Code
    rates: dict[Code, dict[date, Rate]] = Field(default_factory=dict)

    def total(self, value: Mapping[str, float], day: date) -> tuple[float, date | None] | None:
        """Return the sum of amounts by currency at the rates of ``day``, and since when the oldest of these holds (None: none was needed).

        None: a currency has no rate on that day.
        """
        known, whole, since = self.on(day), 0.0, None
        for currency, amount in value.items():
            if not amount or currency == self.currency:
                whole += amount
            elif currency not in known:
                return None
            else:
                rate, dated = known[currency]
                whole += amount * rate
                since = min(dated, since or dated)
        return whole, since

    def on(self, day: date) -> dict[str, tuple[float, date]]:
        """Return what one unit of each other currency is worth on a day, and since when; currencies without a rate by then are left out."""
        latest = {currency: max((from_ for from_ in dated if from_ <= day), default=None) for currency, dated in self.rates.items()}
        return {currency: (self.rates[currency][from_], from_) for currency, from_ in latest.items() if from_}
