"""Facts of a transaction in words: as they were sent, and told where they cannot be used."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.flow import Flow
from dashboard.components.facts import faults, number, shown
from dashboard.components.time_format import Zone

FLOW = Flow.model_validate(
    {
        "flow": "orders", "title": "Orders", "owner": "team", "keys": {"order": {}}, "ends": ["done"],
        "milestones": {"done": {"system": "S", "match": {"event": "x"}, "keys": {"order": "data.order"}}},
        "facts": {
            "amount": {"title": "Order value", "type": "decimal", "currency": "currency"}, "pieces": {"type": "integer"},
            "promised_at": {"title": "Promised for", "type": "time"}, "customer": {},
        },
    }
)  # fmt: skip
BERLIN = Zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12", 12.0),
        (" 1e3", 1000.0),
        ("-0.5", -0.5),
        ("abc", None),
        ("", None),
        ("1,000", None),
        ("NaN", None),
        ("inf", None),
        ("1e999", None),
        ("0x10", None),
    ],
)
def test_a_number_is_what_the_clocks_take_for_one(text: str, found: float | None) -> None:
    assert number(text) == found


def test_a_currency_is_shown_with_its_amount_and_not_again() -> None:
    assert shown(FLOW, {"amount": "1200.5", "currency": "EUR", "customer": "ACME"}, BERLIN) == [
        ("Order value", "€1,200"),
        ("Customer", "ACME"),
    ]


def test_an_amount_that_is_no_number_stays_as_it_was_sent_and_so_does_its_currency() -> None:
    assert shown(FLOW, {"amount": "much", "currency": "EUR"}, BERLIN) == [("Order value", "much"), ("Currency", "EUR")]


def test_facts_that_no_flow_knows_are_shown_by_their_name() -> None:
    assert shown(None, {"ship_to": "Hamburg", "promised_at": "2026-03-27T10:00:00Z"}, BERLIN) == [
        ("Ship to", "Hamburg"),
        ("Promised at", "2026-03-27T10:00:00Z"),
    ]


def test_a_time_is_shown_in_the_viewers_zone() -> None:
    assert shown(FLOW, {"promised_at": "2026-03-27T10:00:00Z"}, BERLIN) == [("Promised for", "27 Mar 11:00")]
    assert shown(FLOW, {"promised_at": " 2026-03-27T10:00:00+05:30 "}, BERLIN) == [("Promised for", "27 Mar 05:30")]


@pytest.mark.parametrize("text", ["soon", "", "now", "12", "2026-13-01", "2026-03-27T10:00:00+25:00", "1 Jan", "0001-01-01T00:00:00Z"])
def test_what_is_no_time_is_shown_as_it_was_sent(text: str) -> None:
    assert shown(FLOW, {"promised_at": text}, Zone("America/New_York")) == [("Promised for", text)]


@pytest.mark.parametrize("text", ["2026-03-27", "20260327", "2026-03-27T16:00:00"])
def test_local_time_is_shown_as_it_was_sent(text: str) -> None:
    """Whose local time it is only the calendar of a clock says."""
    assert shown(FLOW, {"promised_at": text}, BERLIN) == [("Promised for", text)]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["amount", "currency", "pieces", "promised_at", "customer", "other"]), st.text(max_size=12)))
def test_no_text_of_a_sender_stops_a_page(facts: dict[str, str]) -> None:
    titles = [title for title, _ in shown(FLOW, facts, BERLIN)]
    assert len(titles) >= len(facts) - 1
    faults(FLOW, facts)


def test_what_cannot_be_used_is_told_with_what_was_sent() -> None:
    assert faults(FLOW, {"amount": "1200", "currency": "EUR", "pieces": "3"}) == []
    assert faults(FLOW, {}) == faults(FLOW, {"amount": ""}) == faults(None, {"amount": "abc"}) == []
    (one, other) = faults(FLOW, {"amount": "abc", "pieces": "three"})
    assert one.startswith("Order value is 'abc', which is not a number.")
    assert other.startswith("Pieces is 'three'")
    (late,) = faults(FLOW, {"promised_at": "27.03.26"})
    assert late == "Promised for is '27.03.26', which is not a time: promises by it have no due time. Say its format in the catalog."
    assert faults(FLOW, {"promised_at": "20260327145000"}) == []
    (lacking,) = faults(FLOW, {"amount": "12"})
    assert lacking.startswith("Order value (12) has no currency because the fact currency is missing.")
