"""The queue: deliveries that are still to be sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.delivery.delivery import Delivery, DeliveryState, Key
from core.catalog.definition import Severity


class DeliveryQueue:
    """Pending deliveries, in memory.

    Promises: a delivery that is on its way is not given out a second time. Critical ones go first, then the oldest. What waits for a channel
    about an incident is withdrawn when something newer is to be said, so there are never more than channels times open incidents, and
    those on their way. Not thread-safe: the outbox holds its lock.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Delivery] = {}
        self._in_flight: set[str] = set()

    def __len__(self) -> int:
        """Return how many are pending, with those on their way."""
        return len(self._pending)

    def load(self, deliveries: Sequence[Delivery]) -> None:
        """Forget everything but what is on its way, and take the pending ones of these."""
        in_flight = {key: one for key, one in self._pending.items() if key in self._in_flight}
        pending = {one.delivery_id: one for one in deliveries if one.state == DeliveryState.PENDING.value}
        self._pending = {**pending, **in_flight}

    def put(self, delivery: Delivery) -> None:
        """Take a delivery as it is now: to be sent if it is pending, else done with."""
        if delivery.state == DeliveryState.PENDING.value:
            self._pending[delivery.delivery_id] = delivery
        else:
            self._pending.pop(delivery.delivery_id, None)

    def withdraw(self, key: Key) -> list[Delivery]:
        """Remove and return what waits for a channel about an incident and is not on its way."""
        withdrawn = [one for one in self.waiting() if one.key == key]
        for one in withdrawn:
            del self._pending[one.delivery_id]
        return withdrawn

    def next_due(self, channel: str, now: datetime) -> Delivery | None:
        """Return what is to be sent to a channel next, or None."""
        due = [one for one in self.waiting() if one.channel == channel and one.next_attempt_at <= now]
        return min(due, key=lambda one: (one.severity != Severity.CRITICAL.value, one.created_at), default=None)

    def start(self, delivery: Delivery) -> None:
        """Note that it is on its way."""
        self._in_flight.add(delivery.delivery_id)

    def end(self, delivery: Delivery) -> None:
        """Note that it is not on its way any more."""
        self._in_flight.discard(delivery.delivery_id)

    def is_in_flight(self, key: Key) -> bool:
        """Return whether something is on its way to a channel about an incident."""
        return any(self._pending[one].key == key for one in self._in_flight if one in self._pending)

    def waiting(self) -> list[Delivery]:
        """Return what is pending and not on its way."""
        return [one for one in self._pending.values() if one.delivery_id not in self._in_flight]

    def of_failing_channels(self) -> list[Delivery]:
        """Return what is pending for channels that have not taken something that is."""
        failing = {one.channel for one in self._pending.values() if one.attempts}
        return [one for one in self._pending.values() if one.channel in failing]

    def keys(self) -> set[Key]:
        """Return about which incidents something is pending for which channels."""
        return {one.key for one in self._pending.values()}

    def retry_now(self, channels: Collection[str], now: datetime) -> None:
        """Let what these channels have not taken yet be due at ``now``: what was in their way is gone."""
        for identity, one in self._pending.items():
            if one.channel in channels:
                at, made = min(one.next_attempt_at, now), min(one.created_at, now)
                self._pending[identity] = replace(one, next_attempt_at=at, created_at=made)
