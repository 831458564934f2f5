"""Nothing listens where others can reach it without what keeps strangers out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from andon.catalog_watch import load_checked_catalog
from andon.commands import dashboard, demo, engine, up
from collector.ingest.authentication import check_exposure
from core.config import Settings
from core.errors import UsageError
from tests.ports import free_port

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


@pytest.mark.parametrize(
    "command", [engine.command, dashboard.command, up.command, demo.command], ids=["engine", "dashboard", "up", "demo"]
)
def test_no_command_opens_them_to_others(tmp_path: Path, command: Callable[..., None]) -> None:
    with pytest.raises(UsageError, match="without TLS or login, would listen on 192"):
        command(data=tmp_path / "data", inner_host="192.0.2.1")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("command", "options"), [(up.command, {}), (demo.command, {"rate": 1})], ids=["up", "demo"])
def test_a_collector_open_to_everybody_is_refused_before_anything_starts(
    tmp_path: Path, command: Callable[..., None], options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=r"listening on 0\.0\.0\.0 needs TLS"):
        command(data=tmp_path / "data", catalog=ORDERS, host="0.0.0.0", **options)


def test_the_dashboard_listens_inside_whatever_the_collector_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("dashboard.server.serve", lambda *arguments: served.extend(arguments))
    monkeypatch.setattr(os, "environ", {**os.environ, "ANDON_HOST": "0.0.0.0"})
    port = free_port()
    dashboard.command(data=tmp_path, dashboard_port=port, engine_port=7, dashboard_metrics_port=free_port())
    assert (served[1].inner_host, served[1].dashboard_port) == ("127.0.0.1", port)
    assert (os.environ["ANDON_INNER_HOST"], os.environ["ANDON_ENGINE_PORT"]) == ("127.0.0.1", "7")
