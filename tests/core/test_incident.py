"""What an incident says to people: how to reach the owner, and a cause in words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.incident import FAILED, OVERDUE, Contact, cause_text


@pytest.mark.parametrize(
    ("contact", "text"),
    [
        (Contact(), ""),
        (Contact(email="desk@example.com"), "desk@example.com"),
        (Contact(phone="+49 89 1234", chat="#orders"), "+49 89 1234, #orders"),
        (Contact(members=["Ana", "Ben"]), "(Ana, Ben)"),
        (
            Contact(email="desk@example.com", phone="+49 89 1234", chat="#orders", members=["Ana", "Ben"]),
            "desk@example.com, +49 89 1234, #orders (Ana, Ben)",
        ),
    ],
)
def test_a_contact_names_the_ways_that_there_are(contact: Contact, text: str) -> None:
    assert str(contact) == text


def test_what_was_told_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Contact().email = "other@example.com"  # type: ignore[misc] # that it cannot be set is what is tested


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (OVERDUE, "takes too long"),
        ("source-silent:erp", "erp is silent"),
        ("fact-missing:promised_at", "the fact promised_at is missing"),
        ("calendar:plant", "the calendar plant gives no due time"),
        ("fact-missing:a:b", "the fact a:b is missing"),
        ("fact-missing:{0.__class__}", "the fact {0.__class__} is missing"),
        ("SAP_POSTING_BLOCKED", "SAP_POSTING_BLOCKED"),
        ("HTTP: 503", "HTTP: 503"),
        ("{}", "{}"),
        (FAILED, "failed"),
        ("", ""),
    ],
)
def test_a_cause_in_words(cause: str, text: str) -> None:
    assert cause_text(cause) == text
