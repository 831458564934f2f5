"""Runs the plant against a clock: first its history, quickly, then live."""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from core.clock import Clock
from plant.desk import OpsDesk
from plant.emit import Emitter, Outgoing
from plant.faults import FaultName
from plant.model import Model, Schedule
from plant.sender import Sender
from plant.settings import PlantSettings
from plant.signal import Happening

_logger = logging.getLogger(__name__)
SOURCE_OF_SERVICE = {
    "crm": "crm",
    "api-gateway": "api-gateway",
    "order-router": "middleware",
    "edi-gateway": "middleware",
    "sap-connector": "middleware",
    "sap-idoc": "middleware",
    "sap-ecc": "erp",
    "rabbitmq": "broker",
    "wms": "wms",
    "tms": "tms",
    "supplier-portal": "supplier-portal",
    "mes": "mes",
}
TICK_SECONDS = 0.5
HISTORY_BATCH = 100
"""Transactions sent together while history is played."""
HISTORY_CHECK = timedelta(hours=2)
QUEUES_CHECK = timedelta(minutes=15)
"""How often the queues were looked at before live; from then on at every tick."""
GO_ON_WITHIN = timedelta(hours=24)
"""A plant that was stopped for longer than this starts afresh."""


class Plant:
    """The running manufacturer. Keeps nothing of a transaction that has ended: it may run for weeks."""

    def __init__(self, settings: PlantSettings, clock: Clock, stop: threading.Event) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self.live, self._sent_until = self._resume()
        self.model = Model(settings.seed, self.live, settings.rate, settings.faults)
        self._emitter = Emitter(f"{settings.seed}/{self.live.isoformat()}")
        self._senders: dict[str, Sender] = {}
        self._past = list(self.model.history(settings.history_hours, settings.history_transactions))
        self.schedule = Schedule(self.model.arrivals(), self.model.checks(self.live))

    def run(self) -> None:
        """Play until ``stop`` is set."""
        try:
            if not self.catch_up():
                return
            while not self._stop.is_set():
                now = self._clock.now()
                if not self._play(now):
                    return
                self._stop.wait(TICK_SECONDS)
        finally:
            self.close()

    def catch_up(self) -> bool:
        """Play the history, skipping what an earlier run has already sent. False: stopped before the end."""
        if not self._play_history():
            return False
        if self._sent_until > self.live:
            self._take_until(self._sent_until)
            self._emitter.ready(self._sent_until)
        return True

    def stuck(self, queue: str) -> bool:
        """Return whether nobody takes from a queue now."""
        faults = (fault for fault in self._settings.faults if fault.name is FaultName.STUCK_QUEUE and fault.target in {"", queue})
        return any(fault.stop_at(self.live, self._clock.now()) is not None for fault in faults)

    def close(self) -> None:
        """Close the connections and the SDK's providers."""
        for sender in self._senders.values():
            sender.close()
        self._emitter.close()

    def _play_history(self) -> bool:
        """Send what happened before live, transaction by transaction; what is still open continues live."""
        if self._sent_until > self.live:
            self._tell_played()  # before the restart: nobody need wait until it has been made once more
        begin = self.live - timedelta(hours=self._settings.history_hours)
        checks = takewhile(lambda check: check.truth.started_at < self.live, self.model.checks(begin, HISTORY_CHECK))
        past: list[Happening] = [*(checks if self._settings.history_hours > 0 else ()), *self._past]
        for place in range(0, len(past), HISTORY_BATCH):
            for happening in past[place : place + HISTORY_BATCH]:
                self.schedule.begin(happening)
                for signal in happening.signals:
                    if signal.order <= self.live:
                        self._emitter.take(signal)
                    else:
                        self.schedule.add((signal,))
            ready = self._emitter.ready(self.live)
            if self._sent_until == self.live and not self._send(ready):
                return False
        _logger.info("played %s transactions of history", len(self._past))
        self._past.clear()
        self._tell_played()
        return self._tell_past_queues()

    def _tell_played(self) -> None:
        if self._settings.played is not None:
            self._settings.played.touch()

    def _tell_past_queues(self) -> bool:
        """Tell what stood in the queues of the last day before live, as far as there is history."""
        hours = min(self._settings.history_hours, 24)
        looks = (self.live - number * QUEUES_CHECK for number in reversed(range(int(timedelta(hours=hours) / QUEUES_CHECK))))
        told = (self.schedule.queues.told(at) for at in looks)  # each look is sent alone: the exporter keeps the last state of a queue
        return all(self._sent_until > self.live or self._send(look) for look in told)

    def _play(self, now: datetime) -> bool:
        self._take_until(now)
        done = self._send([*self._emitter.ready(now), *self.schedule.queues.told(now)])
        if done and now > self._sent_until:
            self._remember(self.live, now)
        return done

    def _take_until(self, now: datetime) -> None:
        for signal in self.schedule.until(now):
            self._emitter.take(signal)

    def _send(self, outgoing: Sequence[Outgoing]) -> bool:
        by_source: dict[str, list[Outgoing]] = defaultdict(list)
        for item in outgoing:
            by_source[SOURCE_OF_SERVICE.get(item.service, "")].append(item)
        return all(self._sender(source).send(items) for source, items in by_source.items())

    def _sender(self, source: str) -> Sender:
        """Every source sends separately, as real exporters do: a request holds the signals of only one of them."""
        if source not in self._senders:
            self._senders[source] = Sender(self._settings.endpoint, self._settings.tokens.get(source, ""), self._stop, self._settings.trust)
        return self._senders[source]

    def _resume(self) -> tuple[datetime, datetime]:
        """Return when this plant went live and up to when it has sent everything (the same moment for a new one)."""
        now = self._clock.now()
        state = self._settings.state
        if state is not None and state.exists():
            kept = json.loads(state.read_text(encoding="utf-8"))
            live, sent_until = datetime.fromisoformat(kept["live"]), datetime.fromisoformat(kept["sent_until"])
            if kept["settings"] == self._decisive() and timedelta(0) <= now - sent_until < GO_ON_WITHIN:
                return live, sent_until
        live = self._settings.start or now
        self._remember(live, live)
        return live, live

    def _decisive(self) -> list[float]:
        settings = self._settings
        return [settings.seed, settings.rate, settings.history_hours, settings.history_transactions]

    def _remember(self, live: datetime, sent_until: datetime) -> None:
        self._sent_until = sent_until
        state = self._settings.state
        if state is None:
            return
        kept = {"settings": self._decisive(), "live": live.isoformat(), "sent_until": sent_until.isoformat()}
        temporary = state.with_suffix(".new")
        temporary.write_text(json.dumps(kept), encoding="utf-8")
        temporary.replace(state)


def run(settings: PlantSettings, clock: Clock, stop: threading.Event) -> None:
    """Run the plant until ``stop`` is set. Raises :class:`core.errors.Permanent` if the collector rejects its events for good."""
    plant = Plant(settings, clock, stop)
    desk = _open_desk(settings.desk_port, plant.stuck)
    try:
        plant.run()
    finally:
        if desk is not None:
            desk.close()


def _open_desk(port: int | None, stuck: Callable[[str], bool]) -> OpsDesk | None:
    """Open the desk; a taken port affects only the desk: its messages wait in the outbox or reach whoever listens there."""
    if port is None:
        return None
    try:
        desk = OpsDesk(port, stuck)
    except OSError as error:
        _logger.warning("no operations desk on port %s (%s); choose another with --desk-port", port, error.strerror)
        return None
    desk.start()
    return desk
