"""The engine on a disk that takes no more: it says so, tells what is due from memory, and tells nothing twice once there is room."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import plain_http
from tests.e2e.sinks import Sink, http_sink
from tests.faults.file_systems import FileSystem, file_system
from tests.product import Product, running
from tests.waiting import wait_until

CATALOG = Path(__file__).parents[1] / "catalogs" / "orders"
WITHIN_SECONDS = {"booked": 4, "shipped": 86_400}  # what the catalog allows from captured to these
PATIENCE_SECONDS = 180.0
SOAK = "ANDON_ROUNDS" in os.environ
"""``make soak``: every fault, and an engine that is killed meanwhile."""
WAITING = {"0", "7", "23", "128", "202", "219", "230", "232", "270", "271", "281"}
"""The system calls (x86-64) of a thread that waits for another one, for a time or for input, and changes no file meanwhile."""
log = logging.getLogger("disk")


@dataclass
class Plant:
    """A product whose data lies on a small disk, and the desk that it tells."""

    product: Product
    disk: FileSystem
    desk: Sink

    def capture(self, order: str, due_in_seconds: float, stage: str = "booked") -> httpx.Response:
        """Send an order that must have reached a stage so soon."""
        moment = datetime.now(UTC) + timedelta(seconds=due_in_seconds - WITHIN_SECONDS[stage])
        data = {"order": order, "amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"}
        event = {"specversion": "1.0", "id": order, "source": "/shop", "type": "shop.order.captured", "time": moment.isoformat()}
        headers = {"content-type": "application/cloudevents+json"}
        return plain_http.post(f"{self.product.collector_url}/v1/events", json={**event, "data": data}, headers=headers)

    def ship(self, order: str) -> httpx.Response:
        """Send that an order is shipped."""
        event = {
            "specversion": "1.0",
            "id": f"{order} shipped",
            "source": "/wms",
            "type": "wms.order.shipped",
            "time": datetime.now(UTC).isoformat(),
        }
        headers = {"content-type": "application/cloudevents+json"}
        return plain_http.post(f"{self.product.collector_url}/v1/events", json={**event, "data": {"order": order}}, headers=headers)

    def told(self, stage: str) -> list[str]:
        return [message["reason"] for message in self.desk.messages if message["stage"] == stage]

    def told_at(self, stage: str, after: float = 0.0) -> float:
        """Return when the first message about a stage came that came after then."""

        def found() -> float:
            said = zip(self.desk.arrivals, self.desk.messages, strict=False)
            return next((at for at, message in said if message["stage"] == stage and at > after), 0.0)

        return float(wait_until(found, PATIENCE_SECONDS, f"{stage} is told"))

    def fill_before_a_deadline(self, name: str, begin: Callable[[FileSystem], Any], stage: str) -> tuple[float, float]:
        """Let a fault begin while orders run that are due soon; return when that is, and when it was. A slow machine gets more time."""
        for seconds in (8, 16, 32, 64):
            due = time.monotonic() + seconds
            orders = {f"{name}-{seconds}-{number}" for number in range(5)}
            for order in orders:
                assert self.capture(order, due - time.monotonic(), stage).status_code == 200
            wait_until(lambda orders=orders: orders <= self.clocks(), PATIENCE_SECONDS, "the clocks run")
            began = time.monotonic()
            begin(self.disk)
            if time.monotonic() < due - 1:
                return due, began
            self.disk.make_room()
        raise AssertionError("no deadline was far enough away")

    def hang_before_a_deadline(self) -> float:
        """Let the disk hang while five orders run that are due soon, the last met by a signal that the engine has not read; return when."""
        for seconds in (20, 40, 80, 160):
            due = time.monotonic() + seconds
            orders = {f"hang-{number}" for number in range(5)}
            for order in orders:
                assert self.capture(order, due - time.monotonic(), "shipped").status_code == 200
            wait_until(lambda orders=orders: orders <= self.clocks(), PATIENCE_SECONDS, "the clocks run")
            wait_until(self.stop_idle, PATIENCE_SECONDS, "the engine is stopped between two ticks", pause=0.02)
            assert self.ship("hang-4").status_code == 200
            if time.monotonic() < due - 1:
                self.disk.freeze()
                os.killpg(self.product.processes["engine"].pid, signal.SIGCONT)
                return due
        raise AssertionError("no deadline was far enough away")

    def stop_idle(self) -> bool:
        """Stop the engine if all its threads wait: a table that is frozen while a part is committed cannot be read either."""
        engine = self.product.processes["engine"].pid
        os.killpg(engine, signal.SIGSTOP)
        calls = [task.read_text().split()[0] for task in Path(f"/proc/{engine}/task").glob("*/syscall")]
        if calls and all(call in WAITING for call in calls):
            return True
        os.killpg(engine, signal.SIGCONT)
        return False

    def health(self) -> tuple[int, int, list[str]]:
        """Return the codes of the engine's /healthz and /readyz, and the problems that it names."""
        ready = plain_http.get(f"{self.product.engine_url}/readyz", timeout=PATIENCE_SECONDS)
        return (
            plain_http.get(f"{self.product.engine_url}/healthz", timeout=PATIENCE_SECONDS).status_code,
            ready.status_code,
            ready.json()["problems"],
        )

    def clocks(self) -> set[str]:
        return {row[0] for row in self.product.query("SELECT reference FROM clocks FINAL WHERE sla = 'book-in-time'")}

    def start_with_logs_elsewhere(self, *kinds: str) -> None:
        """Start processes whose own log is on another disk, as that of a service is, and do not wait for them."""
        for kind in kinds:
            with (self.disk.root.parent / f"{kind}.log").open("ab") as log:
                command = [sys.executable, "-m", "andon", kind]
                environment = self.product.whole_environment
                self.product.processes[kind] = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    def verdicts(self, sla: str) -> dict[str, list[str]]:
        """Return every verdict of an SLA on orders that hang, in order."""
        found = self.product.query(
            "SELECT reference, arraySort(x -> x.1, groupArray((version, verdict))).2 FROM verdicts FINAL "
            "INNER JOIN (SELECT transaction_id, reference FROM transactions FINAL) AS named USING transaction_id "
            f"WHERE sla = '{sla}' AND startsWith(reference, 'hang-') GROUP BY reference"
        )
        return {reference: list(verdicts) for reference, verdicts in found}

    def breached(self) -> set[str]:
        rows = self.product.query("SELECT reference FROM clocks FINAL WHERE sla = 'book-in-time' AND verdict = 'breached'")
        return {row[0] for row in rows}

    def told_twice(self) -> dict[str, int]:
        """Return what was told more than once: messages by their id, and that orders are late by the id of their incident."""
        ids = Counter(message["delivery_id"] for message in self.desk.messages)
        orders = [message for message in self.desk.messages if message["flow"] == "orders"]
        opened = Counter(message["incident_id"] for message in orders if message["reason"] == "opened")
        return {key: count for key, count in (ids + opened).items() if count > 1}


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with file_system(tmp_path, mebibytes=160, inodes=6_000) as disk, http_sink() as desk:
        environment = {
            "ANDON_TEST_WEBHOOK": desk.url,
            "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA==",
            "ANDON_DISK_RESERVE_BYTES": "0",
        }
        product = Product(disk.root / "data", CATALOG, environment)
        with running(product, "collect", "engine"):
            try:
                yield Plant(product, disk, desk)
            finally:
                disk.thaw()  # else no process that waits for it ever ends


