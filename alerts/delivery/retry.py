"""When a failed delivery is retried, and when it is given up. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.delivery.attempt import AttemptResult, Outcome
from alerts.delivery.delivery import Delivery, DeliveryState
from core.catalog.definition import Severity

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
GIVES_UP_AFTER = timedelta(hours=24)


def pause_after(delivery_id: str, attempts: int) -> timedelta:
    """Return the pause after this many failures.

    1 s doubling to 5 min, times a random factor from 0.75 to 1.25 that spreads deliveries out.
    """
    digest = hashlib.sha256(f"{delivery_id}\x1f{attempts}".encode()).digest()
    share = 0.75 + digest[0] / 255 / 2
    base = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=min(LONGEST_PAUSE_SECONDS, base * share))


def gives_up(delivery: Delivery, now: datetime) -> bool:
    """Critical messages are retried for ever, including resolves; others for a day."""
    return delivery.severity != Severity.CRITICAL.value and now - delivery.created_at >= GIVES_UP_AFTER


def failed_for_good(delivery: Delivery, result: AttemptResult, now: datetime) -> AttemptResult:
    """Return the result, as a failure if it would be retried but its time is over."""
    if result.outcome is Outcome.RETRY and gives_up(delivery, now):
        return AttemptResult(Outcome.FAILED, f"given up after a day: {result.detail}")
    return result


def after_attempt(delivery: Delivery, result: AttemptResult, now: datetime, *, latest: bool) -> Delivery:
    """Return the delivery as it is after an attempt.

    ``latest``: nothing newer was said to its channel about its incident; otherwise there is no point in retrying.
    """
    well = result.outcome is Outcome.SENT and not result.missed
    tried = replace(delivery, attempts=delivery.attempts + 1, error="" if well else result.detail)
    if result.outcome is Outcome.RETRY and latest:
        return replace(tried, next_attempt_at=now + max(pause_after(tried.delivery_id, tried.attempts), result.retry_after))
    states = {Outcome.SENT: DeliveryState.SENT, Outcome.FAILED: DeliveryState.FAILED, Outcome.RETRY: DeliveryState.SUPERSEDED}
    return replace(tried, state=states[result.outcome].value, finished_at=now)
