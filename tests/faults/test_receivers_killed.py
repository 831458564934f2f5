"""kill -9 of the collector, or of all systems that it reads, at random: no receiver loses or doubles what its system still had."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from store.reads.accounting import account
from tests.contracts.receivers.harness import Outside
from tests.contracts.test_receivers import harness_of
from tests.product import Product, running
from tests.waiting import wait_until

ROUNDS = min(20, int(os.environ.get("ANDON_ROUNDS", "2")))
EACH_ROUND = 200
PATIENCE_SECONDS = 240.0
SERVERS = {
    "rabbitmq": ("rabbit_server", "kill"),
    "kafka": ("kafka_server", "kill"),
    "nats": ("nats_server", "kill"),
    "mqtt": ("mosquitto_server", "stop"),  # it writes once a second: a crash may lose what it took, which no reader can make up for
    "redis_stream": ("redis_server", "kill"),
    "stomp": ("activemq_server", "kill"),
    "sftp": ("sftp_server", "kill"),
}
"""Receivers whose system is a process that can crash, its fixture, and how it is ended."""
ON_THIS_MACHINE = ("folder", "http_poll", "log_file", "sql_table")


class Estate:
    """All systems, what was put into each, and the collector that reads them."""

    def __init__(self, outsides: dict[str, Outside], servers: dict[str, Any], product: Product) -> None:
        self._outsides, self._servers, self._product = outsides, servers, product
        self.put_in: dict[str, list[str]] = {name: [] for name in outsides}

    def kill_us(self, chance: random.Random, number: int) -> None:
        """Crash and start again while the systems are filled."""
        with ThreadPoolExecutor(1) as beside:
            filling = beside.submit(self.fill, number)
            time.sleep(chance.uniform(0.05, 1.0))
            self._product.kill("collect")
            self._product.start("collect")
            filling.result()

    def kill_them(self, chance: random.Random, number: int) -> None:
        """Let every system crash, and start again, while it is read: it is filled before the collector may go on."""
        collector = self._product.processes["collect"]
        os.killpg(collector.pid, signal.SIGSTOP)
        try:
            self.fill(number)
        finally:
            os.killpg(collector.pid, signal.SIGCONT)
        time.sleep(chance.uniform(0.0, 0.2))

        def restart(name: str) -> None:
            getattr(self._servers[name], SERVERS[name][1])()
            self._servers[name].start()

        with ThreadPoolExecutor(len(self._servers)) as restarting:
            list(restarting.map(restart, self._servers))

    def fill(self, number: int) -> None:
        """Put so many into each system."""

        def put(name: str) -> None:
            names = [f"{name}-{number}-{each}" for each in range(EACH_ROUND)]
            self._outsides[name].put(names)
            self.put_in[name] += names

        with ThreadPoolExecutor(len(self._outsides)) as filling:
            list(filling.map(put, self._outsides))

    def differences(self) -> dict[str, tuple[int, int]]:
        """Return how many things of each system are missing, and how many are there too often."""
        found: dict[str, list[str]] = {name: [] for name in self._outsides}
        for source, data in self._product.query("SELECT source, data FROM events FINAL WHERE source != 'andon'"):
            found[source.replace("-", "_")].append(self._outsides[source.replace("-", "_")].name_of({"data": json.loads(data)}))
        for (body,) in self._product.query("SELECT body FROM logs FINAL WHERE source = 'log-file'"):
            found["log_file"].append(self._outsides["log_file"].name_of({"body": body}))
        told = {name: (len(set(self.put_in[name]) - set(found[name])), len(found[name]) - len(set(found[name]))) for name in found}
        return {name: each for name, each in told.items() if each != (0, 0)}

    def all_is_there(self) -> bool:
        """Whether nothing waits in the journal and nothing is missing or there twice; fails telling what is."""
        differences = self.differences()
        assert not differences, f"(missing, too often): {differences}"
        return not account(self._product.reader, self._product.data / "journal")["in_journal"]


@pytest.fixture
def estate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Estate]:
    outsides: dict[str, Outside] = {}
    catalog, environment = tmp_path / "catalog", {}
    (catalog / "sources").mkdir(parents=True)
    (catalog / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    with ExitStack() as stack:
        for name in (*SERVERS, *ON_THIS_MACHINE):
            (tmp_path / name).mkdir()
            outsides[name] = stack.enter_context(harness_of(name).outside(request, monkeypatch, tmp_path / name))
            settings = dict(outsides[name].settings)
            if "url" in settings:  # several harnesses take the same name
                variable = f"URL_OF_{name.upper()}"
                environment[variable] = os.environ[settings["url"].removeprefix("env:")]
                settings["url"] = f"env:{variable}"
            source = {"source": name.replace("_", "-"), "title": name, "owner": "desk", "receiver": settings}
            (catalog / "sources" / f"{name}.yaml").write_text(yaml.safe_dump(source))
        servers = {name: request.getfixturevalue(fixture) for name, (fixture, _) in SERVERS.items()}
        with running(Product(tmp_path / "data", catalog, environment), "collect", "engine") as product:
            yield Estate(outsides, servers, product)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(1200 + ROUNDS * 120)
@pytest.mark.xdist_group("kafka")
def test_no_receiver_loses_or_doubles_anything_when_either_side_is_killed_again_and_again(estate: Estate) -> None:
    seed = int(os.environ.get("ANDON_SEED", "20260327"))
    logging.getLogger("faults").warning("the same again: ANDON_SEED=%s ANDON_ROUNDS=%s", seed, ROUNDS)
    chance = random.Random(seed)
    for number in range(ROUNDS):
        sides = (estate.kill_us, estate.kill_them)
        kill = sides[number] if number < len(sides) else chance.choice(sides)
        kill(chance, number)
    wait_until(estate.all_is_there, PATIENCE_SECONDS, f"everything is there, once (seed {seed})", pause=1.0)
    estate.fill(ROUNDS)
    wait_until(estate.all_is_there, PATIENCE_SECONDS, f"every source is still read (seed {seed})", pause=1.0)
