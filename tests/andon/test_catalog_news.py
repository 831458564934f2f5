"""What the engine says of a changed catalog reaches the terminal of ``andon up``."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path

import pytest

from andon.catalog_news import CatalogNews
from andon.catalog_watch import CatalogWatch, load_checked_catalog
from core.config import Settings
from core.telemetry import JsonFormatter, M, Telemetry

ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"


def test_a_refused_catalog_and_the_next_good_one_are_shown_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = tmp_path / "engine.log"
    log.write_text('{"logger": "andon.catalog", "message": "of the last run"}\n')
    told: list[str] = []
    news = CatalogNews(log, told.append)
    settings = Settings(data=tmp_path / "data", catalog=Path(shutil.copytree(ORDERS, tmp_path / "catalog")))
    telemetry = Telemetry()
    watch = CatalogWatch(settings, load_checked_catalog(settings), lambda _: None, telemetry)
    flow = settings.catalog / "flows" / "orders.yaml"
    good = flow.read_text()

    def change(text: str) -> None:
        caplog.clear()
        flow.write_text(text)
        with caplog.at_level(logging.INFO):
            watch.look()
        with log.open("a") as file:
            file.writelines(f"{JsonFormatter().format(record)}\n" for record in caplog.records)
            file.write("no JSON: andon.catalog\n")
        news.look()
        news.look()

    change(good.replace("order: data.order", 'order: "hostName()"', 1))
    assert len(told) == 1
    assert told[0].startswith("the changed catalog is refused, the running one stays in force\n  ")
    assert "orders.yaml:" in told[0]
    assert telemetry.value(M.CATALOG_RELOAD_OK) == 0
    change(good + "# changed\n")
    assert told[1:] == ["a changed catalog is in force"]


def test_a_pipe_or_a_link_to_nothing_stops_nobody(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", catalog=Path(shutil.copytree(ORDERS, tmp_path / "catalog")))
    telemetry = Telemetry()
    watch = CatalogWatch(settings, load_checked_catalog(settings), lambda _: None, telemetry)
    os.mkfifo(settings.catalog / "flows" / "pipe.yaml")
    (settings.catalog / "flows" / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    looking = threading.Thread(target=watch.look, daemon=True)
    looking.start()
    looking.join(timeout=20)
    assert not looking.is_alive()
    assert telemetry.value(M.CATALOG_RELOAD_OK) == 0
