"""The heartbeat's age tells of a stop anywhere on the road, and only of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from andon.engine.server import EngineServer
from andon.health.heartbeat import EVERY_SECONDS, LOOK_SECONDS, SILENT_AFTER_SECONDS, Heartbeat, with_heartbeat
from core.catalog.flow import HEARTBEAT
from core.catalog.load import load_catalog
from core.clock import FakeClock
from core.config import Settings
from core.errors import Retryable
from core.telemetry import M, Telemetry
from tests import plain_http
from tests.e2e.sinks import Sink, http_sink
from tests.ports import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from andon.health.backlog import BacklogWatch
    from andon.health.disk_watch import DiskWatch

NOW = datetime(2026, 3, 27, 14, 50, 0, 123_456, tzinfo=UTC)


@dataclass
class Road:
    """A collector on loopback and a store that hears what it took; both can be down. Waiting takes no time but the clock's."""

    sink: Sink
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    telemetry: Telemetry = field(default_factory=Telemetry)
    earlier: datetime | None = None
    store_is_down: bool = False
    ages: list[float] = field(default_factory=list)
    at: dict[float, Callable[[], None]] = field(default_factory=dict)
    """What happens so many seconds after the start."""
    end_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.heartbeat = Heartbeat(lambda: httpx.Client(base_url=self.sink.url), "secret", self.last_seen, self.clock, self.telemetry)

    def last_seen(self) -> datetime | None:
        if self.store_is_down:
            raise Retryable("connection refused")
        if not self.sink.messages:
            return self.earlier
        sent = datetime.fromisoformat(self.sink.messages[-1]["data"]["heartbeat"])
        return sent.replace(microsecond=sent.microsecond // 1000 * 1000)

    def run(self, seconds: float) -> None:
        self.end_seconds = seconds
        self.heartbeat.run(self)  # which waits as the event does that it stands for

    def is_set(self) -> bool:
        return self.passed >= self.end_seconds

    def wait(self, seconds: float) -> bool:
        self.clock.advance(timedelta(seconds=seconds))
        for moment in [moment for moment in self.at if moment <= self.passed]:
            self.at.pop(moment)()
        self.ages.append(self.heartbeat.age_seconds())
        return self.is_set()

    @property
    def passed(self) -> float:
        return (self.clock.now() - NOW).total_seconds()

    def metric(self) -> float:
        return self.telemetry.value(M.HEARTBEAT_AGE_SECONDS)

    def answer(self, status: int) -> Callable[[], None]:
        return lambda: setattr(self.sink, "status", status)


@pytest.fixture
def road() -> Iterator[Road]:
    with http_sink() as sink:
        yield Road(sink)


@contextmanager
def served(road: Road, folder: Path) -> Iterator[Callable[[], httpx.Response]]:
    """The engine's server over this heartbeat, an engine that ticks and nothing else; give its answer to ``/readyz``."""
    settings = Settings(data=folder, engine_port=free_port())
    parts: list[Any] = [
        lambda _: [],
        SimpleNamespace(clock=road.clock, last_tick=1.0),
    ]
    behind = cast("BacklogWatch", SimpleNamespace(backlog=None))
    disks = cast("DiskWatch", SimpleNamespace(problems=[]))
    server = EngineServer(settings, *parts, road.heartbeat, behind, disks, road.telemetry)
    server.start()
    try:
        wait_until(lambda: plain_http.get(f"{settings.engine_url}/metrics").status_code == 200, 10, "the server answers")
        yield lambda: plain_http.get(f"{settings.engine_url}/readyz")
    finally:
        server.stop()


def test_the_age_rises_from_the_start_and_falls_with_every_heartbeat_that_came_through(road: Road) -> None:
    road.run(10 * 60)

    assert len(road.sink.messages) == pytest.approx(10 * 60 / EVERY_SECONDS, abs=1)
    assert road.sink.requests[0][0]["authorization"] == "Bearer secret"
    assert max(road.ages) <= EVERY_SECONDS + LOOK_SECONDS
    assert road.metric() <= LOOK_SECONDS


def test_one_that_was_not_taken_is_followed_by_another_in_time(road: Road) -> None:
    """A collector that starts again misses one; that is no reason to alarm anybody."""
    road.at = {25: road.answer(503), 45: road.answer(200)}

    road.run(5 * 60)

    assert max(road.ages) <= 2 * EVERY_SECONDS + LOOK_SECONDS < SILENT_AFTER_SECONDS


def test_the_engine_is_not_ready_while_the_collector_is_down_and_says_why(road: Road, tmp_path: Path) -> None:
    with served(road, tmp_path) as readyz:
        road.run(60)
        assert (readyz().status_code, readyz().json()) == (200, {"ready": True, "problems": []})

        road.sink.status = 503
        road.run(60 + SILENT_AFTER_SECONDS + LOOK_SECONDS)
        answer = readyz()
        assert answer.status_code == 503
        assert answer.json()["problems"] == [f"no heartbeat for {road.heartbeat.age_seconds():.0f} s: is the collector running?"]
        assert road.metric() > SILENT_AFTER_SECONDS

        road.sink.status = 200
        road.run(road.passed + EVERY_SECONDS + LOOK_SECONDS)
        assert readyz().status_code == 200


def test_a_heartbeat_of_an_earlier_run_is_no_news(road: Road) -> None:
    road.earlier, road.sink.status = NOW - timedelta(seconds=2), 503

    road.run(60)

    assert road.heartbeat.age_seconds() == road.passed


def test_a_store_that_does_not_answer_for_a_while_ends_nothing(road: Road) -> None:
    road.at = {40: lambda: setattr(road, "store_is_down", True), 300: lambda: setattr(road, "store_is_down", False)}

    road.run(10 * 60)

    assert max(road.ages) > SILENT_AFTER_SECONDS
    assert road.metric() <= LOOK_SECONDS


def test_the_catalog_keeps_everything_when_the_heartbeats_flow_and_source_are_added() -> None:
    catalog = load_catalog(Path(__file__).parents[3] / "catalog").catalog
    found = with_heartbeat(catalog, "env:TOKEN")
    assert set(found.flows) - set(catalog.flows) == {HEARTBEAT}
    assert {name for name in vars(catalog) if getattr(found, name) != getattr(catalog, name)} == {"flows", "sources"}
    assert found.rates is not None
