"""What the README tells people to type, taken from it and done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.andon.test_commands import andon
from tests.product import Product, running, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SIGNAL, FLOW = "Send your first signal", "Your first flow and SLA in ten minutes"


def section(title: str) -> str:
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)


def test_the_first_signals_move_the_shipped_catalogs_order_from_captured_to_booked(tmp_path: Path) -> None:
    curl = blocks(SIGNAL, "sh")[0].partition(".venv/bin/andon find")[0]
    book = tmp_path / "book.py"
    book.write_text(blocks(SIGNAL, "python")[0])
    with running(Product(tmp_path / "data", ROOT / "catalog"), "collect", "engine") as product:

        def stands_at(stage: str) -> bool:
            return product.query("SELECT stage FROM transactions FINAL WHERE flow = 'order-to-cash' AND reference = '4711'") == [(stage,)]

        subprocess.run(["sh", "-ec", curl.replace("http://127.0.0.1:4318", product.door)], check=True, capture_output=True)
        wait_until(lambda: stands_at("captured"), 30, "the order is captured")
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": product.door, "PYTHONPATH": str(ROOT / "instrumentation" / "src")}
        subprocess.run([sys.executable, str(book)], check=True, env=environment, timeout=60)
        wait_until(lambda: stands_at("booked"), 30, "the order is booked")


def test_the_own_catalog_is_complete_and_its_commands_print_what_is_written(tmp_path: Path) -> None:
    files = dict(re.findall(r"`(my-catalog/[^`]+)`.*?:\n\n```\w+\n(.*?)```", section(FLOW), re.DOTALL))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    written = re.findall(r"^\$ \.venv/bin/andon (check|sla test) (.*)\n((?:[^$].*\n)+)", blocks(FLOW, "console")[0], re.MULTILINE)
    assert [command for command, _, _ in written] == ["check", "sla test"]
    for command, arguments, printed in written:
        words = [str(name) for word in arguments.split() for name in (sorted(tmp_path.glob(word)) if "*" in word else [word])]
        result = andon(*command.split(), *words, folder=tmp_path)
        assert (result.stdout, result.stderr, result.returncode) == (printed, "", 0)


def test_the_collectors_configuration_names_only_what_it_defines() -> None:
    found = yaml.safe_load(blocks(SIGNAL, "yaml")[0])
    for pipeline in found["service"]["pipelines"].values():
        assert set(pipeline["receivers"]) <= set(found["receivers"])
        assert set(pipeline["exporters"]) <= set(found["exporters"])
