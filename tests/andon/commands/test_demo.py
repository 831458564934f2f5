"""The demo's desk: on the port the catalog names, or on another that the catalog's copy names."""

from __future__ import annotations

import shutil
from pathlib import Path

from andon.catalog_watch import load_checked_catalog
from andon.commands.demo import DESK_PORT, with_desk
from andon.preflight import free_port
from core.config import Settings

SHIPPED = Path(__file__).parents[3] / "catalog"


def test_the_shipped_catalog_names_the_usual_port_and_is_used_as_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, catalog=SHIPPED)
    assert with_desk(settings, DESK_PORT) is settings
    assert f"127.0.0.1:{DESK_PORT}/" in str(load_checked_catalog(settings).routes.channels["ops-desk"].settings["url"])


def test_another_port_gets_a_copy_of_the_catalog_that_names_it(tmp_path: Path) -> None:
    catalog = tmp_path / "mine"
    shutil.copytree(SHIPPED, catalog)
    port = free_port("127.0.0.1")
    for _ in range(2):  # a second start replaces the copy
        settings = with_desk(Settings(data=tmp_path / "data", catalog=catalog), port)
        found = load_checked_catalog(settings)
        assert found.routes.channels["ops-desk"].settings["url"] == f"http://127.0.0.1:{port}/ops-desk"
        asked = [step.http or step.link for runbook in found.runbooks.values() for step in runbook.steps if step.http or step.link]
        assert asked
        assert all(address.startswith(f"http://127.0.0.1:{port}/") for address in asked)
    assert found.flows.keys() == load_checked_catalog(Settings(data=tmp_path / "data", catalog=catalog)).flows.keys()
    (catalog / "routes.yaml").write_text("channels: {}\nroutes: []\n")
    shutil.rmtree(catalog / "runbooks")
    assert with_desk(Settings(data=tmp_path / "data", catalog=catalog), port).catalog == catalog
