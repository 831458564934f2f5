"""The queue: deliveries that are still to be sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.delivery.delivery import Delivery, DeliveryState, Key
from core.catalog.definition import Severity


class DeliveryQueue:
    """Pending deliveries, in memory.

    Promises: a delivery that is being sent is not handed out a second time. Critical ones go first, then the oldest. What waits for a
    channel about an incident is withdrawn when something newer is to be said, so there are never more than channels times open incidents,
    plus those being sent. Not thread-safe: the outbox holds its lock.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Delivery] = {}
        self._in_flight: set[str] = set()

    def __len__(self) -> int:
        """Return how many are pending, including those being sent."""
        return len(self._pending)

    def load(self, deliveries: Sequence[Delivery]) -> None:
        """Forget everything except what is being sent, and take over the pending ones of these."""
        in_flight = {key: one for key, one in self._pending.items() if key in self._in_flight}
        pending = {one.delivery_id: one for one in deliveries if one.state == DeliveryState.PENDING.value}
        self._pending = {**pending, **in_flight}

    def put(self, delivery: Delivery) -> None:
        """Take over a delivery's current state: to be sent if it is pending, else finished."""
        if delivery.state == DeliveryState.PENDING.value:
            self._pending[delivery.delivery_id] = delivery
        else:
            self._pending.pop(delivery.delivery_id, None)

    def withdraw(self, key: Key) -> list[Delivery]:
        """Remove and return what waits for a channel about an incident and is not being sent."""
        withdrawn = [one for one in self.waiting() if one.key == key]
        for one in withdrawn:
            del self._pending[one.delivery_id]
        return withdrawn

    def next_due(self, channel: str, now: datetime) -> Delivery | None:
        """Return what to send to a channel next, or None."""
        due = [one for one in self.waiting() if one.channel == channel and one.next_attempt_at <= now]
        return min(due, key=lambda one: (one.severity != Severity.CRITICAL.value, one.created_at), default=None)

    def start(self, delivery: Delivery) -> None:
        """Record that it is being sent."""
        self._in_flight.add(delivery.delivery_id)

    def end(self, delivery: Delivery) -> None:
        """Record that it is no longer being sent."""
        self._in_flight.discard(delivery.delivery_id)

    def is_in_flight(self, key: Key) -> bool:
        """Return whether something about an incident is being sent to a channel."""
        return any(self._pending[one].key == key for one in self._in_flight if one in self._pending)

    def waiting(self) -> list[Delivery]:
        """Return what is pending and not being sent."""
        return [one for one in self._pending.values() if one.delivery_id not in self._in_flight]

    def of_failing_channels(self) -> list[Delivery]:
        """Return what is pending for channels that have failed to accept something still pending."""
        failing = {one.channel for one in self._pending.values() if one.attempts}
        return [one for one in self._pending.values() if one.channel in failing]

    def keys(self) -> set[Key]:
        """Return the incidents and channels for which something is pending."""
        return {one.key for one in self._pending.values()}

    def retry_now(self, channels: Collection[str], now: datetime) -> None:
        """Make what these channels have not accepted yet due at ``now``: the obstacle is gone."""
        for identity, one in self._pending.items():
            if one.channel in channels:
                at, made = min(one.next_attempt_at, now), min(one.created_at, now)
                self._pending[identity] = replace(one, next_attempt_at=at, created_at=made)
