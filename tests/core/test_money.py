"""Amounts as people read them; different currencies are never added."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money


def test_money_is_never_added_across_currencies() -> None:
    assert money.several({"EUR": 1_240_000.0, "USD": 900.0}) == "€1.24M + $900"
    assert money.several({"EUR": 900.0, "USD": 1_240_000.0}) == "€900 + $1.24M", "a currency keeps its place"
    assert money.several({}) == "–"
    assert money.several({"EUR": 3.0, "USD": 2.0, "PLN": 1.0}, 2) == "€3 + $2 + 1 more"
    assert money.amount(681.5, "USD") == "$681.50"
    assert money.amount(12_400.4, "XAU") == "XAU 12,400"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (12, "EUR", "€12"), (12.5, "EUR", "€12.50"), (999.99, "USD", "$999.99"), (1000.4, "USD", "$1,000"), (12.5, "JPY", "¥12"), (-3.25, "GBP", "£-3.25"),
        (5, "", "5"), (5, "XAU", "XAU 5"), (0, "EUR", "€0"),
    ],
)  # fmt: skip
def test_an_amount_has_cents_where_they_matter(value: float, currency: str, text: str) -> None:
    assert money.amount(value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "€0"), (0.4, "€0"), (999, "€999"), (999.4, "€999"), (999.6, "€1.00k"), (1000, "€1.00k"), (9_996, "€10.0k"), (12_345, "€12.3k"), (99_960, "€100k"),
        (999_499, "€999k"), (999_500, "€1.00M"), (1_240_000, "€1.24M"), (2.5e9, "€2.50B"), (-1_500, "€-1.50k"),
    ],
)  # fmt: skip
def test_a_short_amount_has_three_digits_also_where_it_is_rounded_up(value: float, text: str) -> None:
    assert money.short(value, "EUR") == text


@given(st.floats(1, 1e11))
def test_a_short_amount_is_within_half_a_per_cent(value: float) -> None:
    text = money.short(value, "")
    units = {"B": 1e9, "M": 1e6, "k": 1e3}
    said = float(text.rstrip("BMk")) * units.get(text[-1], 1)
    assert math.isclose(said, value, rel_tol=0.0051) or abs(said - value) <= 0.5


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [(None, "EUR", ""), (float("nan"), "EUR", ""), (0, "", ""), (0, "EUR", "€0"), (5, "", "5"), (5, "EUR", "€5")],
)
def test_a_cell_is_empty_where_there_is_no_amount(value: float | None, currency: str, text: str) -> None:
    assert money.cell(value, currency) == text


def test_counts_are_grouped() -> None:
    assert [money.count(number) for number in (0, 999, 12345, 1e6)] == ["0", "999", "12,345", "1,000,000"]
