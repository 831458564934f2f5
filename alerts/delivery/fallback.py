"""Fallbacks: the channel that is notified instead of one that fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts.delivery.delivery import Delivery, DeliveryState, delivery_id_of
from alerts.delivery.notification_log import NotificationLog
from core.catalog.routing import Channel
from core.incident import Message

FALLBACK_ATTEMPTS = 3
FALLBACK_AFTER = timedelta(minutes=2)


def is_due(delivery: Delivery, now: datetime) -> bool:
    """Whether the fallback is due: after three failures, a permanent failure, or two minutes; asked only for failing channels."""
    failed = delivery.state == DeliveryState.FAILED.value
    return failed or delivery.attempts >= FALLBACK_ATTEMPTS or now - delivery.created_at >= FALLBACK_AFTER


class Fallbacks:
    """Which channel is notified instead, and of what. Decides only.

    Promises: a fallback gets a message that its channel has not accepted, once, and not if it was told about the incident after the message
    was made. Its message has the same id whenever this is decided again, and another id than the message it stands in for.
    """

    def __init__(self, channels: Mapping[str, Channel], log: NotificationLog) -> None:
        self._channels = channels
        self._log = log

    def channel_for(self, delivery: Delivery) -> str | None:
        """Return the channel that is notified instead, or None if there is none or it already knows."""
        channel = self._channels.get(delivery.channel)
        target = channel.fallback if channel else None
        if target is None or target not in self._channels or delivery.state == DeliveryState.SUPERSEDED.value:
            return None
        told_at = self._log.last(delivery.incident_id, target).at
        return target if told_at is None or told_at < delivery.created_at else None

    def message_for(self, delivery: Delivery, now: datetime) -> tuple[str, Message] | None:
        """Return the channel and its message if the fallback is due now."""
        target = self.channel_for(delivery)
        if target is None or not is_due(delivery, now):
            return None
        identity = delivery_id_of(delivery.incident_id, target, f"fallback:{delivery.delivery_id}", 0)
        return target, Message.model_validate_json(delivery.message).model_copy(update={"delivery_id": identity})

    def due_at(self, delivery: Delivery, now: datetime) -> datetime | None:
        """Return when time alone will make the fallback due; None: never, or it is already due."""
        due = delivery.created_at + FALLBACK_AFTER
        return due if due > now and self.channel_for(delivery) else None
