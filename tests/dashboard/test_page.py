"""The contract of a page, kept by every one of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dashboard.pages
from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from core.registry import discover
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context, Page
from tests.dashboard.conftest import PAGES


def test_every_page_keeps_the_contract() -> None:
    found = discover(dashboard.pages, "PAGE", Page)
    assert set(PAGES) == set(found), "name every page in PAGES of tests/dashboard/conftest.py"
    assert len({page.order for page in found.values()}) == len(found)
    assert len({page.url_path for page in found.values()}) == len(found)
    for page in found.values():
        assert re.fullmatch(r":material/[a-z_]+:", page.icon)
        assert re.fullmatch(r"[a-z][a-z-]*", page.url_path)


def test_a_context_asks_by_the_minute_so_that_answers_are_shared(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 3, 27, 15, 5, 9, 123, tzinfo=UTC))
    given = Context(Data(Settings(data=tmp_path), clock), Catalog(), clock, Zone())
    assert given.minute == datetime(2026, 3, 27, 15, 5, tzinfo=UTC)
    clock.advance(timedelta(seconds=50))
    assert given.minute == datetime(2026, 3, 27, 15, 5, tzinfo=UTC)
    assert given.now == datetime(2026, 3, 27, 15, 5, 59, 123, tzinfo=UTC)


def test_a_clock_of_another_speed_is_a_simulated_one(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    data = Data(Settings(data=tmp_path), clock)
    assert [Context(data, Catalog(), clock, Zone(), speed=speed).simulated for speed in (1.0, 60.0, 0.5)] == [False, True, True]
