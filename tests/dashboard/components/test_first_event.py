"""What is proposed to be sent first begins a transaction by the catalog in force, and goes where this Andon listens."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from andon.commands.init import STARTERS
from core.catalog.catalog import Catalog
from core.catalog.load import load_catalog
from core.clock import FakeClock
from core.config import Settings
from dashboard.components.first_event import first_event
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from tests.dashboard.synthetic import NOW

SHIPPED = Path(__file__).parents[3] / "catalog"


def proposed(catalog: Catalog, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the address and the event of the command."""
    clock = FakeClock(NOW)
    command = first_event(Context(Data(Settings(data=folder), clock), catalog, clock, Zone(), http_port=7318))
    words = shlex.split(command.replace("\\\n", " "))
    assert words[0] == "curl"
    return words[1], json.loads(words[words.index("-d") + 1])


@pytest.mark.parametrize(
    ("folder", "type_", "data"),
    [
        (SHIPPED, "crm.order.captured", {"orderId": "4711"}),
        (STARTERS / "orders", "shop.order.captured", {"orderId": "4711"}),
    ],
)
def test_the_event_is_one_of_the_catalog_with_its_keys(folder: Path, type_: str, data: dict[str, Any], tmp_path: Path) -> None:
    address, event = proposed(load_catalog(folder).catalog, tmp_path)
    assert address == "http://127.0.0.1:7318/v1/events"
    assert (event["type"], {name: event["data"][name] for name in data}) == (type_, data)
    assert {"specversion", "id", "source"} <= set(event)


def test_nothing_is_proposed_where_no_milestone_is_an_event(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    assert first_event(Context(Data(Settings(data=tmp_path), clock), Catalog(), clock, Zone())) == ""
