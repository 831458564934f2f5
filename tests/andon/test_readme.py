"""What the README tells people to type, taken from it and done."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from andon.addresses import noted_addresses
from andon.preflight import is_free
from andon.preview.given import Given
from andon.preview.outcome import outcomes
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.source import Source
from core.clock import SystemClock
from core.config import Settings
from store.client import Store
from tests.command_line import andon, ask
from tests.ports import free_port
from tests.product import Product, running
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SIGNAL, FLOW, CONNECT = "Send your first signal", "Your first flow and SLA in ten minutes", "Connect your systems"


def section(title: str) -> str:
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)


def test_the_first_signals_move_the_shipped_catalogs_order_from_captured_to_booked(tmp_path: Path) -> None:
    curl, book = (block.partition(".venv/bin/andon ")[0] for block in blocks(SIGNAL, "sh")[:2])
    (tmp_path / "book.py").write_text(blocks(SIGNAL, "python")[0])
    with running(Product(tmp_path / "data", ROOT / "catalog"), "collect", "engine") as product:

        def stands_at(stage: str) -> bool:
            return product.query("SELECT stage FROM transactions FINAL WHERE flow = 'order-to-cash' AND reference = '4711'") == [(stage,)]

        subprocess.run(["sh", "-ec", curl.replace("http://127.0.0.1:4318", product.collector_url)], check=True, capture_output=True)
        wait_until(lambda: stands_at("captured"), 30, "the order is captured")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "instrumentation" / "src")}
        typed = book.replace("http://127.0.0.1:4318", product.collector_url).replace(".venv/bin/python", sys.executable)
        subprocess.run(["sh", "-ec", typed], check=True, env=environment, timeout=60, cwd=tmp_path)
        wait_until(lambda: stands_at("booked"), 30, "the order is booked")


def write_own_catalog(folder: Path) -> None:
    files = dict(re.findall(r"`(my-catalog/[^`]+)`.*?:\n\n```\w+\n(.*?)```", section(FLOW), re.DOTALL))
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_the_catalog_that_init_writes_is_the_one_in_the_readme(tmp_path: Path) -> None:
    write_own_catalog(tmp_path)
    made = ask("init", "made", folder=tmp_path)
    written = {file.relative_to(tmp_path / "my-catalog"): file.read_text() for file in (tmp_path / "my-catalog").rglob("*.*")}
    made_files = {file.relative_to(tmp_path / "made"): file.read_text() for file in (tmp_path / "made").rglob("*.*")}
    assert "andon init my-catalog" in made_files.pop(Path("README.md"))
    assert made_files == written
    start, look = made.stdout.splitlines()[-2:]
    assert (made.returncode, start) == (0, "Start it:   andon up --catalog made --data .andon-made")
    assert look == "Look up:    andon find --data .andon-made 4711"
    assert ask("check", "made", folder=tmp_path).returncode == 0

    again = ask("init", "made", folder=tmp_path)
    assert (again.returncode, again.stderr) == (2, "andon: made is there already; give the name of a new folder, or of an empty one\n")


def test_the_sources_of_the_readme_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_catalog(tmp_path)
    folder = tmp_path / "my-catalog" / "sources"
    folder.mkdir()
    for text in blocks(CONNECT, "yaml"):
        (folder / f"{yaml.safe_load(text)['source']}.yaml").write_text(text)
        for name in re.findall(r"env:(\w+)", text):
            monkeypatch.setenv(name, "http://user:password@127.0.0.1:1")
    monkeypatch.setenv("MES_DATABASE", f"sqlite:///{tmp_path / 'mes.sqlite'}")  # which is asked
    with closing(sqlite3.connect(tmp_path / "mes.sqlite")) as connection:
        connection.execute("CREATE TABLE production_order (order_no TEXT, changed_at DATETIME)")
    (through,) = re.findall(r"`(through: {.*?})`", section(CONNECT))
    flow = tmp_path / "my-catalog" / "flows" / "orders.yaml"
    flow.write_text(flow.read_text().replace("    system: ERP\n", f"    system: ERP\n    {through}\n"))

    checked = ask("check", "my-catalog", folder=tmp_path)

    theirs = [
        "source 'broker': its system could not be asked: ConnectError",
        "source 'erp-changes': its system could not be asked: OperationalError",
        "source 'legacy-erp': the folder '/var/log/erp' is not there",
        "source 'supplier-edi': the folder '/srv/edi/in' is not there",
    ]
    assert [line.partition("warning: ")[2][: len(told)] for line, told in zip(checked.stderr.splitlines(), theirs, strict=True)] == theirs
    assert checked.returncode == 0
    assert f"{len(blocks(CONNECT, 'yaml'))} source" in checked.stdout


EDI = b"UNB+UNOC:3+S:14+R:14+260327:1020+1'UNH+1+ORDRSP:D:96A:UN'BGM+231+1+4'RFF+ON:4711'UNT+4+1'UNZ+1+1'"
SENT: dict[str, tuple[bytes, dict[str, str], dict[str, str]]] = {
    "mes": (b'{"order": "4711"}', {"kind": "done"}, {"topic": "plant/DE07/orders/1"}),
    "broker": (b'{"order": "4711"}', {}, {}),
    "shop-events": (b'{"order": "4711"}', {}, {}),
    "mes-events": (b'{"order": "4711"}', {}, {"subject": "orders.placed"}),
    "supplier-edi": (EDI, {}, {}),
    "legacy-erp": (b"2026-03-27 10:20:00 order 4711 posted\n", {}, {}),
    "carrier-files": (b"order;status\n4711;delivered\n", {}, {}),
    "shop-stream": (b'{"order": "4711"}', {}, {}),
    "dynamics-orders": (b'{"salesorderid": "a", "ordernumber": "4711"}', {}, {}),
    "mes-orders": (b'{"order_no": "4711"}', {}, {}),
    "erp-changes": (b'{"row": {"number": "4711"}}', {}, {"table": "sale", "operation": "updated"}),
    "erp-messages": (b'{"order": "4711"}', {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/erp", "ce_type": "erp.OrderCreated"}, {}),
}
"""What each system says of an order: body, headers and where it is read."""


def test_the_milestones_of_the_readme_find_the_orders_of_their_systems(store: Store) -> None:
    found = re.findall(r"```yaml\n(source: ([\w-]+)\n.*?)```(.*?)(?=\n\*\*|\Z)", section(CONNECT), re.DOTALL)
    told = {name: re.findall(r"`((?:match|keys): {.*?})`(?=[ ,.])", text) for _, name, text in found}
    milestones, records = {}, []
    for text, name, _ in found:
        if name in SENT:
            match, keys = (next(one for one in told[name] if one.startswith(word)) for word in ("match", "keys"))
            milestones[name] = {"system": name, **yaml.safe_load(match), **yaml.safe_load(keys)}
            milestones[name]["match"]["source"] = name
            body, headers, place = SENT[name]
            source = Source.model_validate(yaml.load(text, yaml.BaseLoader))
            records += Given(source, SystemClock(), "/srv/order", headers, place).records(body)
    assert set(milestones) == set(SENT)
    flow = {"flow": "orders", "title": "Orders", "owner": "desk", "keys": {"order": {}}, "milestones": milestones, "ends": ["mes"]}
    catalog = Catalog(version="1", flows={"orders": Flow.model_validate(flow)})

    reached = {each.milestone: each.keys for outcome in outcomes(store, catalog, records=records, rows={}) for each in outcome.milestones}

    assert reached == {name: [("order", "4711")] for name in SENT}


def test_the_ports_are_those_of_the_settings() -> None:
    for text in (README.partition("\n## How it works")[0], (ROOT / "Makefile").read_text(encoding="utf-8")):
        for name in ("otlp_grpc_port", "http_port", "engine_port", "dashboard_port", "dashboard_metrics_port"):
            assert str(Settings.model_fields[name].default) in text


def test_an_order_of_the_own_flow_alerts_and_is_resolved_when_it_is_booked(tmp_path: Path) -> None:
    write_own_catalog(tmp_path)
    port = str(free_port())
    routes, desk, printed = tmp_path / "my-catalog" / "routes.yaml", tmp_path / "desk.py", tmp_path / "printed"
    routes.write_text(routes.read_text().replace("9099", port))
    desk.write_text(blocks(FLOW, "python")[0].replace("9099", port))
    (tmp_path / "book.py").write_text(blocks(SIGNAL, "python")[0])
    capture, book = (block.partition(".venv/bin/andon explain")[0] for block in blocks(FLOW, "sh"))
    product = Product(tmp_path / "data", tmp_path / "my-catalog")

    def told() -> list[tuple[str, str, dict[str, float]]]:
        lines = [json.loads(line) for line in printed.read_text().splitlines()]
        return [(line["reason"], line["severity"], line["value"]) for line in lines]

    with printed.open("w") as output, running(product, "collect", "engine"):
        listening = subprocess.Popen([sys.executable, str(desk)], stdout=output, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: not is_free("127.0.0.1", int(port)), 10, "the desk listens")
            subprocess.run(["sh", "-ec", capture.replace("http://127.0.0.1:4318", product.collector_url)], check=True, capture_output=True)
            wait_until(lambda: told() == [("opened", "critical", {"EUR": 900})], 30, "the desk hears of the order")
            environment = {**os.environ, "PYTHONPATH": str(ROOT / "instrumentation" / "src")}
            commands = book.replace("http://127.0.0.1:4318", product.collector_url).replace(".venv/bin/python", sys.executable)
            subprocess.run(["sh", "-ec", commands], check=True, env=environment, timeout=60, cwd=tmp_path)
            wait_until(lambda: [reason for reason, _, _ in told()] == ["opened", "resolved"], 30, "the desk hears that it is over")
            assert product.query("SELECT reference FROM transactions FINAL WHERE flow = 'orders'") == [("0815",)]
            assert noted_addresses(product.data)["engine_port"] == product.engine_port
            assert product.query("SELECT verdict FROM clocks FINAL WHERE flow = 'orders'") == [("met_late",)]
        finally:
            listening.terminate()
            listening.wait(10)


def test_the_own_catalog_is_complete_and_its_commands_print_what_is_written(tmp_path: Path) -> None:
    write_own_catalog(tmp_path)
    written = re.findall(r"^\$ \.venv/bin/andon (check|sla test) (.*)\n((?:[^$].*\n)+)", blocks(FLOW, "console")[0], re.MULTILINE)
    assert [command for command, _, _ in written] == ["check", "sla test"]
    for command, arguments, printed in written:
        words = [str(name) for word in arguments.split() for name in (sorted(tmp_path.glob(word)) if "*" in word else [word])]
        result = andon(*command.split(), *words, folder=tmp_path)
        assert (_of_any_year(result.stdout), result.stderr, result.returncode) == (_of_any_year(printed), "", 0)


def _of_any_year(printed: str) -> str:
    """Leave out what a calendar closes: other days every year."""
    return re.sub(r"(closes) \d+ days (in) \d{4}: .*", r"\1 \2", printed)


def test_the_collectors_configuration_names_only_what_it_defines() -> None:
    found = yaml.safe_load(blocks(SIGNAL, "yaml")[0])
    for pipeline in found["service"]["pipelines"].values():
        assert set(pipeline["receivers"]) <= set(found["receivers"])
        assert set(pipeline["exporters"]) <= set(found["exporters"])
        assert set(pipeline["processors"]) <= set(found["processors"])
