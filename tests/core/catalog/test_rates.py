"""Rates: amounts of several currencies as one, at the rates of a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.catalog.catalog import catalog_from_json, catalog_to_json
from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.rates import Rates
from tests.core.catalog.broken import EXAMPLE

RATES = Rates(currency="EUR", rates={"USD": {date(2026, 1, 1): 0.8, date(2026, 7, 1): 0.9}, "PLN": {date(2026, 3, 1): 0.25}})
MAY, AUGUST = date(2026, 5, 4), date(2026, 8, 1)


@pytest.mark.parametrize(
    ("value", "day", "total"),
    [
        ({}, MAY, (0.0, None)),
        ({"EUR": 100.0}, MAY, (100.0, None)),
        ({"EUR": 100.0, "USD": 50.0}, MAY, (140.0, date(2026, 1, 1))),
        ({"EUR": 100.0, "USD": 50.0}, AUGUST, (145.0, date(2026, 7, 1))),
        ({"USD": 50.0, "PLN": 400.0}, AUGUST, (145.0, date(2026, 3, 1))),
        ({"USD": 50.0}, date(2025, 12, 31), None),
        ({"EUR": 1.0, "GBP": 1.0}, MAY, None),
        ({"EUR": 1.0, "GBP": 0.0}, MAY, (1.0, None)),
        ({"": 5.0}, MAY, None),
    ],
)
def test_amounts_become_one_at_the_rates_of_the_day(value: dict[str, float], day: date, total: tuple[float, date | None] | None) -> None:
    found = RATES.total(value, day)
    assert found == (None if total is None else (pytest.approx(total[0]), total[1]))


def test_of_each_currency_the_latest_rate_of_a_day_holds() -> None:
    assert RATES.on(date(2026, 2, 28)) == {"USD": (0.8, date(2026, 1, 1))}
    assert RATES.on(date(2026, 7, 1)) == {"USD": (0.9, date(2026, 7, 1)), "PLN": (0.25, date(2026, 3, 1))}


def test_rates_are_read_and_reach_the_pages() -> None:
    loaded = load_catalog(EXAMPLE).catalog
    assert loaded.rates == Rates(currency="EUR", rates={"USD": {date(2026, 1, 1): 0.86}})
    assert catalog_from_json(catalog_to_json(loaded)).rates == loaded.rates


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("currency: euro\n", "rates.yaml:1:11:"),
        ("currency: EUR\nrates: {USD: {2026-01-01: 0}}\n", "rates.yaml:2:27:"),
        ("currency: EUR\nrates: {USD: {soon: 0.9}}\n", "rates.yaml:2:"),
        ("rates: {}\n", "rates.yaml:1:1:"),
        ("currency: EUR\nrates: {EUR: {2026-01-01: 1}}\n", "rates.yaml:2:9: EUR is the currency that totals are reported in"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "rates.yaml").write_text(written)
    with pytest.raises(CatalogErrors) as caught:
        load_catalog(tmp_path)
    assert said in str(caught.value)
