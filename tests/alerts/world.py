"""The alert stage as tests of it see it, over a store in memory or a real one: clocks that change, people who act, a notifier that keeps
what it gets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from alerts.engine import AlertEngine
from alerts.notifier import Attempt
from alerts.ports import IncidentStore
from core.catalog.catalog import Catalog
from core.catalog.routing import Channel, Routes
from core.clock import FakeClock
from core.condition import Conditions
from core.config import Settings
from core.errors import AndonError, Retryable
from core.incident import Message
from core.telemetry import Telemetry
from store.client import Store
from store.stages.incidents import StoredIncidents
from tests.alerts.clocks import at, clocks
from tests.alerts.memory_store import MemoryStore

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
    answer: Attempt = field(default_factory=lambda: Attempt("ok"))

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
        return self.answer

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
    """The stage over a store in memory."""

    store: MemoryStore = field(default_factory=MemoryStore)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    catalog: Catalog = field(default_factory=catalog)
    conditions: Conditions = field(default_factory=Conditions)

    def engine(self, port: Any = None) -> AlertEngine:
        """Return an engine that has just been started: it knows what the store says."""
        store = port or self.port()
        return AlertEngine(store, self.catalog, {"desk": self.notifier}, Settings(), Telemetry(), self.clock, self.conditions)

    def port(self) -> IncidentStore:
        return self.store

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the current rows of a table."""
        return self.store.rows(table)

    def clocks(self, count: int, verdict: str, *, first: int = 0, due: timedelta = timedelta(0), **other: Any) -> None:
        """Let clocks of the orders ``first`` to ``first + count - 1`` change to a verdict."""
        moment = self.clock.now()
        self.put(clocks(verdict, count, first=first, moment=moment, due_at=at(moment + due), **other))

    def put(self, frame: pd.DataFrame) -> None:
        self.store.clocks.append(frame)

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


@dataclass
class StoredWorld(World):
    """The stage over the real store."""

    database: Store = field(kw_only=True)
    revisions: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    verdicts: dict[str, str] = field(default_factory=dict)

    def port(self) -> IncidentStore:
        return StoredIncidents(self.database)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.database.rows(f"SELECT * FROM {table}{'' if table == 'actions' else ' FINAL'}")

    def put(self, frame: pd.DataFrame) -> None:
        keys = [f"{sla} {name}" for sla, name in zip(frame["sla"], frame["transaction_id"], strict=True)]
        columns = {str(name): list(frame[name]) for name in frame.columns}
        for name in ("due_at", "verdict_at"):
            columns[name] = [moment.to_pydatetime().replace(tzinfo=UTC) for moment in frame[name]]
        columns |= {"started_at": columns["verdict_at"], "warn_at": columns["verdict_at"], "verdict_version": [1] * len(frame)}
        columns |= {"revision": [next(self.revisions)] * len(frame), "previous": [self.verdicts.get(key, "") for key in keys]}
        self.verdicts.update(zip(keys, frame["verdict"], strict=True))
        self.database.insert("clocks", columns)
