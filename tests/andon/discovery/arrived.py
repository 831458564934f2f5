"""What arrived, for a proposal: a run of the plant, and logs of real and simulated processes that others published."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from andon.catalog_check import check_catalog
from andon.discovery.discover import discover
from andon.discovery.proposal import Proposal
from andon.discovery.written import files_of
from core.catalog.catalog import Catalog
from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from plant.builders import Recording
from plant.run import SOURCE_OF_SERVICE
from store.client import Store
from store.loading.slice import SliceWriter

SHARED = Path(__file__).parents[4] / "shared" / "data"
AT = datetime(2026, 3, 2, 7, tzinfo=UTC)
"""When the plant goes live."""
RECEIVED = to_milliseconds(datetime(2026, 4, 1, tzinfo=UTC))
Event = tuple[str, str, Any]
"""Type, time and data."""


def proposed(store: Store) -> Proposal:
    return discover(store.reader, store, seconds=30 * 86_400, limit=100_000)


def written(proposal: Proposal, folder: Path) -> tuple[Catalog, str]:
    """Return the proposed catalog, checked, and all that was written."""
    files = files_of(proposal)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return check_catalog(folder).catalog, "".join(files.values())


def shared(name: str) -> Path:
    """Return a file of the data that is not ours; without it the test is skipped."""
    if not (SHARED / name).exists():
        pytest.skip(f"needs {SHARED / name}, which is not part of the project")
    return SHARED / name


def write_recording(store: Store, recording: Recording) -> None:
    _write(store, [Record(each.kind, SOURCE_OF_SERVICE[each.service], Lane.STANDARD, RECEIVED, 1, each.body) for each in recording.inputs])


def write_events(store: Store, events: Iterable[Event]) -> None:
    bodies = [
        json.dumps({"specversion": "1.0", "id": str(number), "source": "/shop", "type": type_, "time": at, "data": data})
        for number, (type_, at, data) in enumerate(events)
    ]
    _write(store, [Record(SignalKind.EVENT, "default", Lane.STANDARD, RECEIVED, 1, body.encode()) for body in bodies])


def _write(store: Store, records: list[Record]) -> None:
    assert SliceWriter(store).write(records, 1) == []


def order_management() -> Iterator[Event]:
    """2,000 orders with items and packages; an order lists its items, and a package those in it, as such documents do."""
    database = sqlite3.connect(f"file:{shared('ocel2_order_management.sqlite')}?mode=ro&immutable=1", uri=True)
    times: dict[str, str] = {}
    for (table,) in database.execute("SELECT ocel_type_map FROM event_map_type").fetchall():
        times |= dict(database.execute(f'SELECT ocel_id, ocel_time FROM "event_{table}"').fetchall())
    types = {str(id_): type_.removesuffix("s") for id_, type_ in database.execute("SELECT ocel_id, ocel_type FROM object")}
    inside = defaultdict(list)
    for one, other in database.execute("SELECT ocel_source_id, ocel_target_id FROM object_object"):
        if types.get(str(other)) == "item" and types.get(str(one)) in {"order", "package"}:
            inside[str(one)].append({"item": str(other)})
    beside: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for event, thing in database.execute("SELECT ocel_event_id, ocel_object_id FROM event_object"):
        beside[event][types[str(thing)]].append(str(thing))
    for event, type_ in database.execute("SELECT ocel_id, ocel_type FROM event").fetchall():
        data: dict[str, Any] = {name: ids[0] if len(ids) == 1 else ids for name, ids in beside[event].items()}
        if type_ in {"place order", "create package"}:
            data["items"] = [item for name in ("order", "package") for id_ in beside[event].get(name, ()) for item in inside[id_]]
        yield f"shop.{type_.replace(' ', '-')}", f"{times[event].replace(' ', 'T')}Z", data


def purchase_to_pay() -> Iterator[Event]:
    """80 purchases with names like those of SAP; an event's data are the things it is about, by their types."""
    log = json.loads(shared("ocel1_purchase_to_pay.jsonocel").read_bytes())
    types = {name: thing["ocel:type"] for name, thing in log["ocel:objects"].items()}
    for event in log["ocel:events"].values():
        data = defaultdict(list)
        for thing in event["ocel:omap"]:
            data[types[thing]].append(thing)
        named = {name: ids[0] if len(ids) == 1 else ids for name, ids in data.items()}
        yield f"p2p.{event['ocel:activity'].replace(' ', '-')}", event["ocel:timestamp"], named


def help_desk() -> Iterator[Event]:
    """A real help desk: 4,580 tickets."""
    text = gzip.decompress(shared("helpdesk_service_levels.xes.gz").read_bytes()).decode()
    for trace in re.findall(r"<trace>(.*?)</trace>", text, re.DOTALL):
        ticket = re.search(r'concept:name" value="([^"]*)"', trace)
        assert ticket is not None
        for event in re.findall(r"<event>(.*?)</event>", trace, re.DOTALL):
            said = dict(re.findall(r'key="([^"]*)" value="([^"]*)"', event))
            data = {"ticket": ticket[1], **{name.replace(":", "_"): value for name, value in said.items()}}
            yield f"desk.{data.pop('concept_name').replace(' ', '-')}", data.pop("time_timestamp"), data
