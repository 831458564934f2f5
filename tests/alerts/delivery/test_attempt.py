"""One attempt: what comes of it, whatever the notifier does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.delivery.attempt import AttemptResult, Outcome, attempt, attempt_row
from alerts.notifier import Attempt
from core.catalog.routing import Channel
from core.errors import Full, NoRoom, Permanent, Retryable, UsageError
from core.incident import Message
from tests.alerts.delivery.deliveries import channel, delivery
from tests.alerts.messages import NOW

ACCEPTED = Attempt("202 Accepted")


class Scripted:
    """A notifier that does what it is told."""

    name = "desk"

    def __init__(self, error: Exception | None = None, answer: Attempt = ACCEPTED) -> None:
        self.error = error
        self.answer = answer
        self.given: list[tuple[str, dict[str, Any]]] = []

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        self.given.append((message.delivery_id, settings))
        if self.error:
            raise self.error
        return self.answer


def test_what_is_accepted_is_sent_once_with_the_settings_of_its_channel():
    notifier = Scripted()

    assert attempt(delivery("dlv_7"), channel("mail"), {"desk": notifier}) == AttemptResult(Outcome.SENT, "202 Accepted")
    assert notifier.given == [("dlv_7", {"channel": "mail"})]


def test_what_was_taken_for_some_only_is_sent_and_says_so():
    notifier = Scripted(answer=Attempt("refused for b@example.com", missed=True))

    assert attempt(delivery(), channel(), {"desk": notifier}) == AttemptResult(Outcome.SENT, "refused for b@example.com", missed=True)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Retryable("refused"), AttemptResult(Outcome.RETRY, "refused")),
        (NoRoom("no room"), AttemptResult(Outcome.RETRY, "no room")),
        (Full("slow down", 30), AttemptResult(Outcome.RETRY, "slow down", timedelta(seconds=30))),
        (Permanent("404"), AttemptResult(Outcome.FAILED, "404")),
        (UsageError("not an address"), AttemptResult(Outcome.FAILED, "not an address")),
    ],
)
def test_what_the_notifier_raises_says_whether_it_may_help_to_try_again(error: Exception, result: AttemptResult):
    assert attempt(delivery(), channel(), {"desk": Scripted(error)}) == result


def test_a_defect_of_a_notifier_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture):
    assert attempt(delivery(), channel(), {"desk": Scripted(KeyError("id"))}) == AttemptResult(Outcome.RETRY, "KeyError: 'id'")
    assert [record.getMessage() for record in caplog.records] == ["a notifier failed unexpectedly"]


@pytest.mark.parametrize("gone", [None, Channel(type="fax")])
def test_what_the_catalog_does_not_know_any_more_fails_for_good(gone: Channel | None):
    result = attempt(delivery(channel="pager"), gone, {"desk": Scripted()})

    assert result == AttemptResult(Outcome.FAILED, "channel 'pager' is no longer in the catalog")


def test_the_row_of_an_attempt_says_which_one_it_was_and_bounds_what_the_receiver_said():
    tried = replace(delivery("dlv_7"), attempts=3)

    assert attempt_row(tried, AttemptResult(Outcome.RETRY, "x" * 5000), NOW).to_dict("records") == [
        {
            "delivery_id": "dlv_7",
            "attempt": 3,
            "incident_id": "i1",
            "channel": "mail",
            "attempted_at": NOW,
            "outcome": "retry",
            "detail": "x" * 1000,
        }
    ]
