"""Steps of runbooks: one thing each; what is filled into an address stays a part of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.catalog.runbook import KINDS, Step, filled


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_of_the_kind_that_it_has(kind: str) -> None:
    assert Step.model_validate({"step": "a", "title": "A", kind: "x"}).kind == kind


@pytest.mark.parametrize("given", [{}, {"ask": "x", "query": "SELECT 1"}])
def test_a_step_does_exactly_one_thing(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="write exactly one of ask, link, http, query"):
        Step.model_validate({"step": "a", "title": "A", **given})


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ({"sales_order": "4711"}, "https://crm/orders/4711?of=4711"),
        ({"sales_order": "../a b&c=1#/"}, "https://crm/orders/..%2Fa%20b%26c%3D1%23%2F?of=..%2Fa%20b%26c%3D1%23%2F"),
        ({}, "https://crm/orders/?of="),
    ],
)
def test_what_is_filled_in_stays_a_part_of_the_address(values: dict[str, str], address: str) -> None:
    assert filled("https://crm/orders/{sales_order}?of={sales_order}", values) == address
