"""The outbox: takes messages for channels and does what it can to make each one arrive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Container, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.delivery.attempt import AttemptResult, Outcome, attempt, attempt_row
from alerts.delivery.delivery import Delivery, DeliveryState, rows
from alerts.delivery.fallback import Fallbacks
from alerts.delivery.notification_log import NotificationLog
from alerts.delivery.queue import DeliveryQueue
from alerts.delivery.retry import after_attempt, failed_for_good
from alerts.delivery.workers import ChannelWorkers
from alerts.delivery.write_behind import WriteBehind
from alerts.notifier import Notifier
from alerts.ports import IncidentStore
from core.catalog.catalog import Catalog
from core.clock import Clock
from core.incident import Message, Reason
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon.alerts")

_BUSY_POLL = timedelta(milliseconds=200)


class Outbox:
    """Deliveries from decision to outcome.

    Promises: the caller stores what :meth:`intend` returns before anything is sent; outcomes are stored in small batches, and immediately
    once nothing more is due. Everything here can be rebuilt from the ``deliveries`` table; after a crash a message may be sent again, with
    the same id. Thread-safe; whoever decides and saves the decisions holds :attr:`lock` in the meantime.
    """

    def __init__(
        self, store: IncidentStore, catalog: Catalog, notifiers: Mapping[str, Notifier], telemetry: Telemetry, clock: Clock
    ) -> None:
        self.lock = threading.RLock()
        self.log = NotificationLog()
        self._notifiers = notifiers
        self._telemetry = telemetry
        self._clock = clock
        self._queue = DeliveryQueue()
        self._outcomes = WriteBehind(store)
        self._workers = ChannelWorkers(self.lock, self._take, self.attempt)
        self.reload(catalog)

    def reload(self, catalog: Catalog) -> None:
        """Use other channels."""
        with self.lock:
            self._channels = catalog.routes.channels
            self._fallbacks = Fallbacks(self._channels, self.log)

    def load(self, deliveries: list[Delivery]) -> None:
        """Forget everything except what is being sent, and continue from deliveries in the order in which they were made."""
        self.log.load(deliveries)
        self._queue.load(deliveries)
        self._count_pending()

    def forget(self, but: Container[str]) -> None:
        """Forget what was said about incidents that are over, except these; anything still to be sent is kept."""
        self.log.forget(but, self._queue.keys())

    def intend(self, message: Message, channel: str, now: datetime) -> list[Delivery]:
        """Add a message and return the rows to save before anything is sent: its own, and those of unsent ones that it supersedes."""
        self._outcomes.try_write()  # an older outcome must not overwrite what is superseded now
        key = (message.incident_id, channel)
        superseded = [self._superseded(delivery, now) for delivery in self._queue.withdraw(key)]
        if message.reason is Reason.RESOLVED and not self.log.may_be_firing(key) and not self._queue.is_in_flight(key):
            self.log.owe_no_resolve(key)
            return superseded
        delivery = self._delivery(message, channel, now)
        self.log.add(delivery, message)
        self._queue.put(delivery)
        self._count_pending()
        return [*superseded, delivery]

    def retry_now(self, channels: Collection[str]) -> None:
        """Retry what these channels have not accepted yet at once: the obstacle is gone."""
        with self.lock:
            self._queue.retry_now(channels, self._clock.now())

    def deliver(self, now: datetime) -> datetime | None:
        """Wake the channels that have something due; return when to look again. Waits for none of them."""
        with self.lock:
            due_at = self._fall_back_in_time(now)
            self._outcomes.try_write()
            waiting = self._queue.waiting()
            self._workers.wake({delivery.channel for delivery in waiting if delivery.next_attempt_at <= now})
            busy = self._workers.busy()
            due_at += [delivery.next_attempt_at for delivery in waiting if delivery.channel not in busy]
            if busy or len(self._outcomes):
                due_at.append(now + _BUSY_POLL)
            return min(due_at, default=None)

    def join(self, timeout_seconds: float = 30.0) -> None:
        """Wait until no channel is sending."""
        self._workers.join(timeout_seconds)

    def store_outcomes(self) -> None:
        """Store the outcomes that are known but not stored yet. Raises what the store raises; nothing is lost then."""
        self._outcomes.write()

    def attempt(self, delivery: Delivery) -> None:
        """Send once and record the outcome."""
        self.log.attempted(delivery)
        result = None
        try:
            result = attempt(delivery, self._channels.get(delivery.channel), self._notifiers)
        finally:
            with self.lock:
                self._queue.end(delivery)
                if result is not None:
                    self._record(delivery, result, self._clock.now())

    def _take(self, channel: str) -> Delivery | None:
        delivery = self._queue.next_due(channel, self._clock.now())
        if delivery is None or self._outcomes.is_full:
            self._outcomes.try_write()
        if delivery is not None:
            self._queue.start(delivery)
        return delivery

    def _record(self, delivery: Delivery, result: AttemptResult, now: datetime) -> None:
        result = failed_for_good(delivery, result, now)
        done = after_attempt(delivery, result, now, latest=self.log.is_latest(delivery))
        fallback: list[Delivery] = []
        if result.outcome is not Outcome.SENT:
            fallback = self._fall_back(done, now)
        else:
            self.log.arrived(done)
        if done.error:
            self._log_failure(done, result)
        self._queue.put(done)
        self._telemetry.add(M.DELIVERIES, notifier=done.notifier, outcome=result.outcome.value)
        self._count_pending()
        self._outcomes.add(delivery_attempts=attempt_row(done, result, now), deliveries=rows([done, *fallback]))
        if fallback:
            self._outcomes.try_write()  # a fallback is stored before its first attempt

    def _log_failure(self, done: Delivery, result: AttemptResult) -> None:
        fields = {"channel": done.channel, "incident": done.incident_id, "attempts": done.attempts, "detail": result.detail}
        level, text = {
            Outcome.SENT: (logging.ERROR, "a delivery did not reach everybody"),
            Outcome.FAILED: (logging.ERROR, "a delivery failed"),
            Outcome.RETRY: (logging.WARNING, "a delivery failed and will be tried again"),
        }[result.outcome]
        logger.log(level, text, extra={"fields": fields})

    def _fall_back_in_time(self, now: datetime) -> list[datetime]:
        """Notify other channels of what a failing one has not accepted for two minutes; return when that will be due for the rest.

        A receiver that asks for a long pause, or keeps its first message hanging, would otherwise delay the fallback until the next
        attempt.
        """
        due_at: list[datetime] = []
        for delivery in self._queue.of_failing_channels():
            if fallback := self._fall_back(delivery, now):
                self._outcomes.add(deliveries=rows(fallback))
            elif due := self._fallbacks.due_at(delivery, now):
                due_at.append(due)
        return due_at

    def _fall_back(self, delivery: Delivery, now: datetime) -> list[Delivery]:
        found = self._fallbacks.message_for(delivery, now)
        return [] if found is None else self.intend(found[1], found[0], now)

    def _superseded(self, delivery: Delivery, now: datetime) -> Delivery:
        # One that was loaded after a crash may have been sent: its row must keep saying so.
        attempts = max(delivery.attempts, 1) if self.log.may_be_firing(delivery.key) else delivery.attempts
        return replace(delivery, state=DeliveryState.SUPERSEDED.value, finished_at=now, attempts=attempts)

    def _delivery(self, message: Message, channel: str, now: datetime) -> Delivery:
        definition = self._channels.get(channel)
        return Delivery(
            message.delivery_id,
            message.incident_id,
            channel,
            definition.type if definition else "",
            message.reason.value,
            DeliveryState.PENDING.value if definition else DeliveryState.FAILED.value,
            message.severity,
            message.model_dump_json(),
            0,
            now,
            now,
            finished_at=None if definition else now,
            error="" if definition else "no route leads to a channel; add one to routes.yaml",
        )

    def _count_pending(self) -> None:
        self._telemetry.set(M.OUTBOX_PENDING, len(self._queue))
