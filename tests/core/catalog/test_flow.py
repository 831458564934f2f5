"""Flows: how a name is matched, and what a flow must have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.catalog.flow import Flow, Match, is_named

MILESTONE = {"system": "CRM", "match": {"event": "order.placed"}, "keys": {"order": "data.id"}}
FLOW = {
    "flow": "orders",
    "title": "Orders",
    "owner": "desk",
    "keys": {"order": {}},
    "milestones": {"placed": MILESTONE},
    "ends": ["placed"],
}


@pytest.mark.parametrize(
    ("text", "names", "is_one"),
    [
        ("order.placed", ["order.placed"], True),
        ("order.placed", ["order.paid", "order.placed"], True),
        ("order.placed", ["order.*"], True),
        ("order.", ["order.*"], True),
        ("anything", ["*"], True),
        ("", ["*"], True),
        ("order", ["order.*"], False),
        ("Order.placed", ["order.*"], False),
        ("order.placed.eu", ["order.placed"], False),
        ("order.placed", ["*.placed"], False),
        ("a*", ["a**"], True),
        ("ab", ["a**"], False),
        ("order.placed", [], False),
    ],
)
def test_a_name_is_itself_or_begins_as_one_that_ends_in_an_asterisk(text: str, names: list[str], is_one: bool) -> None:
    assert is_named(text, names) is is_one


@given(st.text(), st.text())
def test_a_prefix_names_all_that_begins_with_it(begin: str, rest: str) -> None:
    assert is_named(begin + rest, [begin + "*"])
    assert is_named(begin, [begin])


@pytest.mark.parametrize("without", FLOW)
def test_a_flow_lacks_none_of_its_parts(without: str) -> None:
    Flow.model_validate(FLOW)
    for changed in ({key: value for key, value in FLOW.items() if key != without}, {**FLOW, without: type(FLOW[without])()}):
        if without in {"title", "owner"} and without in changed:
            continue  # an empty text is for the cross-checks
        with pytest.raises(ValidationError):
            Flow.model_validate(changed)


@pytest.mark.parametrize(
    "match", [{"status": "failed"}, {"status": ["ok", "failed"]}, {"event": 7}, {"attributes": {"a": 7}}, {"name": "x"}]
)
def test_a_condition_that_a_match_does_not_know_is_refused(match: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate(match)


def test_an_attribute_is_compared_or_only_there_or_not_there() -> None:
    attributes = {"a": "x", "b": ["x", "y"], "c": True, "d": False}
    assert Match(attributes=attributes).attributes == attributes


@pytest.mark.parametrize(
    ("facts", "parties"),
    [
        ({}, {}),
        ({"customer": {}, "plant": {}}, {"customer": "customer"}),
        ({"vendor": {"party": "supplier"}, "carrier": {}}, {"supplier": "vendor", "carrier": "carrier"}),
        ({"customer": {}, "sold_to": {"party": "customer"}}, {"customer": "sold_to"}),
        ({"customer": {"party": "supplier"}}, {"supplier": "customer"}),
    ],
)
def test_a_role_is_declared_by_a_fact_or_has_its_name(facts: dict[str, Any], parties: dict[str, str]) -> None:
    assert Flow.model_validate({**FLOW, "facts": facts}).parties() == parties
