"""What an incident says to people: how to reach the owner, and a cause in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.incident import FAILED, OVERDUE, Contact, IncidentStatus, cause_text, current_status, size_of
from tests.alerts.messages import NOW, message


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
        ("source-paused:erp", "erp is paused"),
        ("fact-missing:promised_at", "the fact promised_at is missing"),
        ("calendar:plant", "the calendar plant gives no due time"),
        ("fact-missing:a:b", "the fact a:b is missing"),
        ("fact-missing:{0.__class__}", "the fact {0.__class__} is missing"),
        ("queue-stopped:broker/orders.inbound", "orders.inbound stands still"),
        ("queue-growing:broker/a/b", "a/b fills faster than it is read"),
        ("dead-letters:{0.__class__}", "{0.__class__} dead-letters messages"),
        ("SAP_POSTING_BLOCKED", "SAP_POSTING_BLOCKED"),
        ("HTTP: 503", "HTTP: 503"),
        ("{}", "{}"),
        (FAILED, "failed"),
        ("", ""),
    ],
)
def test_a_cause_in_words(cause: str, text: str) -> None:
    assert cause_text(cause) == text


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (OVERDUE, "takes too long"),
        ("source-silent:erp", "erp was silent"),
        ("source-paused:erp", "erp was paused"),
        ("fact-missing:{0.__class__}", "the fact {0.__class__} was missing"),
        ("calendar:plant", "the calendar plant gave no due time"),
        ("queue-stopped:broker/orders.inbound", "orders.inbound stood still"),
        ("queue-growing:broker/a/b", "a/b filled faster than it was read"),
        ("dead-letters:q", "q dead-lettered messages"),
        ("SAP_POSTING_BLOCKED", "SAP_POSTING_BLOCKED"),
    ],
)
def test_a_cause_that_is_over_is_told_as_what_was(cause: str, text: str) -> None:
    assert cause_text(cause, over=True) == text


@pytest.mark.parametrize(
    ("status", "seconds", "now"),
    [
        ("acknowledged", 1, "acknowledged"),
        ("acknowledged", None, "acknowledged"),
        ("acknowledged", 0, "open"),
        ("resolved", -1, "resolved"),
        ("open", -1, "open"),
    ],
)
def test_an_acknowledgement_that_has_run_out_is_over_before_the_engine_says_so(status: str, seconds: int | None, now: str) -> None:
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert current_status(status, until, NOW) == now


@pytest.mark.parametrize(
    ("status", "assignee", "by", "said"),
    [
        ("acknowledged", "", "Ana", "Ana"),
        ("acknowledged", "Ben", "Ana", "Ben"),
        ("open", "Ben", "Ana", "Ben"),
        ("open", "", "Ana", "nobody since the acknowledgement by Ana ended"),
        ("open", "", "", ""),
    ],
)
def test_a_message_says_who_works_on_it_and_not_who_did(status: str, assignee: str, by: str, said: str) -> None:
    assert message(status=IncidentStatus(status), assignee=assignee, acknowledged_by=by).handled_by == said


def test_what_is_resolved_is_as_large_as_it_was_at_its_worst() -> None:
    names = ("members", "breached", "value", "penalty")
    row = {**dict.fromkeys(names, "now"), **{f"peak_{name}": "worst" for name in names}}
    assert set(size_of({**row, "status": "open"}).values()) == {"now"}
    assert set(size_of({**row, "status": "resolved"}).values()) == {"worst"}