Change = Callable[[FileSystem], Any]
FAULTS: dict[str, tuple[Change, str, str]] = {
    "disk-full": (lambda disk: disk.fill(), "is full", "booked"),
    "disk-out-of-inodes": (lambda disk: disk.take_inodes(), "has no inodes left", "shipped"),
}
"""How a fault begins, in which words it is told, and which deadline passes meanwhile: each is the first of its incident."""


def remount_read_only(disk: FileSystem) -> None:
    disk.mount("ro")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["disk-read-only", *FAULTS] if SOAK else ["disk-read-only"])
def test_a_restart_on_such_a_disk_waits_for_room_says_so_and_goes_on(plant: Plant, fault: str) -> None:
    wait_until(lambda: plant.capture("before", -60).status_code == 200 and plant.told("booked"), PATIENCE_SECONDS, "an order is told")
    plant.product.stop("engine", "collect")
    begin = {"disk-read-only": remount_read_only, **{name: found[0] for name, found in FAULTS.items()}}[fault]
    begin(plant.disk)

    plant.start_with_logs_elsewhere("collect", "engine")
    wait_until(lambda: plant.health()[:2] == (200, 503), PATIENCE_SECONDS, "the engine is alive and not ready")
    assert plant.health()[2][-1] == "there is no room to open the store"
    wait_until(lambda: plant.told(fault) == ["opened"], PATIENCE_SECONDS, "the disk is told")
    wait_until(lambda: plant.capture("meanwhile", 3600).status_code == 503, PATIENCE_SECONDS, "senders are told to come back")

    if fault == "disk-read-only":
        plant.disk.mount("rw")
    plant.disk.make_room()
    wait_until(lambda: plant.told(fault) == ["opened", "resolved"], PATIENCE_SECONDS, "it is over")
    wait_until(lambda: plant.capture("after", -60).status_code == 200, PATIENCE_SECONDS, "signals are taken")
    wait_until(lambda: {"before", "after"} <= plant.breached(), PATIENCE_SECONDS, "they are evaluated")
    assert plant.told_twice() == {}
    assert all(process.poll() is None for process in plant.product.processes.values())


