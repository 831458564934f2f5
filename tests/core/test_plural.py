"""Counts in words."""

from __future__ import annotations

import pytest

from core.plural import counted


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("flow",), "0 flows"),
        (1, ("flow",), "1 flow"),
        (2, ("flow",), "2 flows"),
        (-1, ("hour",), "-1 hours"),
        (12_345, ("record",), "12,345 records"),
        (1, ("delivery", "deliveries"), "1 delivery"),
        (1_000, ("delivery",), "1,000 deliveries"),
        (2, ("working day",), "2 working days"),
        (2, ("process", "processes"), "2 processes"),
    ],
)
def test_one_is_singular_and_thousands_have_a_comma(number: int, words: tuple[str, ...], text: str) -> None:
    assert counted(number, *words) == text
