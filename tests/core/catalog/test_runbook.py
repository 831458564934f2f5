"""Steps of runbooks: one thing each; what is filled into an address stays a part of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.catalog.runbook import CHANGING, KINDS, Step, filled, filled_in, placeholders


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_of_the_kind_that_it_has(kind: str) -> None:
    step = Step.model_validate({"step": "a", "title": "A", kind: "x"})
    assert (step.kind, step.changes) == (kind, kind in CHANGING)


@pytest.mark.parametrize(
    ("given", "filled_in"),
    [
        ({"http": "http://broker/health"}, False), ({"http": "http://tms/{shipment}"}, True), ({"ask": "{sales_order}?"}, False),
        ({"query": "SELECT {reference:String}"}, True), ({"post": "http://m/", "body": {"of": ["{sales_order}"]}}, True), ({"resubmit": "erp"}, False),
    ],
)  # fmt: skip
def test_a_transaction_is_chosen_for_a_step_that_something_of_it_is_filled_into(given: dict[str, object], filled_in: bool) -> None:
    assert Step.model_validate({"step": "a", "title": "A", **given}).of_transaction is filled_in


@pytest.mark.parametrize("given", [{}, {"ask": "x", "query": "SELECT 1"}])
def test_a_step_does_exactly_one_thing(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="write exactly one of ask, link, http, query, resubmit, post, put"):
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


@pytest.mark.parametrize("given", [{"body": {"a": 1}}, {"token": "env:A"}, {"reason": True}])
def test_only_a_step_that_changes_something_has_a_body_a_token_or_a_reason(given: dict[str, object]) -> None:
    Step.model_validate({"step": "a", "title": "A", "put": "http://x/", **given})
    with pytest.raises(ValidationError, match="belong to a step that changes something"):
        Step.model_validate({"step": "a", "title": "A", "http": "http://x/", **given})


def test_the_texts_of_a_body_are_filled_in_at_any_depth_and_nothing_else_changes() -> None:
    body = {"order": "{sales_order}", "lines": [{"of": "order {sales_order} of {customer}"}, 7, None, True]}
    assert placeholders(body) == ["sales_order", "sales_order", "customer"]
    filled_body = {"order": '47"11', "lines": [{"of": 'order 47"11 of '}, 7, None, True]}
    assert filled_in(body, {"sales_order": '47"11'}) == filled_body