@pytest.mark.slow
def test_a_disk_that_the_kernel_stops_under_a_running_engine_is_told_and_so_is_what_is_due(plant: Plant) -> None:
    due = time.monotonic() + 20
    orders = {f"running-{number}" for number in range(5)}
    for order in orders:
        assert plant.capture(order, due - time.monotonic()).status_code == 200
    wait_until(lambda: orders <= plant.clocks(), PATIENCE_SECONDS, "the clocks run")
    plant.disk.stop_writes()
    stopped = time.monotonic()
    wait_until(lambda: plant.capture("refused", 3600).status_code == 503, PATIENCE_SECONDS, "senders are told to come back")
    wait_until(lambda: plant.health()[:2] == (200, 503), PATIENCE_SECONDS, "the engine is alive and not ready")
    assert "is read-only: no signals are accepted since" in plant.health()[2][0]
    wait_until(lambda: plant.told("disk-read-only") == ["opened"], PATIENCE_SECONDS, "the disk is told")
    told = plant.told_at("booked")
    log.warning("read-only: told after %.1f s; the deadline %.1f s after it passed", plant.told_at("disk-read-only") - stopped, told - due)
    assert all(process.poll() is None for process in plant.product.processes.values())

    plant.product.stop("engine", "collect")
    plant.disk.repair()
    plant.start_with_logs_elsewhere("collect", "engine")
    wait_until(lambda: plant.told("disk-read-only") == ["opened", "resolved"], PATIENCE_SECONDS, "it is over")
    wait_until(lambda: plant.capture("after", -60).status_code == 200, PATIENCE_SECONDS, "signals are taken")
    wait_until(lambda: {*orders, "after"} <= plant.breached(), PATIENCE_SECONDS, "all is evaluated")
    assert plant.told_twice() == {}


