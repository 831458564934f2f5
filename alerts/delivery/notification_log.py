"""The notification log: what each channel was last told of each incident."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.delivery.delivery import Delivery, DeliveryState, Key, delivery_id_of
from alerts.stage import NOTIFICATIONS_KEPT, LastNotified
from core.incident import Message, Reason

_RECENT = 64


class NotificationLog:
    """What each channel was last told about each incident, in memory.

    Promises: whatever the order of crashes and restarts, the log rebuilt from the rows of ``deliveries`` is the one that was kept. A
    resolve is owed to a channel exactly if a message that says otherwise may have arrived there. Ids are never reused for a different
    message. What is forgotten takes no memory. Not thread-safe: the outbox holds its lock.
    """

    def __init__(self) -> None:
        self._last: dict[Key, LastNotified] = {}
        self._latest: dict[Key, str] = {}
        self._firing: set[Key] = set()
        self._recent: dict[str, deque[datetime]] = {}

    def load(self, deliveries: Sequence[Delivery]) -> None:
        """Forget everything and rebuild it from deliveries, in the order in which they were made."""
        self._last, self._latest, self._firing, self._recent = {}, {}, set(), {}
        for delivery in deliveries:
            firing = self.last(*delivery.key).firing
            self.add(delivery, Message.model_validate_json(delivery.message))
            if delivery.state == DeliveryState.SUPERSEDED.value and not delivery.attempts:
                # it never left: the channel knows what it knew before
                self._last[delivery.key] = replace(self._last[delivery.key], firing=firing)
            else:  # a pending one may have been under way when the process ended
                self.attempted(delivery)
            if delivery.state == DeliveryState.SENT.value:
                self.arrived(delivery)

    def add(self, delivery: Delivery, message: Message) -> None:
        """Record that the channel is being notified of this."""
        before = self.last(*delivery.key)
        self._last[delivery.key] = LastNotified(
            before.sequence + 1,
            delivery.reason,
            delivery.created_at,
            message.severity,
            message.breached,
            message.members,
            message.value,
            firing=not delivery.is_resolve,
            notified_at=(*before.notified_at, delivery.created_at)[-NOTIFICATIONS_KEPT:],
        )
        self._latest[delivery.key] = delivery.delivery_id
        self._recent.setdefault(delivery.channel, deque(maxlen=_RECENT)).append(delivery.created_at)

    def attempted(self, delivery: Delivery) -> None:
        """Record that it may arrive from now on."""
        if not delivery.is_resolve:
            self._firing.add(delivery.key)

    def arrived(self, delivery: Delivery) -> None:
        """Record that the channel has accepted it."""
        if delivery.is_resolve:
            self._firing.discard(delivery.key)

    def may_be_firing(self, key: Key) -> bool:
        """Return whether the channel may have been told of the incident and has not accepted its resolve."""
        return key in self._firing

    def owe_no_resolve(self, key: Key) -> None:
        """Record that nothing has arrived there: there is nothing to take back."""
        self._last[key] = replace(self.last(*key), firing=False)

    def last(self, incident_id: str, channel: str) -> LastNotified:
        """Return what the channel was last notified of."""
        return self._last.get((incident_id, channel), LastNotified())

    def is_latest(self, delivery: Delivery) -> bool:
        """Return whether nothing newer was said to its channel about its incident."""
        return self._latest.get(delivery.key) == delivery.delivery_id

    def next_id(self, incident_id: str, channel: str, reason: Reason) -> str:
        """Return the id of the next message to a channel about an incident."""
        return delivery_id_of(incident_id, channel, reason.value, self.last(incident_id, channel).sequence + 1)

    def owed_a_resolve(self, incident_id: str) -> set[str]:
        """Return the channels that were notified of an incident but not of its end."""
        return {channel for (incident, channel), last in self._last.items() if incident == incident_id and last.firing}

    def notified_at(self, channel: str) -> tuple[datetime, ...]:
        """Return when the last messages to a channel were made, oldest first."""
        return tuple(self._recent.get(channel, ()))

    def forget(self, incidents: Container[str], pending: Container[Key]) -> None:
        """Forget what was said about all but these incidents and keys."""
        gone = {key for key in self._last if key[0] not in incidents and key not in pending}
        for key in gone:
            del self._last[key]
            self._latest.pop(key, None)
        self._firing -= gone
