"""What every noun of a catalog shares: ids, readable names, a hash that follows the content, and that nothing changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.catalog.definition import Definition, Identifier, definition_hash, readable
from core.catalog.flow import Flow
from core.catalog.load import load_catalog
from core.catalog.sla import Penalty
from tests.core.catalog.broken import EXAMPLE

IDS = TypeAdapter(Identifier)


def test_definitions_never_change():
    flow = load_catalog(EXAMPLE).catalog.flows["order-to-cash"]

    with pytest.raises(ValidationError):
        flow.title = "other"  # type: ignore[misc]  # that it cannot be is what is tested
    assert isinstance(flow, Flow)


@pytest.mark.parametrize("text", ["a", "order-to-cash", "sap_ecc.v2", "a1", "a" * 64])
def test_what_is_an_id(text: str) -> None:
    assert IDS.validate_python(text) == text


@pytest.mark.parametrize("text", ["", "A", "1a", "-a", "a-", "a--b", "a b", "a\n", "é", "a/b", "../a", "a" * 65])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValidationError):
        IDS.validate_python(text)


@pytest.mark.parametrize(("identifier", "text"), [("order-to-cash", "Order to cash"), ("sales_order", "Sales order"), ("erp", "Erp")])
def test_what_people_read_of_an_id(identifier: str, text: str) -> None:
    assert readable(identifier) == text


@given(st.lists(st.text("ab\0", max_size=3), max_size=3), st.lists(st.text("ab\0", max_size=3), max_size=3))
def test_a_hash_is_a_positive_number_of_63_bits_that_follows_the_texts(one: list[str], other: list[str]) -> None:
    first, second = definition_hash(*one), definition_hash(*other)
    assert 2 <= first < 1 << 63
    assert (first == second) is ("\0".join(one) == "\0".join(other))


def test_a_hash_is_the_same_in_every_process() -> None:
    assert definition_hash("a", "b") == definition_hash("a\0b") == 3_231_676_703_916_841_195


def test_an_unknown_key_is_an_error_and_an_alias_may_be_written_as_the_attribute() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Definition.model_validate({"unknown": 1})
    assert Penalty(per_day="2%", of="amount") == Penalty.model_validate({"per_day": "2%", "of": "amount"})
