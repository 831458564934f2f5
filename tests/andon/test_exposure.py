"""Nothing listens where others can reach it without what keeps strangers out."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from andon.catalog_watch import load_checked_catalog
from andon.commands import dashboard, demo, engine, up
from andon.listening import check_inner_host, require_free_ports
from andon.machine import processes
from collector.authentication import check_exposure
from core.config import Settings
from core.errors import UsageError
from tests.product import free_port

ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"


def test_our_own_heartbeat_is_no_sender_that_has_a_token(
    tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_TEST_TOKEN", "t0ken")
    shutil.copytree(ORDERS, tmp_path / "catalog")
    tls: dict[str, Any] = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    settings = Settings(data=tmp_path / "data", catalog=tmp_path / "catalog", host="0.0.0.0", **tls)
    with pytest.raises(UsageError, match=r"listening on 0\.0\.0\.0 needs API tokens"):
        check_exposure(settings, load_checked_catalog(settings))
    with (tmp_path / "catalog" / "sources" / "shop.yaml").open("a") as source:
        source.write('tokens: ["env:ANDON_TEST_TOKEN"]\n')
    assert check_exposure(settings, load_checked_catalog(settings)) is True


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "erp.example.com"])
def test_engine_and_dashboard_are_for_this_machine(host: str) -> None:
    with pytest.raises(UsageError, match="reverse proxy") as caught:
        check_inner_host(Settings(inner_host=host))
    assert "\n" not in str(caught.value)
    check_inner_host(Settings(inner_host=host, insecure=True))
    for loopback in ("127.0.0.1", "::1", "localhost"):
        check_inner_host(Settings(inner_host=loopback, host=host))


@pytest.mark.parametrize(
    "command", [engine.command, dashboard.command, up.command, demo.command], ids=["engine", "dashboard", "up", "demo"]
)
def test_no_command_opens_them_to_others(tmp_path: Path, command: Callable[..., None]) -> None:
    with pytest.raises(UsageError, match="no TLS and no login and listen on 192"):
        command(data=tmp_path / "data", inner_host="192.0.2.1")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("command", "options"), [(up.command, {}), (demo.command, {"rate": 1})], ids=["up", "demo"])
def test_an_open_front_door_is_refused_before_anything_starts(
    tmp_path: Path, command: Callable[..., None], options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=r"listening on 0\.0\.0\.0 needs TLS"):
        command(data=tmp_path / "data", catalog=ORDERS, host="0.0.0.0", **options)


def test_the_dashboard_listens_inside_whatever_the_front_door_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("dashboard.server.serve", lambda *arguments: served.extend(arguments))
    monkeypatch.setattr(os, "environ", {**os.environ, "ANDON_HOST": "0.0.0.0"})
    port = free_port()
    dashboard.command(data=tmp_path, dashboard_port=port, engine_port=7, dashboard_metrics_port=free_port())
    assert (served[1].inner_host, served[1].dashboard_port) == ("127.0.0.1", port)
    assert (os.environ["ANDON_INNER_HOST"], os.environ["ANDON_ENGINE_PORT"]) == ("127.0.0.1", "7")


def test_everybody_finds_them_at_the_inner_address() -> None:
    settings = Settings(host="0.0.0.0", inner_host="::1", engine_port=7, dashboard_port=8)
    assert settings.engine_url == "http://[::1]:7"
    assert settings.dashboard_url == "http://[::1]:8"
    collector, engine_child, dashboard_child = (child.ready_url for child in processes(settings, {}))
    assert collector == "http://127.0.0.1:4318/readyz"
    assert engine_child == "http://[::1]:7/readyz"
    assert dashboard_child == "http://[::1]:8/_stcore/health"


def test_a_port_is_looked_at_where_it_will_be_listened_on() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        require_free_ports(Settings(host="127.0.0.2", engine_port=port), ("engine",))
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            require_free_ports(Settings(inner_host="127.0.0.2", engine_port=port), ("engine",))
    with pytest.raises(UsageError, match="set --inner-host and --engine-port"):
        require_free_ports(Settings(inner_host="192.0.2.1"), ("engine",))
