"""What collector and engine say of a changed catalog reaches the terminal of ``andon up``."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from andon.catalog_watch import CatalogWatch, load_checked_catalog
from andon.supervision.catalog_log import CatalogLog
from core.config import Settings
from core.telemetry import JsonFormatter, M, Telemetry

ORDERS = Path(__file__).parents[2] / "catalogs" / "orders"


def test_a_refused_catalog_and_the_next_good_one_are_shown_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = tmp_path / "engine.log"
    log.write_text('{"logger": "andon.catalog", "message": "of the last run"}\n')
    told: list[str] = []
    catalog_log = CatalogLog([tmp_path / "collector.log", log], told.append)
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
        catalog_log.look()
        catalog_log.look()

    change(good.replace("order: data.order", 'order: "hostName()"', 1))
    assert len(told) == 1
    assert told[0].startswith("engine: the changed catalog is invalid, the running one stays in force\n  ")
    assert "orders.yaml:" in told[0]
    assert telemetry.value(M.CATALOG_RELOAD_OK) == 0
    change(good + "# changed\n")
    change(good + "# changed and touched\n")
    assert told[1:] == ["engine: a changed catalog is in force"] * 2
    change("{")
    change(good + "# changed and touched\n")
    assert [each.splitlines()[0] for each in told[3:]] == [
        "engine: the changed catalog is invalid, the running one stays in force",
        "engine: the catalog is unchanged and stays in force",
    ]


def test_the_reason_of_two_processes_is_told_once(tmp_path: Path) -> None:
    logs = [tmp_path / "collector.log", tmp_path / "engine.log"]
    told: list[str] = []
    catalog_log = CatalogLog(logs, told.append)

    def say(log: Path, message: str, error: str = "") -> None:
        with log.open("a") as file:
            file.write(json.dumps({"logger": "andon.catalog", "message": message, "error": error}) + "\n")
        catalog_log.look()

    for error in ("a.yaml:1:1: one\nb.yaml:2:2: two", "a.yaml:1:1: one"):
        for log in logs:
            say(log, "refused", error)
    for log in logs:
        say(log, "in force")
    say(logs[1], "refused", "a.yaml:1:1: one")
    assert told == [
        "collector: refused\n  a.yaml:1:1: one\n  b.yaml:2:2: two",
        "engine: refused, for the same reason",
        "collector: refused\n  a.yaml:1:1: one",
        "engine: refused, for the same reason",
        "collector: in force",
        "engine: in force",
        "engine: refused\n  a.yaml:1:1: one",
    ]
