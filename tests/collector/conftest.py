"""A real collector on free ports in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.engine import Collector
from core.catalog.catalog import Catalog
from core.catalog.source import Source, Webhook
from core.clock import SystemClock
from core.config import Settings
from core.signal import Lane, Record
from core.telemetry import M, Telemetry
from journal.format import segments
from journal.reader import read_segment


class Running:
    """A collector at work: its addresses, a client, and what lies in its journal."""

    def __init__(self, engine: Collector, settings: Settings, telemetry: Telemetry, loop: asyncio.AbstractEventLoop) -> None:
        self.engine = engine
        self.settings = settings
        self.telemetry = telemetry
        self.loop = loop
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{engine.http_port}", timeout=60, verify=False)

    def post(self, path: str, content: bytes, content_type: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=content, headers={"content-type": content_type, **named})

    def records(self, lane: Lane = Lane.STANDARD) -> list[Record]:
        found = []
        for path in segments(self.settings.journal, lane):
            for stored in read_segment(path, lane, 0, 1 << 40):
                assert stored.record is not None
                found.append(stored.record)
        return found

    def balance(self, lane: Lane = Lane.STANDARD) -> tuple[int, int, int]:
        """Return received, acknowledged, refused of a lane."""
        totals = {M.RECEIVED: 0, M.ACKNOWLEDGED: 0, M.REFUSED: 0}
        for family in self.telemetry.registry.collect():
            for sample in family.samples:
                for metric in totals:
                    if sample.name == metric.value.name and sample.labels["lane"] == lane.value:
                        totals[metric] += int(sample.value)
        return totals[M.RECEIVED], totals[M.ACKNOWLEDGED], totals[M.REFUSED]


@contextmanager
def running(folder: Path, catalog: Catalog, receivers: dict[str, Any] | None = None, **settings: Any) -> Iterator[Running]:
    telemetry = Telemetry()
    chosen = Settings(data=folder / "data", http_port=0, otlp_grpc_port=0, **settings)
    loop, failed = asyncio.new_event_loop(), threading.Event()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def open_() -> Collector:
        # a collector whose journal fails ends its process, which is the tests' own here
        collector = Collector(chosen, catalog, SystemClock(), telemetry, lambda: receivers or {}, dict, on_journal_failure=failed.set)
        await collector.start()
        return collector

    try:
        collector = asyncio.run_coroutine_threadsafe(open_(), loop).result(120)
        try:
            yield Running(collector, chosen, telemetry, loop)
        finally:
            asyncio.run_coroutine_threadsafe(collector.stop(), loop).result(120)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert not failed.is_set(), "the journal failed: the log says why"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a collector: ``start(catalog, **settings)``."""
    with ExitStack() as stack:
        yield lambda catalog=None, **settings: stack.enter_context(running(tmp_path, catalog or Catalog(), **settings))


@pytest.fixture
def collector(start: Callable[..., Running]) -> Running:
    """A collector with an empty catalog."""
    return start()


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = {
        "TOKEN_CRM": "crm-token-0123456789",
        "HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "OLD_HOOK": "whsec_b2xkIHNlY3JldA==",
        "GITHUB": "It's a Secret",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def catalog(secrets: dict[str, str]) -> Catalog:
    assert secrets
    sources = [
        Source(source="crm", owner="sales", lane=Lane.CRITICAL, tokens=["env:TOKEN_CRM"]),
        Source(source="shop", owner="web", webhook=Webhook(scheme="standard", secrets=["env:HOOK", "env:OLD_HOOK"], type="shop.{type}")),
        Source(source="repo", owner="it", lane=Lane.BULK, webhook=Webhook(scheme="github", secrets=["env:GITHUB"], type="github.{type}")),
    ]
    return Catalog(sources={source.source: source for source in sources})
