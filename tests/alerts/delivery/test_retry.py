"""When a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.delivery.attempt import AttemptResult, Outcome
from alerts.delivery.retry import LONGEST_PAUSE_SECONDS, after_attempt, failed_for_good, gives_up, pause_after
from tests.alerts.delivery.deliveries import HOUR, SECOND, delivery
from tests.alerts.messages import NOW

DAY = timedelta(days=1)
BUSY = AttemptResult(Outcome.RETRY, "busy")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (9, 256), (10, 300), (40, 300), (10_000, 300)])
def test_pauses_double_from_a_second_to_five_minutes(attempts: int, seconds: float):
    pauses = [pause_after(f"dlv_{number}", attempts).total_seconds() for number in range(50)]

    assert min(pauses) >= 0.75 * seconds
    assert max(pauses) <= min(LONGEST_PAUSE_SECONDS, 1.25 * seconds)


def test_deliveries_that_failed_together_are_not_tried_together_and_each_has_its_own_pause():
    pauses = {pause_after(f"dlv_{number}", 4) for number in range(50)}

    assert len(pauses) > 20
    assert pause_after("dlv_1", 4) == pause_after("dlv_1", 4)


@pytest.mark.parametrize(
    ("severity", "age", "given_up"),
    [("critical", 400 * DAY, False), ("warning", DAY - SECOND, False), ("warning", DAY, True), ("info", DAY, True)],
)
def test_what_is_not_critical_is_given_up_after_a_day(severity: str, age: timedelta, given_up: bool):
    late = delivery(severity=severity)

    assert gives_up(late, NOW + age) is given_up
    result = failed_for_good(late, BUSY, NOW + age)
    assert result == (AttemptResult(Outcome.FAILED, "given up after a day: busy") if given_up else BUSY)


@pytest.mark.parametrize("result", [AttemptResult(Outcome.SENT, "202"), AttemptResult(Outcome.FAILED, "no such key")])
def test_what_is_decided_stays_so_however_late_it_is(result: AttemptResult):
    assert failed_for_good(delivery(severity="info"), result, NOW + 9 * DAY) is result


@pytest.mark.parametrize(
    ("outcome", "latest", "state", "error"),
    [
        (Outcome.SENT, True, "sent", ""),
        (Outcome.SENT, False, "sent", ""),
        (Outcome.FAILED, True, "failed", "said"),
        (Outcome.FAILED, False, "failed", "said"),
        (Outcome.RETRY, True, "pending", "said"),
        (Outcome.RETRY, False, "superseded", "said"),
    ],
)
def test_the_state_after_an_attempt(outcome: Outcome, latest: bool, state: str, error: str):
    before = delivery(attempts=2, error="an earlier one")
    done = after_attempt(before, AttemptResult(outcome, "said"), NOW + HOUR, latest=latest)

    assert (done.state, done.attempts, done.error) == (state, 3, error)
    assert done.finished_at == (None if state == "pending" else NOW + HOUR)
    assert replace(done, state="pending", attempts=2, error=before.error, finished_at=None, next_attempt_at=NOW) == before


def test_the_longer_of_our_pause_and_that_of_the_receiver_counts():
    def pause(retry_after: float) -> timedelta:
        result = AttemptResult(Outcome.RETRY, "busy", timedelta(seconds=retry_after))
        return after_attempt(delivery("dlv_1"), result, NOW, latest=True).next_attempt_at - NOW

    assert pause(0) == pause(0.1) == pause_after("dlv_1", 1)
    assert pause(900) == timedelta(seconds=900)
