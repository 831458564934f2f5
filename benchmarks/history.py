"""What it costs to take in the history of a system: events of three flows over a year, received at once, until every verdict is reached.

The engine is its own (``andon.engine.loop``), on an embedded store and in this process; it begins once all events are in the journal, and
nothing that was missed in the past is told to anybody. *Settled*: no backlog is left, and every transaction is evaluated.

``--profile`` prints where the processor time of Python goes.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from andon.engine.loop import Engine
from andon.wiring.pipeline import pipeline_on
from benchmarks.figures import Figure, show
from core.catalog.load import load_catalog
from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from store.client import open_store
from store.migrations import migrate
from store.recovery.keeping import kept_in_journal

STEPS = ("ordered", "confirmed", "picked", "shipped", "delivered", "invoiced")
FLOWS = ("sales", "purchase", "production")
STAGES = ("load", "correlate", "evaluate", "alert")
STEP = timedelta(hours=9)
_FLOW = """
flow: {flow}
title: The flow {flow}
owner: desk
keys:
  document: {{}}
facts: {{amount: {{type: decimal, currency: currency}}, currency: {{}}, customer: {{}}}}
milestones:
{milestones}
ends: [invoiced]
slas:
  in-time: {{title: Delivered, from: ordered, to: delivered, within: 3 days, severity: warning, runbook: look}}
  billed: {{title: Billed, from: delivered, to: invoiced, within: 8 hours, severity: warning, runbook: look}}
"""
_MILESTONE = "  {step}: {{system: ERP, match: {{event: {flow}.{step}}}, keys: {{document: data.document}}{facts}}}"
_FACTS = ", facts: {amount: data.amount, currency: data.currency, customer: data.customer}"


def catalog_in(folder: Path) -> Path:
    """Write a catalog of three flows, and return its folder."""
    for name in ("flows", "runbooks"):
        (folder / name).mkdir(parents=True)
    for flow in FLOWS:
        milestones = (_MILESTONE.format(flow=flow, step=step, facts="" if number else _FACTS) for number, step in enumerate(STEPS))
        (folder / "flows" / f"{flow}.yaml").write_text(_FLOW.format(flow=flow, milestones="\n".join(milestones)))
    (folder / "runbooks" / "look.md").write_text("---\nrunbook: look\ntitle: Look\n---\n1. Look.\n")
    (folder / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    return folder


def events(count: int, now: datetime) -> Iterator[bytes]:
    """Yield events in the order of their times; the last of the documents are under way."""
    documents = count // (len(FLOWS) * len(STEPS))
    apart = timedelta(days=365) / max(1, documents)
    found: list[tuple[datetime, dict[str, Any]]] = []
    for number, flow in itertools.product(range(documents), FLOWS):
        for position, step in enumerate(STEPS):
            at = now - timedelta(days=365) + number * apart + position * STEP
            data = {"document": f"{flow[:2]}{number:07}", "amount": 120.5 + number, "currency": "EUR", "customer": f"C-{number % 97}"}
            fields = {
                "specversion": "1.0",
                "id": f"{flow}-{number}-{step}",
                "source": "/erp",
                "type": f"{flow}.{step}",
                "time": at.isoformat(),
            }
            if at < now:
                found.append((at, {**fields, "data": data}))
    yield from (msgspec.json.encode(event) for _, event in sorted(found, key=lambda one: one[0]))


def _journal(settings: Settings, bodies: list[bytes], now: datetime) -> None:
    path = segment_path(settings.journal, "bench", Lane.STANDARD, 1)
    make_folder(path.parent)
    segment = SegmentWriter(path)
    at = to_milliseconds(now)
    segment.append([make_row(Record(SignalKind.EVENT, "erp", Lane.STANDARD, at, 1, body)) for body in bodies])
    segment.close(at)


class History:
    """An engine before a journal that holds a history."""

    def __init__(self, folder: Path, count: int, stack: ExitStack) -> None:
        now = datetime.now(UTC)
        self._clock = FakeClock(now)
        settings = Settings(data=folder / "data")
        make_folder(settings.store_folder)
        self._store = open_store(settings)
        stack.callback(self._store.close)
        migrate(self._store)
        keeping = stack.enter_context(kept_in_journal(self._store, settings, self._clock))
        catalog = load_catalog(catalog_in(folder / "catalog")).catalog
        bodies = list(events(count, now))
        self.events = len(bodies)
        _journal(settings, bodies, now)
        self._pipeline = stack.enter_context(pipeline_on(self._store, settings, catalog, self._clock, Telemetry(), keeping))
        self.stages: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        """Processor seconds by stage."""
        stages = self._pipeline.stages
        for name in STAGES[1:]:
            stage: Any = getattr(stages, name)
            stage.run = self._timed(name, stage.run)
        self._engine = Engine(replace(stages, load=self._timed("load", stages.load)), self._clock, Telemetry())

    def settle(self) -> int:
        """Tick until nothing is left, and return how many ticks that took."""
        for ticks in itertools.count(1):
            self._engine.tick()
            if not self._pipeline.loader.waits(Lane) and not self._engine.owed:
                self._store.flush()
                return ticks
            self._clock.advance(timedelta(milliseconds=500))
        raise AssertionError

    def decided(self) -> int:
        """Return how many verdicts were reached."""
        return int(self._store.rows("SELECT count() AS n FROM clocks FINAL WHERE verdict IN ('met', 'met_late', 'breached')")[0]["n"])

    def _timed(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            started = time.process_time()
            try:
                return run(*arguments, **named)
            finally:
                self.stages[name] += time.process_time() - started

        return call


def main() -> None:
    """Take in a history, and show what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=24_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        history = History(Path(folder), options.events, stack)
        profile = cProfile.Profile(time.process_time)
        began, processor = time.monotonic(), time.process_time()
        if options.profile:
            profile.enable()
        ticks = history.settle()
        profile.disable()
        seconds, processor = time.monotonic() - began, time.process_time() - processor
        figures = [
            Figure("received → settled", f"{history.events / seconds:,.0f} events/s", "≥ 10,000 events/s"),
            Figure("processor time of an event", f"{processor / history.events * 1e6:.0f} µs", ""),
            *(Figure(f"- {stage}", f"{taken / history.events * 1e6:.0f} µs", "") for stage, taken in history.stages.items()),
            Figure("ticks", str(ticks), ""),
            Figure("verdicts reached", f"{history.decided():,}", ""),
        ]
    show(f"History of {history.events:,} events of {len(FLOWS)} flows", figures)
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
