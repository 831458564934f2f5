"""Pages run in Streamlit's own AppTest over a synthetic store in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from andon.health.heartbeat import with_heartbeat
from core.clock import FakeClock
from core.errors import Retryable
from dashboard import app, data
from store.catalogs import StoredCatalogs
from store.client import Store
from store.migrations import migrate
from tests.dashboard.script import page_at
from tests.dashboard.synthetic import NOW, Filler, catalog

_STORES = {"filled", "untouched", "empty", "hostile"}
PAGES = ["board", "transactions", "slas", "incidents", "kpis", "interfaces", "sources"]


@pytest.fixture(autouse=True, scope="session")
def components_found_once() -> Iterator[None]:
    """Every AppTest reads what all installed packages say of themselves, in search of components: half of what a page takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def channels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chart fail that leaves it to Altair to look for the class of a channel (``dashboard/components/charts.py``)."""

    def refuse(*_: object) -> None:
        raise AssertionError("a chart has a channel in short: give alt.X, alt.Text, alt.Tooltip …")

    monkeypatch.setattr("altair.utils.schemapi._FromDict.__init__", refuse)


@pytest.fixture(autouse=True)
def no_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that has kept nothing: AppTest has none of its own, and makes up what it is asked for."""
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.cookies", {})


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run what draws pages of these stores: every other would take seconds to fill them, too."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not _STORES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("pages"))


def _database(folder: Path, name: str, transactions: int, hostile: bool) -> Store:
    admin = Store(f"chdb://{folder}")
    admin.command(f"CREATE DATABASE {name}")
    admin.close()
    opened = Store(f"chdb://{folder}", database=name)
    migrate(opened)
    StoredCatalogs(opened, FakeClock(NOW)).taken(with_heartbeat(catalog(), "env:HEARTBEAT"))  # as the engine does
    if transactions:
        Filler(opened, hostile=hostile).fill(transactions)
    return opened


@pytest.fixture(scope="session")
def filled(engine_folder: Path) -> Iterator[Store]:
    opened = _database(engine_folder, "dashboard_filled", 400, hostile=False)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def untouched(engine_folder: Path) -> Iterator[Store]:
    """What ``filled`` was at first: some tests add rows of one table to that, which figures counted from others do not have."""
    opened = _database(engine_folder, "dashboard_untouched", 400, hostile=False)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def empty(engine_folder: Path) -> Iterator[Store]:
    opened = _database(engine_folder, "dashboard_empty", 0, hostile=False)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def hostile(engine_folder: Path) -> Iterator[Store]:
    opened = _database(engine_folder, "dashboard_hostile", 120, hostile=True)
    yield opened
    opened.close()


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AppTest]:
    """Run one page: ``view(page, store, **query)``; without a store the engine does not answer."""
    st.cache_data.clear()
    st.cache_resource.clear()
    clock = FakeClock(NOW)
    monkeypatch.setattr(app, "_clock", lambda: clock)
    monkeypatch.setenv("ANDON_DATA", str(tmp_path))

    def show(page: str, store: Store | None, **query: str) -> AppTest:
        def connect(*_: object) -> object:
            if store is None:
                raise Retryable("no engine answers")
            return store.reader

        monkeypatch.setattr(data, "connect_reader", connect)
        return page_at(page, query).run()

    return show
