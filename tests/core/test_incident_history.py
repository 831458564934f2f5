"""What happened to an incident, in words."""

from __future__ import annotations

import pytest

from alerts.delivery.delivery import DeliveryState
from core.incident import Reason
from core.incident_history import LEFT, STATES, TOLD, in_words
from core.verdict import Verdict


@pytest.mark.parametrize(
    ("kind", "what", "number", "said"),
    [
        ("joined", "", 1, "1 transaction affected"),
        ("late", "", 12, "12 transactions late"),
        ("left", "met_late", 2, "2 transactions left: reached late"),
        ("left", "never heard of", 2, "2 transactions left: never heard of"),
        ("resolved", "", 20, "resolved; 20 transactions affected in total"),
        ("notified", "opened sent", 1, "was told that it opened"),
        ("notified", "grown pending", 2, "are still to be told that it has grown"),
        ("notified", "resolved failed", 1, "could not be told that it is resolved"),
        ("notified", "opened missed", 1, "was told that it opened, but not all whom it names"),
        ("notified", "worsened superseded", 2, "were to be told that it is worse, but a newer message took its place"),
        ("notified", "never heard", 1, "was told never, heard"),
        ("note", "the broker's disk was full", 0, "note: the broker's disk was full"),
        ("unacknowledge", "", 0, "unacknowledge"),
    ],
)
def test_every_line_is_a_sentence(kind: str, what: str, number: int, said: str) -> None:
    assert in_words(kind, what, number) == said


def test_every_reason_and_state_of_a_message_has_its_words() -> None:
    assert set(TOLD) == set(Reason)
    assert set(STATES) == {*DeliveryState, "missed"}


def test_every_reason_to_leave_an_incident_has_its_words() -> None:
    assert set(LEFT) >= {str(verdict) for verdict in Verdict} | {"failed", "open", "completed"}
