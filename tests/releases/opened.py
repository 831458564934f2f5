"""Goes on from a release's data folder with the code of today, as an engine does after an upgrade, and says what it found.

One process opens one store, so a test runs ``python -m tests.releases.opened <unpacked folder> <moment of the release's end>``.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import store.reads
from andon.catalog_check import check_catalog
from andon.engine.rebuild import replay_journal
from andon.wiring.pipeline import EngineStore, open_engine_store, pipeline_on
from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from core.telemetry import Telemetry
from store.reads.leadership import Selected
from store.recovery.keeping import is_rebuilding
from store.stages.derived import follow_clocks
from tests.andon.shop import Shop
from tests.releases.content import content_of


def main(folder: Path, now: datetime) -> None:
    """Open, read, go on; print what each gave as one line of JSON."""
    definitions = check_catalog(folder / "catalog").catalog
    settings = Settings(
        data=folder / "data", journal_keep_seconds=86_400, retention_days={}
    )  # the store goes by the true time, and rows are old
    clock = FakeClock(now)
    found: dict[str, Any] = {}
    with open_engine_store(settings, clock, Telemetry()) as opened:
        if is_rebuilding(opened.store):
            found["rebuilt"] = _rebuild(opened, settings, definitions, clock)
        found["tables"] = content_of(opened.store)
        found["reads"] = {name: _size(read(opened.store.reader, **_arguments(read, found["tables"], settings))) for name, read in _reads()}
        found["verdicts"] = _go_on(opened, settings, definitions, clock)
    json.dump(found, sys.stdout, default=str)


def _rebuild(opened: EngineStore, settings: Settings, definitions: Catalog, clock: FakeClock) -> int:
    with pipeline_on(opened.store, settings, definitions, clock, Telemetry(), opened.keeping) as pipeline:
        return replay_journal(pipeline, threading.Event(), lambda _: None).signals


def _go_on(opened: EngineStore, settings: Settings, definitions: Catalog, clock: FakeClock) -> dict[str, list[str]]:
    """Let an order that the release knew be booked and a new one be captured; return the verdicts of each order."""
    shop = Shop(opened.store, settings, clock, itertools.count(1000))
    with pipeline_on(opened.store, settings, definitions, clock, Telemetry(), opened.keeping) as pipeline:
        shop.send(shop.span("5", 5), shop.event("shop.captured", "new", amount=1))
        shop.settle(pipeline)
        follow_clocks(opened.store)
        return shop.verdicts()


def _reads() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every read of the store: the public functions that take a client first."""
    for module in pkgutil.iter_modules(store.reads.__path__):
        named = importlib.import_module(f"store.reads.{module.name}")
        for name, function in inspect.getmembers(named, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), "")
            if first == "client" and function.__module__ == named.__name__ and not name.startswith("_") and name != "frame":
                yield f"{module.name}.{name}", function


def _arguments(read: Callable[..., Any], tables: dict[str, list[dict[str, Any]]], settings: Settings) -> dict[str, Any]:
    """Return what a read must be given, by the name of each parameter without a default."""
    transaction = next(row for row in tables["transactions"] if row["reference"] == "3")
    started = datetime.fromisoformat(transaction["started_at"])
    incident = tables["incidents"][0]["incident_id"]
    known: dict[str, Any] = {
        "folder": settings.journal, "now": started + timedelta(hours=1), "since": started - timedelta(days=1), "ended_after": started - timedelta(days=1), "start": started - timedelta(days=1),
        "end": started + timedelta(days=1), "zone": "UTC", "flow": "orders", "sla": "book", "transaction_id": transaction["transaction_id"],
        "ids": (transaction["transaction_id"],), "trace_ids": (tables["spans"][0]["trace_id"],), "log_ids": (tables["logs"][0]["log_id"],),
        "signal_ids": ("/shop shop.captured-3",), "kind": "spans", "incident_id": incident, "by": "flow", "limit": 10,
        "after": 0, "upto": 1 << 62, "facts": (("orders", "amount"),), "versions": (tables["catalogs"][0]["version"],), "value": "3",
        "quarantine_id": "q_1", "stage": "shipped", "cause": "overdue", "beginning": incident[:8],
        "earlier": started - timedelta(days=2), "promises": (("orders", "book"),), "stations": (("orders", "captured"), ("orders", "booked")),
        "missed": True, "selected": Selected(),
        "resolved": True, "opened": (started + timedelta(hours=1)).replace(tzinfo=UTC), "names": ("amount",), "runbook": "book", "query": "SELECT 1", "values": (), "milestone": "captured", "stages": ("captured",),
        "plant": "", "day": started, "until": started + timedelta(hours=1), "person": "Ana", "source": tables["spans"][0]["source"], "expression": "trace_id",
        "of": ((1, "data.amount"),), "window": tuple((started + timedelta(days=days)).replace(tzinfo=None) for days in (-1, 1)), "seconds": 86_400,
        "least": 1, "sorts": (1,), "fields": (1,), "event_id": "shop.captured-3", "signal_id": next(row["signal_id"] for row in tables["transaction_events"] if row["signal"] == "event"), "targets": ("q_1",),
    }  # fmt: skip
    if read.__module__ in {"store.reads.preview", "store.reads.discovery"}:
        known |= {"kind": "span", "deep": True}
    needed = list(inspect.signature(read).parameters.values())[1:]
    return {one.name: known[one.name] for one in needed if one.default is inspect.Parameter.empty}


def _size(answer: Any) -> int:
    if is_dataclass(answer):  # of several frames
        return sum(_size(part) for part in vars(answer).values() if hasattr(part, "__len__"))
    return len(answer) if hasattr(answer, "__len__") else int(answer or 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
