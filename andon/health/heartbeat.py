"""A synthetic transaction through the whole path: collector, journal, store, correlator.

The engine sends one event of type ``andon.heartbeat`` at a time and looks for its transaction. Its age is a metric and part of readiness,
so a stop anywhere along the path is noticed even when there is no business.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from core.catalog.catalog import Catalog
from core.catalog.flow import HEARTBEAT, HEARTBEAT_EVENT, Flow, Key, Match, Milestone
from core.catalog.source import OWN_SOURCE, Source
from core.clock import Clock, from_milliseconds, to_milliseconds
from core.errors import Retryable, UsageError
from core.signal import Lane
from core.telemetry import M, Telemetry

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("andon.heartbeat")

EVERY_SECONDS = 30.0
LOOK_SECONDS = 5.0
SILENT_AFTER_SECONDS = 120.0
REMEMBERED = 64
"""Recently sent heartbeats that may still come through; identified by their times and not by their order, because the clock may be set
back."""


def with_heartbeat(catalog: Catalog, token: str) -> Catalog:
    """Return the catalog with the heartbeat's own flow and source; ``token`` is a secret reference."""
    flow = Flow(
        flow=HEARTBEAT,
        title="Heartbeat",
        owner="",
        keys={"heartbeat": Key()},
        milestones={"seen": Milestone(system="Andon", match=Match(event=HEARTBEAT_EVENT), keys={"heartbeat": "data.heartbeat"})},
        ends=["seen"],
    )
    source = Source(source=OWN_SOURCE, title="Andon itself", owner="", lane=Lane.CRITICAL, tokens=[token])
    return replace(catalog, flows={**catalog.flows, HEARTBEAT: flow}, sources={**catalog.sources, OWN_SOURCE: source})


class Heartbeat:
    """Sends heartbeats and knows the age of the last one that came through."""

    def __init__(
        self,
        connect: Callable[[], httpx.Client],
        token: str,
        last_seen: Callable[[], datetime | None],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """``connect`` returns an HTTP client of the collector; each heartbeat connects anew, because the certificate may have been renewed.

        ``last_seen`` raises :class:`core.errors.Retryable` while the store does not answer.
        """
        self._connect = connect
        self._token = token
        self._last_seen = last_seen
        self._clock = clock
        self._telemetry = telemetry
        self._started = clock.monotonic()
        self._seen_at: float | None = None
        self._seen: datetime | None = None
        self._sent: deque[datetime] = deque(maxlen=REMEMBERED)

    def run(self, stopping: threading.Event) -> None:
        """Send one every 30 s, whatever became of the previous one, and look for it until it comes through; runs in a thread of its own."""
        while not stopping.is_set():
            self.send()
            following, awaited = self._clock.monotonic() + EVERY_SECONDS, True
            while (left := following - self._clock.monotonic()) > 0:
                if stopping.wait(min(LOOK_SECONDS, left) if awaited else left):
                    return
                awaited = awaited and not self.look()

    def send(self) -> None:
        """Send one heartbeat; if the collector is down, the age will show it."""
        import httpx  # the collector knows the heartbeat's flow, and never sends one

        now = self._clock.now()
        self._sent.append(from_milliseconds(to_milliseconds(now)))  # as exact as the store keeps it
        event = {
            "specversion": "1.0",
            "id": now.isoformat(),
            "source": "/andon/engine",
            "type": HEARTBEAT_EVENT,
            "time": now.isoformat(),
            "data": {"heartbeat": now.isoformat()},
        }
        headers = {"content-type": "application/cloudevents+json", "authorization": f"Bearer {self._token}"}
        try:
            with self._connect() as collector:
                collector.post("/v1/events", json=event, headers=headers).raise_for_status()
        except (httpx.HTTPError, UsageError) as error:
            logger.warning("the heartbeat was not accepted", extra={"fields": {"error": str(error)}})

    def look(self) -> bool:
        """Check whether a newer heartbeat has become a transaction; return it. One from an earlier run does not count."""
        try:
            seen = self._last_seen()
        except Retryable:  # if the store is down, the age will show it
            logger.warning("the store does not say when the last heartbeat came through", exc_info=True)
            seen = None
        newer = seen in self._sent and seen != self._seen
        if newer:
            self._seen, self._seen_at = seen, self._clock.monotonic()
        self._telemetry.set(M.HEARTBEAT_AGE_SECONDS, self.age_seconds())
        return newer

    def age_seconds(self) -> float:
        """Return real seconds since a heartbeat last came through, or since the start."""
        return self._clock.monotonic() - (self._seen_at if self._seen_at is not None else self._started)
