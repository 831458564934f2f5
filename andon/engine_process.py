"""The engine: one loop that loads, correlates, evaluates and alerts; a thread that delivers; an HTTP server that answers.

The loop runs a stage only when the one before it wrote something or a timer is due, so an idle engine costs next to nothing. A stage that
fails is tried again with the same input, for ever, with a growing pause; every stage is idempotent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import Clock
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon.engine")

POLL_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0
CATCH_UP_SECONDS = 10.0


class Stage(Protocol):
    """A step of the tick."""

    def run(self, now: datetime) -> bool:
        """Do what there is to do; return whether the next stage has something to read."""
        ...


class TimedStage(Stage, Protocol):
    """A step that also has deadlines of its own."""

    def next_deadline(self) -> datetime | None:
        """Return the moment at which :meth:`run` has work without any input."""
        ...


class Deliverer(Stage, Protocol):
    """The alert stage: incidents in the loop, messages in a thread of their own."""

    def deliver(self, now: datetime) -> datetime | None:
        """Send what is due; return the moment of the next attempt."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return the moment at which :meth:`run` has work without any input."""
        ...


@dataclass
class Stages:
    """The parts of a tick, in order. ``load`` returns whether anything was loaded and whether there is more to load at once."""

    load: Callable[[], tuple[bool, bool]]
    correlate: Stage
    evaluate: TimedStage
    alert: Deliverer


@dataclass
class Engine:
    """Runs the tick in the calling thread until :attr:`stopping` is set."""

    stages: Stages
    clock: Clock
    telemetry: Telemetry
    between_ticks: Callable[[], None] = lambda: None
    stopping: threading.Event = field(default_factory=threading.Event)
    last_tick: float = 0.0
    _wake_deliveries: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Loop until stopped. The first tick runs every stage, so that what a crash interrupted is finished."""
        delivery = threading.Thread(target=self._deliver, name="deliveries", daemon=True)
        delivery.start()
        pending = {"correlate", "evaluate", "alert"}
        pause = 0.0
        while not self.stopping.is_set():
            try:
                self.between_ticks()
                busy = self.tick(pending)
                pause = 0.0 if busy else POLL_SECONDS
            except Exception:  # boundary: the tick loop; whatever fails is logged and tried again with the same input
                logger.exception("a tick failed and is tried again", extra={"fields": {"pending": sorted(pending)}})
                pause = min(LONGEST_PAUSE_SECONDS, max(1.0, pause * 2))
            self.stopping.wait(pause)
        self._wake_deliveries.set()
        delivery.join(timeout=20.0)

    def tick(self, pending: set[str]) -> bool:
        """Run every stage that has something to do. ``pending`` names the stages still owed a run; it survives a failure."""
        self._load(pending)
        if "correlate" in pending:
            self._run("correlate", self.stages.correlate, pending, "evaluate")
        if "evaluate" in pending or self._is_due(self.stages.evaluate):
            self._run("evaluate", self.stages.evaluate, pending, "alert")
        if "alert" in pending or self._is_due(self.stages.alert):
            self._run("alert", self.stages.alert, pending, None)
            self._wake_deliveries.set()
        self.last_tick = self.clock.monotonic()
        return bool(pending)

    def _load(self, pending: set[str]) -> None:
        """Load; a backlog is taken whole before anything is judged, so that what is only late to us does not look late."""
        started = self.clock.monotonic()
        more = True
        while more and not self.stopping.is_set() and self.clock.monotonic() - started < CATCH_UP_SECONDS:
            loaded, more = self.stages.load()
            if loaded:
                pending.add("correlate")
        self._observe("load", started)

    def _run(self, name: str, stage: Stage, pending: set[str], following: str | None) -> None:
        started = self.clock.monotonic()
        changed = stage.run(self.clock.now())
        pending.discard(name)
        if changed and following:
            pending.add(following)
            # A failure of a transaction is an alert of its own, with or without an SLA.
            pending.add("alert")
        elif changed:
            pending.add(name)
        self._observe(name, started)

    def _is_due(self, stage: TimedStage | Deliverer) -> bool:
        deadline = stage.next_deadline()
        return deadline is not None and deadline <= self.clock.now()

    def _observe(self, name: str, started: float) -> None:
        self.telemetry.observe(M.TICK_SECONDS, self.clock.monotonic() - started, stage=name)

    def _deliver(self) -> None:
        while not self.stopping.is_set():
            self._wake_deliveries.clear()
            wait = timedelta(seconds=5.0)
            try:
                now = self.clock.now()
                following = self.stages.alert.deliver(now)
                if following is not None:
                    wait = min(wait, max(timedelta(0), following - now))
            except Exception:  # boundary: the delivery thread; the outbox keeps what was not sent
                logger.exception("deliveries failed and are tried again")
            self._wake_deliveries.wait(max(0.05, wait.total_seconds()))
