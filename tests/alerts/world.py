"""The alert stage over a real store, as tests of it see it: clocks that change, people who act, a notifier that keeps what it gets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.engine import AlertEngine
from alerts.notifier import Attempt
from core.catalog.catalog import Catalog
from core.catalog.routing import Channel, Routes
from core.clock import FakeClock
from core.condition import Conditions
from core.config import Settings
from core.errors import AndonError, Retryable
from core.incident import Message
from core.telemetry import Telemetry
from store.client import Store
from store.incidents import StoredIncidents

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class FakeNotifier:
    """A notifier that keeps what it gets, by channel, or does not take it: all of it, or what is for the channels in ``errors``."""

    name: str = "desk"
    down: bool = False
    errors: dict[str, AndonError] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)
    by_channel: dict[str, list[Message]] = field(default_factory=dict)
    attempted: list[str] = field(default_factory=list)
    after: Callable[[], None] = lambda: None

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        channel = settings.get("channel", "desk")
        self.attempted.append(channel)
        if self.down:
            raise Retryable("down")
        if channel in self.errors:
            raise self.errors[channel]
        self.received.append(message)
        self.by_channel.setdefault(channel, []).append(message)
        self.after()
        return Attempt("ok")

    @property
    def reasons(self) -> list[str]:
        return [message.reason.value for message in self.received]

    def reasons_of(self, channel: str) -> list[str]:
        return [message.reason.value for message in self.by_channel.get(channel, [])]


def routes(*names: str, routes: list[dict[str, Any]] | None = None, **channels: Any) -> Routes:
    """Return routes over channels of these names; each channel tells its notifier which one it is."""
    defined = {name: {"type": "desk", "settings": {"channel": name}} for name in names}
    for name, more in channels.items():
        defined[name] = {"type": "desk", "settings": {"channel": name}, **more}
    return Routes.model_validate({"channels": defined, "routes": routes or []})


def catalog() -> Catalog:
    return Catalog(routes=Routes(channels={"desk": Channel(type="desk")}))


@dataclass
class World:
    store: Store
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    revisions: Any = field(default_factory=lambda: itertools.count(1))
    verdicts: dict[str, str] = field(default_factory=dict)
    catalog: Catalog = field(default_factory=catalog)
    conditions: Conditions = field(default_factory=Conditions)

    def engine(self, port: Any = None) -> AlertEngine:
        store = port or StoredIncidents(self.store)
        return AlertEngine(store, self.catalog, {"desk": self.notifier}, Settings(), Telemetry(), self.clock, self.conditions)

    def clocks(
        self,
        count: int,
        verdict: str,
        *,
        first: int = 0,
        cause: str = "overdue",
        severity: str = "critical",
        due: timedelta = timedelta(0),
        **other: Any,
    ) -> None:
        moment = self.clock.now()
        constant = {
            "flow": "orders", "sla": "book", "revision": next(self.revisions), "stage": "booked", "started_at": moment, "warn_at": moment,
            "due_at": moment + due, "verdict": verdict, "verdict_version": 1, "verdict_at": moment, "cause": cause, "severity": severity,
            "owner": "desk", "value": 10.0, "currency": "EUR", "customer": "ACME", "plant": "DE07", "removed": 0,
            **other,
        }  # fmt: skip
        names = [f"{number:032x}" for number in range(first, first + count)]
        keys = [f"{other.get('sla', 'book')} {name}" for name in names]
        previous = [self.verdicts.get(key, "") for key in keys]
        self.verdicts.update(dict.fromkeys(keys, verdict))
        columns = {"transaction_id": names, "reference": names, "previous": previous}
        self.store.insert("clocks", {**columns, **{name: [value] * count for name, value in constant.items()}})

    def turn(self, engine: AlertEngine) -> None:
        engine.run(self.clock.now())
        engine.deliver(self.clock.now())
        engine.settle()

    def later(self, engine: AlertEngine, **by: float) -> None:
        """Let time pass, then take a turn."""
        self.clock.advance(timedelta(**by))
        self.turn(engine)

    def act(self, engine: AlertEngine, action: Callable[..., Any], *arguments: Any) -> Any:
        """Apply an action of :mod:`alerts.actions` that begins with the open incidents and ends with the time."""
        now = self.clock.now()
        return engine.act(lambda incidents, _: action(incidents, *arguments, now), now)
