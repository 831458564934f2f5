"""The outbox: what is to be delivered, what each channel was last told, and the attempts.

An intent is stored before its first attempt; outcomes are stored some at a time, and at once when nothing more is due. A channel has a
thread of its own, so one that hangs delays no other. Everything here
can be rebuilt from the ``deliveries`` table; after a crash a message may be sent again, with the same id.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Collection, Container, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from alerts.delivery import FALLBACK_AFTER, Delivery, DeliveryState, delivery_id_of, gives_up, needs_fallback, pause_after, rows
from alerts.notice import LATELY, Announced
from alerts.notifier import Notifier
from alerts.ports import IncidentStore
from core.catalog.catalog import Catalog
from core.catalog.definition import Severity
from core.clock import Clock
from core.errors import AndonError, Full, Retryable
from core.incident import Message, Reason
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon.alerts")

Key = tuple[str, str]
_BUSY_POLL = timedelta(milliseconds=200)
_RECENT = 64
_RECORDED_TOGETHER = 8
"""Outcomes that wait for each other before they are stored, and so the most messages that a crash sends a second time, per channel."""


class Outbox:
    """Thread-safe; whoever decides and saves what it decided holds :attr:`lock` meanwhile."""

    def __init__(
        self, store: IncidentStore, catalog: Catalog, notifiers: Mapping[str, Notifier], telemetry: Telemetry, clock: Clock
    ) -> None:
        self.lock = threading.RLock()
        self._store = store
        self._notifiers = notifiers
        self._telemetry = telemetry
        self._clock = clock
        self._channels = catalog.routes.channels
        self._pending: dict[str, Delivery] = {}
        self._in_flight: set[str] = set()
        self._busy: dict[str, threading.Thread] = {}
        self._announced: dict[Key, Announced] = {}
        self._attempted: set[Key] = set()
        self._latest: dict[Key, str] = {}
        self._recent: dict[str, deque[datetime]] = {}
        self._unrecorded: list[dict[str, pd.DataFrame]] = []

    def reload(self, catalog: Catalog) -> None:
        """Take other channels."""
        with self.lock:
            self._channels = catalog.routes.channels

    def hurry(self, channels: Collection[str]) -> None:
        """Let what these channels have not taken yet be tried again at once: what was in their way is gone."""
        with self.lock:
            now = self._clock.now()
            for identity, delivery in list(self._pending.items()) if channels else ():
                if delivery.channel in channels:
                    at, made = min(delivery.next_attempt_at, now), min(delivery.created_at, now)
                    self._pending[identity] = replace(delivery, next_attempt_at=at, created_at=made)

    def load(self, deliveries: list[Delivery]) -> None:
        """Forget everything and rebuild it from deliveries in the order they were made."""
        flying = {key: self._pending[key] for key in self._in_flight if key in self._pending}
        self._pending, self._announced, self._latest, self._recent = {}, {}, {}, {}
        self._attempted = set()
        for delivery in deliveries:
            heard = self.announced(delivery.incident_id, delivery.channel).heard
            self._remember(delivery)
            if delivery.state == DeliveryState.SUPERSEDED.value and not delivery.attempts:
                # it never left: what the channel knows is what it knew before
                self._announced[delivery.key] = replace(self._announced[delivery.key], heard=heard)
            # A pending one may have been on its way when the process ended.
            if delivery.attempts or delivery.state != DeliveryState.SUPERSEDED.value:
                self._mark_attempted(delivery)
            if delivery.state == DeliveryState.PENDING.value:
                self._pending[delivery.delivery_id] = delivery
        self._pending.update(flying)
        self._count_pending()

    def forget(self, but: Container[str]) -> None:
        """Forget what was said of incidents that are over, all but these; what is still to be sent is kept."""
        gone = {key for key in self._announced if key[0] not in but} - {one.key for one in self._pending.values()}
        for key in gone:
            del self._announced[key]
            self._latest.pop(key, None)
        self._attempted -= gone

    def announced(self, incident_id: str, channel: str) -> Announced:
        """Return what the channel was last told."""
        return self._announced.get((incident_id, channel), Announced())

    def channels_told(self, incident_id: str) -> set[str]:
        """Return the channels that are owed a resolve."""
        return {channel for (incident, channel), told in self._announced.items() if incident == incident_id and told.heard}

    def recent(self, channel: str) -> tuple[datetime, ...]:
        """Return when the last messages to a channel were made."""
        return tuple(self._recent.get(channel, ()))

    def intend(self, message: Message, channel: str, now: datetime) -> list[Delivery]:
        """Add a message and return the rows to save before anything is sent: it, and the unsent ones that it supersedes."""
        self._flush()  # what is superseded now must not be overwritten by an older outcome
        told = self.announced(message.incident_id, channel)
        key = (message.incident_id, channel)
        superseded = [self._supersede(delivery, now) for delivery in self._replaceable(key)]
        if message.reason is Reason.RESOLVED and key not in self._attempted and not self._flying(key):
            # Nobody can have heard of it: nothing to take back.
            self._announced[key] = replace(told, heard=False)
            return superseded
        definition = self._channels.get(channel)
        delivery = Delivery(
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
        self._remember(delivery, message)
        if definition:
            self._pending[delivery.delivery_id] = delivery
        self._count_pending()
        return [*superseded, delivery]

    def next_id(self, incident_id: str, channel: str, reason: Reason) -> str:
        """Return the id of the next message to a channel about an incident."""
        return delivery_id_of(incident_id, channel, reason.value, self.announced(incident_id, channel).sequence + 1)

    def deliver(self, now: datetime) -> datetime | None:
        """Wake the channels that have something due; return when to look again."""
        with self.lock:
            moments = self._fall_back_in_time(now)
            self._flush()
            waiting = [delivery for delivery in self._pending.values() if delivery.delivery_id not in self._in_flight]
            for channel in {delivery.channel for delivery in waiting if delivery.next_attempt_at <= now} - set(self._busy):
                thread = threading.Thread(target=self._work, args=(channel,), name=f"deliveries-{channel}", daemon=True)
                self._busy[channel] = thread
                thread.start()
            moments += [delivery.next_attempt_at for delivery in waiting if delivery.channel not in self._busy]
            if self._busy or self._unrecorded:
                moments.append(now + _BUSY_POLL)
            return min(moments, default=None)

    def settle(self, timeout_seconds: float = 30.0) -> None:
        """Wait until no channel is at work."""
        for thread in list(self._busy.values()):
            thread.join(timeout_seconds)

    def _work(self, channel: str) -> None:
        with ExitStack() as interrupted:
            interrupted.callback(self._end_work, channel)
            while True:
                with self.lock:
                    delivery = self._next(channel, self._clock.now())
                    if delivery is None or len(self._unrecorded) >= _RECORDED_TOGETHER:
                        self._flush()
                    if delivery is None:
                        del self._busy[channel]
                        interrupted.pop_all()
                        return
                    self._in_flight.add(delivery.delivery_id)
                self.attempt(delivery)

    def _end_work(self, channel: str) -> None:
        with self.lock:
            self._busy.pop(channel, None)

    def _next(self, channel: str, now: datetime) -> Delivery | None:
        due = [
            one
            for one in self._pending.values()
            if one.channel == channel and one.next_attempt_at <= now and one.delivery_id not in self._in_flight
        ]
        return min(due, key=lambda one: (one.severity != Severity.CRITICAL.value, one.created_at), default=None)

    def attempt(self, delivery: Delivery) -> None:
        """Send once and record what came of it."""
        self._mark_attempted(delivery)
        result = None
        try:
            result = self._send(delivery)
        finally:
            with self.lock:
                self._in_flight.discard(delivery.delivery_id)
                if result is not None:
                    detail, outcome, wait = result
                    self._record(delivery, outcome, detail, wait, self._clock.now())

    def _send(self, delivery: Delivery) -> tuple[str, str, timedelta]:
        """Return the detail, the outcome (sent, retry, failed) and the least pause that the other side asked for."""
        channel = self._channels.get(delivery.channel)
        notifier = self._notifiers.get(channel.type if channel else "")
        if channel is None or notifier is None:
            return f"channel '{delivery.channel}' is not in the catalog any more", "failed", timedelta(0)
        try:
            accepted = notifier.deliver(Message.model_validate_json(delivery.message), channel.settings)
        except Full as error:
            return str(error), "retry", timedelta(seconds=error.retry_after_seconds)
        except Retryable as error:
            return str(error), "retry", timedelta(0)
        except AndonError as error:
            return str(error), "failed", timedelta(0)
        except Exception as error:  # boundary: a notifier; a defect of one must not stop the others and may pass
            logger.exception("a notifier failed unexpectedly", extra={"fields": {"notifier": delivery.notifier}})
            return f"{type(error).__name__}: {error}", "retry", timedelta(0)
        return accepted.detail, "sent", timedelta(0)

    def _record(self, delivery: Delivery, outcome: str, detail: str, wait: timedelta, now: datetime) -> None:
        attempts = delivery.attempts + 1
        if outcome == "retry" and gives_up(delivery, now):
            outcome, detail = "failed", f"given up after a day: {detail}"
        done = replace(delivery, attempts=attempts, error="" if outcome == "sent" else detail)
        if outcome == "sent":
            done = replace(done, state=DeliveryState.SENT.value, finished_at=now)
        elif outcome == "failed":
            done = replace(done, state=DeliveryState.FAILED.value, finished_at=now)
        elif self._latest.get(delivery.key) != delivery.delivery_id:
            done = replace(done, state=DeliveryState.SUPERSEDED.value, finished_at=now)
        else:
            done = replace(done, next_attempt_at=now + max(pause_after(delivery.delivery_id, attempts), wait))
        changed = [done]
        if outcome != "sent":
            changed += self._fall_back(done, now)
            level = logging.ERROR if outcome == "failed" else logging.WARNING
            fields = {"channel": done.channel, "incident": done.incident_id, "attempts": attempts, "detail": detail}
            logger.log(level, "a delivery failed" if outcome == "failed" else "a delivery is tried again", extra={"fields": fields})
        if done.state == DeliveryState.PENDING.value:
            self._pending[done.delivery_id] = done
        else:
            self._pending.pop(done.delivery_id, None)
        self._telemetry.add(M.DELIVERIES, notifier=done.notifier, outcome=outcome)
        self._count_pending()
        log = {"delivery_id": done.delivery_id, "attempt": attempts, "incident_id": done.incident_id, "channel": done.channel}
        attempt = pd.DataFrame([{**log, "attempted_at": now, "outcome": outcome, "detail": detail[:1000]}], dtype=object)
        self._unrecorded.append({"delivery_attempts": attempt, "deliveries": rows(changed)})
        if len(changed) > 1:
            self._flush()  # a fallback is stored before its first attempt

    def record(self) -> None:
        """Store the outcomes that are known and not stored yet. Raises what the store raises; nothing is forgotten then."""
        if not self._unrecorded:
            return
        tables = {
            name: pd.concat(frames, ignore_index=True)
            for name in ("delivery_attempts", "deliveries")
            if (frames := [one[name] for one in self._unrecorded if name in one])
        }
        tables["deliveries"] = tables["deliveries"].drop_duplicates("delivery_id", keep="last")
        self._store.save(tables)
        self._unrecorded.clear()

    def _flush(self) -> None:
        """Write what is known and not yet stored. While the store refuses, it stays here for a later call: nothing is sent twice for that."""
        try:
            self.record()
        except Retryable:
            logger.exception("the outcome of a delivery could not be stored yet")

    def _fall_back_in_time(self, now: datetime) -> list[datetime]:
        """Let other channels hear what a failing one has not taken for two minutes; return when that will be due of the rest.

        A receiver that asks for a long pause, or keeps its first message hanging, would hold up the fallback until the next attempt.
        """
        failing = {one.channel for one in self._pending.values() if one.attempts}
        moments: list[datetime] = []
        for one in [one for one in self._pending.values() if one.channel in failing]:
            if changed := self._fall_back(one, now):
                self._unrecorded.append({"deliveries": rows(changed)})
            elif (due := one.created_at + FALLBACK_AFTER) > now and self._other(one):
                moments.append(due)
        return moments

    def _other(self, delivery: Delivery) -> str | None:
        """Return the channel that hears instead and does not know of it yet."""
        channel = self._channels.get(delivery.channel)
        target = channel.fallback if channel else None
        if target is None or target not in self._channels or delivery.state == DeliveryState.SUPERSEDED.value:
            return None
        told_at = self.announced(delivery.incident_id, target).at
        return target if told_at is None or told_at < delivery.created_at else None

    def _fall_back(self, delivery: Delivery, now: datetime) -> list[Delivery]:
        target = self._other(delivery)
        if target is None or not needs_fallback(delivery, now):
            return []
        origin = Message.model_validate_json(delivery.message)
        other = delivery_id_of(delivery.incident_id, target, f"fallback:{delivery.delivery_id}", 0)
        return self.intend(origin.model_copy(update={"delivery_id": other}), target, now)

    def _replaceable(self, key: Key) -> list[Delivery]:
        return [one for one in self._pending.values() if one.key == key and one.delivery_id not in self._in_flight]

    def _flying(self, key: Key) -> bool:
        return any(self._pending[one].key == key for one in self._in_flight if one in self._pending)

    def _supersede(self, delivery: Delivery, now: datetime) -> Delivery:
        self._pending.pop(delivery.delivery_id, None)
        # One that was loaded after a crash may have been sent: its row must go on saying so.
        attempts = max(delivery.attempts, 1) if delivery.key in self._attempted else delivery.attempts
        return replace(delivery, state=DeliveryState.SUPERSEDED.value, finished_at=now, attempts=attempts)

    def _mark_attempted(self, delivery: Delivery) -> None:
        if delivery.is_resolve:
            self._attempted.discard(delivery.key)
        else:
            self._attempted.add(delivery.key)

    def _remember(self, delivery: Delivery, message: Message | None = None) -> None:
        """Note that the channel is told this."""
        said = message or Message.model_validate_json(delivery.message)
        before = self._announced.get(delivery.key, Announced())
        self._announced[delivery.key] = Announced(
            before.sequence + 1,
            delivery.reason,
            delivery.created_at,
            said.severity,
            said.breached,
            said.members,
            said.value,
            heard=not delivery.is_resolve,
            lately=(*before.lately, delivery.created_at)[-LATELY:],
        )
        self._latest[delivery.key] = delivery.delivery_id
        self._recent.setdefault(delivery.channel, deque(maxlen=_RECENT)).append(delivery.created_at)

    def _count_pending(self) -> None:
        self._telemetry.set(M.OUTBOX_PENDING, len(self._pending))
