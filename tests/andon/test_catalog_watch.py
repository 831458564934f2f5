"""A running process takes a valid changed catalog, and keeps the one that is in force when the new one is broken."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from andon.catalog_watch import CatalogWatch, load_checked_catalog
from core.catalog.catalog import Catalog
from core.catalog.flow import HEARTBEAT
from core.config import Settings
from core.errors import NoRoom, UsageError
from core.telemetry import M, Telemetry

ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"


class Process:
    """A process that watches a copy of a catalog; ``failing``: what interrupts it while it takes a new one."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder / "data", catalog=Path(shutil.copytree(ORDERS, folder / "catalog")))
        self.flow = self.settings.catalog / "flows" / "orders.yaml"
        self.telemetry = Telemetry()
        self.failing: Exception | None = None
        self.taken: list[str] = []
        self.running = load_checked_catalog(self.settings)
        self.watch = CatalogWatch(self.settings, self.running, self._take, self.telemetry)

    def _take(self, catalog: Catalog) -> None:
        if self.failing is not None:
            raise self.failing
        self.taken.append(catalog.version)

    def change(self, text: str) -> None:
        """Add to the flow's file, and look."""
        self.flow.write_text(self.flow.read_text() + text)
        self.watch.look()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def test_a_checked_catalog_has_the_heartbeats_flow(process: Process) -> None:
    assert HEARTBEAT in process.running.flows
    process.flow.write_text("flow: [")
    with pytest.raises(UsageError, match=r"orders\.yaml:"):
        load_checked_catalog(process.settings)


def test_only_a_change_is_taken_and_only_once(process: Process) -> None:
    process.watch.look()
    assert process.taken == []
    process.change("# changed\n")
    process.watch.look()
    assert len(process.taken) == 1
    assert process.taken[0] != process.running.version


def test_a_broken_catalog_is_refused_and_the_running_one_stays(process: Process) -> None:
    process.change("no: yes: no\n")
    assert process.taken == []
    assert process.telemetry.value(M.CATALOG_RELOAD_OK) == 0
    shutil.copy(ORDERS / "flows" / "orders.yaml", process.flow)
    process.watch.look()
    assert process.taken == [], "it is the one that runs"
    assert process.telemetry.value(M.CATALOG_RELOAD_OK) == 1


def test_what_interrupts_a_reload_lets_it_begin_again_even_with_the_catalog_of_before(process: Process) -> None:
    process.failing = NoRoom("the disk is full")
    with pytest.raises(NoRoom):
        process.change("# changed\n")
    process.failing = None
    shutil.copy(ORDERS / "flows" / "orders.yaml", process.flow)
    process.watch.look()
    assert process.taken == [process.running.version], "half of the changed one may be in force"


def test_a_pipe_or_a_link_to_nothing_stops_nobody(process: Process, tmp_path: Path) -> None:
    os.mkfifo(process.settings.catalog / "flows" / "pipe.yaml")
    (process.settings.catalog / "flows" / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    looking = threading.Thread(target=process.watch.look, daemon=True)
    looking.start()
    looking.join(timeout=60)
    assert not looking.is_alive()
    assert process.telemetry.value(M.CATALOG_RELOAD_OK) == 0
