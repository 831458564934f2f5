"""Totals in one currency where the catalog has rates, and apart where it has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.catalog.catalog import Catalog
from core.catalog.rates import Rates
from dashboard.components import reported
from tests.dashboard.synthetic import NOW

RATES = Rates(currency="EUR", rates={"USD": {date(2026, 1, 1): 0.8}})


@pytest.mark.parametrize(
    ("rates", "value", "told"),
    [
        (RATES, {"EUR": 100_000.0, "USD": 50_000.0}, ("€140k", "€100k + $50.0k at rates of 01 Jan 2026")),
        (RATES, {"USD": 50_000.0}, ("€40.0k", "$50.0k at rates of 01 Jan 2026")),
        (RATES, {"EUR": 100_000.0}, ("€100k", "")),
        (RATES, {"EUR": 1.0, "GBP": 2.0}, ("€1 + £2", "")),
        (RATES, {}, ("–", "")),
        (None, {"EUR": 1.0, "USD": 2.0}, ("€1 + $2", "")),
    ],
)
def test_a_total_is_one_amount_where_every_currency_has_a_rate(rates: Rates | None, value: dict[str, float], told: tuple[str, str]) -> None:
    assert reported.total(replace(Catalog(), rates=rates), value, NOW) == told


@pytest.mark.parametrize(
    ("rates", "values", "told"),
    [
        (RATES, [{"EUR": 5.0}, {"USD": 1.0}], "Money is in EUR at the catalog's rates of 01 Jan 2026."),
        (RATES, [{"EUR": 5.0}], ""),
        (RATES, [{"EUR": 5.0, "PLN": 1.0}], "Money is apart by currency where PLN is in it: the catalog has no rate for {day}."),
        (None, [{"EUR": 5.0}, {"USD": 1.0}], "Money is apart by currency: the catalog has no rates."),
        (None, [{"EUR": 5.0}, {"USD": 0.0}], ""),
    ],
)
def test_a_page_says_how_its_money_is_told(rates: Rates | None, values: list[dict[str, float]], told: str) -> None:
    assert reported.stated(replace(Catalog(), rates=rates), values, NOW) == told.format(day=f"{NOW:%d %b %Y}")


def test_amounts_are_compared_in_one_currency_where_there_are_rates() -> None:
    known = replace(Catalog(), rates=RATES)
    assert reported.worth(known, {"USD": 10.0, "EUR": 1.0}, NOW) == 9.0
    assert reported.worth(known, {"PLN": 10.0, "EUR": 1.0}, NOW) == reported.worth(Catalog(), {"PLN": 10.0, "EUR": 1.0}, NOW) == 10.0
    assert reported.worth(known, {}, NOW) == 0.0
