"""An engine that finds no room to open its store waits for it, says so at its port, and tells it to the first channel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from andon.catalog_check import check_catalog
from andon.engine.wait_for_disk import run_when_disk_has_room
from andon.wiring.pipeline import alerting_without_store
from core.clock import SystemClock
from core.config import Settings
from core.errors import NoRoom
from core.telemetry import Telemetry
from tests import plain_http
from tests.e2e.sinks import Sink, http_sink
from tests.faults.file_systems import FileSystem, file_system
from tests.ports import free_port
from tests.waiting import wait_until

CATALOG = Path(__file__).parents[3] / "tests" / "catalogs" / "orders"
PATIENCE_SECONDS = 120.0


@dataclass
class Start:
    """A start on a small disk, in a thread; ``ran``: how often the engine was run."""

    settings: Settings
    disk: FileSystem
    desk: Sink
    refuse: int = 0
    ran: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def arguments(self) -> tuple[Any, ...]:
        clock, catalog = SystemClock(), check_catalog(CATALOG).catalog
        alerting = partial(alerting_without_store, self.settings, catalog, clock)
        return self.settings, clock, Telemetry(), self.stopping, alerting, self._run

    def begin(self) -> threading.Thread:
        thread = threading.Thread(target=run_when_disk_has_room, args=self.arguments(), daemon=True)
        thread.start()
        return thread

    def told(self) -> list[tuple[str, str]]:
        return [(message["stage"], message["reason"]) for message in self.desk.messages]

    def health(self) -> tuple[int, int, list[str]]:
        ready = plain_http.get(f"{self.settings.engine_url}/readyz", timeout=PATIENCE_SECONDS)
        return (
            plain_http.get(f"{self.settings.engine_url}/healthz", timeout=PATIENCE_SECONDS).status_code,
            ready.status_code,
            ready.json()["problems"],
        )

    def _run(self) -> None:
        self.ran += 1
        if self.ran <= self.refuse:
            raise NoRoom("the disk of the store accepts no more")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    with file_system(tmp_path, mebibytes=64, inodes=2_000) as disk, http_sink() as desk:
        monkeypatch.setenv("ANDON_TEST_WEBHOOK", desk.url)
        monkeypatch.setenv("ANDON_TEST_WEBHOOK_SECRET", "whsec_dGVzdA==")
        made = Start(Settings(data=disk.root / "data", engine_port=free_port()), disk, desk)
        made.settings.store_folder.mkdir(parents=True)
        made.settings.journal.mkdir()
        (made.settings.store_folder / "metadata").touch()
        yield made
        made.stopping.set()


@pytest.mark.parametrize("fault", ["disk-full", "disk-out-of-inodes", "disk-read-only"])
def test_it_waits_says_why_tells_it_and_goes_on(start: Start, fault: str) -> None:
    begin = {"disk-full": start.disk.fill, "disk-out-of-inodes": start.disk.take_inodes, "disk-read-only": lambda: start.disk.mount("ro")}
    begin[fault]()
    thread = start.begin()
    wait_until(lambda: start.told() == [(fault, "opened")], PATIENCE_SECONDS, "it is told")
    healthy, ready, problems = start.health()
    assert (healthy, ready, problems[-1]) == (200, 503, "there is no room to open the store")
    assert problems[0].startswith(f"The disk of {start.settings.journal} ")
    assert start.ran == 0
    if fault == "disk-read-only":
        start.disk.mount("rw")
    start.disk.make_room()
    thread.join(PATIENCE_SECONDS)
    assert (thread.is_alive(), start.ran) == (False, 1)
    assert start.told() == [(fault, "opened"), (fault, "resolved")]


def test_a_start_that_meets_no_room_is_tried_again_and_one_that_is_stopped_is_not(start: Start) -> None:
    start.refuse = 1
    start.begin().join(PATIENCE_SECONDS)
    assert start.ran == 2
    start.disk.fill()
    waiting = start.begin()
    wait_until(start.told, PATIENCE_SECONDS, "it waits")
    start.stopping.set()
    waiting.join(PATIENCE_SECONDS)
    assert not waiting.is_alive()


def test_the_very_first_start_does_not_wait(start: Start) -> None:
    (start.settings.store_folder / "metadata").unlink()
    start.refuse = 1
    with pytest.raises(NoRoom):
        run_when_disk_has_room(*start.arguments())
