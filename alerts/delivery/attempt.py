"""One attempt: hand a delivery to its notifier once, and report the outcome."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.notifier import Notifier
from core.catalog.routing import Channel
from core.errors import AndonError, Full, Retryable
from core.incident import Message

logger = logging.getLogger("andon.alerts")

_DETAIL_CHARACTERS = 1000


class Outcome(StrEnum):
    """The outcome of an attempt."""

    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True)
class AttemptResult:
    """What came of one attempt.

    ``detail``: one line from the other side or about the failure. ``retry_after``: the shortest pause that the other side asks for.
    ``missed``: it was sent, but not to all whom the channel names.
    """

    outcome: Outcome
    detail: str
    retry_after: timedelta = timedelta(0)
    missed: bool = False


def attempt(delivery: Delivery, channel: Channel | None, notifiers: Mapping[str, Notifier]) -> AttemptResult:
    """Send once. Blocks for as long as the notifier does; raises nothing that a notifier raises."""
    notifier = notifiers.get(channel.type if channel else "")
    if channel is None or notifier is None:
        return AttemptResult(Outcome.FAILED, f"channel '{delivery.channel}' is no longer in the catalog")
    try:
        accepted = notifier.deliver(Message.model_validate_json(delivery.message), channel.settings)
    except Full as error:
        return AttemptResult(Outcome.RETRY, str(error), timedelta(seconds=error.retry_after_seconds))
    except Retryable as error:
        return AttemptResult(Outcome.RETRY, str(error))
    except AndonError as error:
        return AttemptResult(Outcome.FAILED, str(error))
    except Exception as error:  # boundary: a notifier; a defect in one must not stop the others and may pass
        logger.exception("a notifier failed unexpectedly", extra={"fields": {"notifier": delivery.notifier}})
        return AttemptResult(Outcome.RETRY, f"{type(error).__name__}: {error}")
    return AttemptResult(Outcome.SENT, accepted.detail, missed=accepted.missed)


def attempt_row(delivery: Delivery, result: AttemptResult, now: datetime) -> pd.DataFrame:
    """Return the row of ``delivery_attempts`` for the latest attempt of ``delivery``."""
    row = {
        "delivery_id": delivery.delivery_id,
        "attempt": delivery.attempts,
        "incident_id": delivery.incident_id,
        "channel": delivery.channel,
        "attempted_at": now,
        "outcome": result.outcome.value,
        "detail": result.detail[:_DETAIL_CHARACTERS],
    }
    return pd.DataFrame([row], dtype=object)
