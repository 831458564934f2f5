"""Andon's own processes find the collector and know it for ours, whatever name and signer its certificate has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from andon.client.collector import collector_client, collector_trust, collector_url
from core.catalog.catalog import Catalog
from core.catalog.flow import HEARTBEAT
from core.clock import FakeClock
from core.config import Settings, reachable
from core.errors import UsageError
from plant.run import Plant
from plant.settings import PlantSettings
from tests.collector.conftest import Running, running
from tests.product import Product
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
ORDERS = ROOT / "tests" / "catalogs" / "orders"


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two certificates of one authority, each with it in one file: neither has a name of this machine."""
    folder = tmp_path_factory.mktemp("chain")

    def openssl(*arguments: str) -> None:
        try:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *arguments], cwd=folder, check=True, capture_output=True
            )
        except FileNotFoundError:
            pytest.skip("needs openssl: apt package openssl")

    openssl("-subj", "/CN=Authority", "-keyout", "authority.key", "-out", "authority.pem")
    for name in ("ours", "theirs"):
        signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-addext", "basicConstraints=critical,CA:FALSE"]
        openssl(
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}.example.com", *signed, "-keyout", f"{name}.key", "-out", name
        )
        (folder / f"{name}.pem").write_bytes((folder / name).read_bytes() + (folder / "authority.pem").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4318"),
        ("0.0.0.0", "http://127.0.0.1:4318"),
        ("", "http://127.0.0.1:4318"),
        ("::", "http://[::1]:4318"),
        ("::1", "http://[::1]:4318"),
        ("10.0.0.7", "http://10.0.0.7:4318"),
        ("erp.example.com", "http://erp.example.com:4318"),
    ],
)
def test_every_address_that_is_listened_on_has_one_that_can_be_called(host: str, url: str) -> None:
    assert collector_url(Settings(host=host)) == url
    assert reachable(host) in Settings(inner_host=host, dashboard_port=4318).dashboard_url


@pytest.fixture
def collector(tmp_path: Path, chain: Path) -> Iterator[Running]:
    with running(tmp_path, Catalog(), tls_certificate=chain / "ours.pem", tls_key=chain / "ours.key") as found:
        yield found


def test_the_collector_is_known_by_its_very_certificate(collector: Running, chain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for host in ("127.0.0.1", "0.0.0.0"):
        here = collector.settings.model_copy(update={"http_port": collector.engine.http_port, "host": host})
        with collector_client(here, 5.0) as client:
            assert client.get("/readyz").status_code == 200
    for other in (chain / "theirs.pem", None):
        stranger = Settings(http_port=here.http_port, tls_certificate=other)
        trust = collector_trust(stranger)
        with httpx.Client(verify=trust, trust_env=False) as client, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            client.get(f"{collector_url(here)}/readyz")


@pytest.mark.parametrize(("proof", "arrives"), [("ours.pem", True), ("theirs.pem", False)])
def test_the_plant_sends_to_a_collector_with_tls(collector: Running, chain: Path, proof: str, arrives: bool) -> None:
    url = collector_url(collector.settings.model_copy(update={"http_port": collector.engine.http_port}))
    trust = collector_trust(Settings(tls_certificate=chain / proof))
    clock, stop = FakeClock(datetime(2026, 3, 3, 9, tzinfo=UTC)), threading.Event()
    plant = Plant(PlantSettings(url, history_hours=0, history_transactions=0, faults=(), trust=trust), clock, stop)
    clock.advance(timedelta(minutes=60))
    if not arrives:
        stop.set()  # one attempt
    assert plant._play(clock.now()) is arrives
    plant.close()
    kinds = {record.kind.value for record in collector.records()}
    assert kinds == ({"traces", "logs", "metrics", "event"} if arrives else set())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory; set tls_certificate"),
        ("root:x:0:0", "TLS cannot use .*: empty"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "TLS cannot use .*: "),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "cert.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=why) as caught:
        collector_trust(Settings(tls_certificate=file))
    assert str(file) in str(caught.value)


@contextmanager
def up(product: Product, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    ports = {"otlp-grpc": product.grpc_port, "http": product.http_port, "engine": product.engine_port, "dashboard": product.dashboard_port}
    ports["dashboard-metrics"] = product.dashboard_metrics_port
    command = [sys.executable, "-m", "andon", "up", "--data", str(product.data), "--catalog", str(product.catalog), *arguments]
    command += [f"--{name}-port={port}" for name, port in ports.items()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **product.environment}
    process = subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.slow
def test_everything_starts_with_tls_and_a_heartbeat_comes_through(tmp_path: Path, chain: Path) -> None:
    shutil.copytree(ORDERS, tmp_path / "catalog")
    with (tmp_path / "catalog" / "sources" / "shop.yaml").open("a") as source:
        source.write('tokens: ["env:ANDON_TEST_TOKEN"]\n')
    environment = {"ANDON_TEST_TOKEN": "t0ken", "ANDON_TEST_WEBHOOK": "http://127.0.0.1:9/", "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA=="}
    product = Product(tmp_path / "data", tmp_path / "catalog", environment)
    tls = ["--tls-certificate", str(chain / "ours.pem"), "--tls-key", str(chain / "ours.key")]
    with up(product, "--host", "0.0.0.0", *tls) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Andon is running" in line:
                break
        assert all(f"✓ {name}" in said for name in ("collector", "engine", "dashboard")), said
        sql = f"SELECT count() FROM transactions WHERE flow = '{HEARTBEAT}'"
        wait_until(lambda: product.query(sql)[0][0], 40, "a heartbeat has become a transaction")
