"""An outbox over a store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alerts.delivery.delivery import rows
from alerts.delivery.outbox import Outbox
from alerts.recovery import deliveries_of
from core.catalog.catalog import Catalog
from core.catalog.routing import Routes
from core.clock import FakeClock
from core.incident import Reason
from core.telemetry import Telemetry
from tests.alerts.memory_store import MemoryStore
from tests.alerts.messages import NOW, message
from tests.alerts.world import FakeNotifier, routes

PATIENCE_SECONDS = 30.0


ROUTES = routes("mail", "phone", pager={"fallback": "mail"})


@dataclass
class Office:
    """An outbox whose intents are stored as the alert engine stores them."""

    store: MemoryStore = field(default_factory=MemoryStore)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    telemetry: Telemetry = field(default_factory=Telemetry)
    definitions: Routes = field(default_factory=lambda: ROUTES)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Go on with what is in the store; what was only in memory is lost."""
        self.outbox = Outbox(self.store, Catalog(routes=self.definitions), {"desk": self.notifier}, self.telemetry, self.clock)
        self.outbox.load(deliveries_of(self.store.saved()))

    def say(self, reason: str = "opened", channel: str = "mail", incident: str = "i1", **changes: Any) -> str:
        now = self.clock.now()
        with self.outbox.lock:
            identity = self.outbox.log.next_id(incident, channel, Reason(reason))
            said = message(delivery_id=identity, incident_id=incident, reason=Reason(reason), **changes)
            if deliveries := self.outbox.intend(said, channel, now):
                self.store.save({"deliveries": rows(deliveries)})
        return identity

    def deliver(self, after: timedelta = timedelta(0)) -> datetime | None:
        self.clock.advance(after)
        following = self.outbox.deliver(self.clock.now())
        self.outbox.join(PATIENCE_SECONDS)
        return following

    def states(self) -> dict[str, tuple[str, int]]:
        return {f"{row['channel']} {row['reason']}": (row["state"], row["attempts"]) for row in self.store.rows("deliveries")}