@pytest.mark.slow
def test_what_is_due_while_the_disk_takes_no_more_is_told_in_time_and_never_again(plant: Plant) -> None:
    for fault, (begin, why, stage) in (FAULTS if SOAK else {"disk-full": FAULTS["disk-full"]}).items():
        due, full = plant.fill_before_a_deadline(fault, begin, stage)
        wait_until(lambda: plant.capture("refused", 3600).status_code == 503, PATIENCE_SECONDS, "senders are told to come back")
        refused = time.monotonic()
        wait_until(lambda: plant.health()[1] == 503, PATIENCE_SECONDS, "the engine is not ready")
        unready = time.monotonic()
        healthy, _, problems = plant.health()
        assert healthy == 200
        assert f"The disk of {plant.product.data}/journal {why}: no signals are accepted since" in problems[0]
        wait_until(lambda fault=fault: plant.told(fault)[-1:] not in ([], ["resolved"]), PATIENCE_SECONDS, "the disk is told")
        told = plant.told_at(stage, due)
        log.warning(
            "%s: 503 after %.1f s, not ready after %.1f s, told after %.1f s; the deadline was told %.1f s after it passed",
            *(fault, refused - full, unready - full, plant.told_at(fault) - full, told - due),
        )
        assert plant.health()[0] == 200

        if SOAK:
            plant.product.kill("engine")
        plant.disk.make_room()
        if SOAK:
            plant.start_with_logs_elsewhere("engine")
        wait_until(lambda fault=fault: plant.told(fault)[-1] == "resolved", PATIENCE_SECONDS, "the disk is well")
        wait_until(lambda fault=fault: plant.capture(f"after {fault}", -60).status_code == 200, PATIENCE_SECONDS, "signals are taken")
        wait_until(lambda fault=fault: f"after {fault}" in plant.clocks(), PATIENCE_SECONDS, "they are evaluated")
        wait_until(lambda: plant.breached() == plant.clocks(), PATIENCE_SECONDS, "what was decided in memory is stored")
    assert plant.told_twice() == {}


@pytest.mark.slow
@pytest.mark.parametrize("end", ["it goes on", "the engine is killed"])
def test_what_is_due_while_the_disk_hangs_is_told_meanwhile_and_what_a_waiting_signal_met_is_not_late(plant: Plant, end: str) -> None:
    due = plant.hang_before_a_deadline()
    hanging = time.monotonic()
    told = plant.told_at("shipped", due)
    wait_until(lambda: plant.capture("refused", 3600).status_code == 503, PATIENCE_SECONDS, "it hangs, and senders are told to come back")
    wait_until(lambda: plant.told("disk-slow") == ["opened"], PATIENCE_SECONDS, "the disk that hangs is told")
    log.warning("hangs: told after %.1f s; the deadline %.1f s after it passed", plant.told_at("disk-slow") - hanging, told - due)
    healthy, ready, problems = plant.health()
    assert (healthy, ready) == (200, 503)
    assert "is slow: a write took more than 5 s" in problems[0]

    if end == "the engine is killed":
        os.killpg(plant.product.processes["engine"].pid, signal.SIGKILL)  # it ends once the disk goes on
    plant.disk.thaw()
    if end == "the engine is killed":
        plant.product.kill("engine")
        plant.start_with_logs_elsewhere("engine")
    wait_until(lambda: plant.told("disk-slow")[-1:] == ["resolved"], PATIENCE_SECONDS, "it is over")
    wait_until(lambda: plant.capture("at last", 3600).status_code == 200, PATIENCE_SECONDS, "signals are taken")
    wait_until(lambda: "at last" in plant.clocks(), PATIENCE_SECONDS, "and evaluated")
    late = {f"hang-{number}": ["at_risk", "breached"] for number in range(4)}
    wait_until(lambda: plant.verdicts("ship-today")["hang-4"][-1] == "met", PATIENCE_SECONDS, "the signal that waited is evaluated")
    assert plant.verdicts("ship-today") == {**late, "hang-4": ["at_risk", "met"]}, "as without a hang"
    assert plant.told_twice() == {}
