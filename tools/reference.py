"""Writes docs/reference.md from the code: settings, metrics, plug-ins, what a target, a penalty, a contract and an owner may say.

Run after any of them changes; a test checks that the file is what this writes.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import alerts.notifiers
import collector.lanes
import collector.receivers
import dashboard.pages
from core.catalog.contract import Contract
from core.catalog.definition import Definition
from core.catalog.routing import Owner
from core.catalog.sla import Penalty, Target
from core.config import Settings
from core.registry import discover
from core.telemetry import M

PLUGINS = (
    ("Receivers (`receiver:` of a source)", collector.receivers, "RECEIVER"),
    ("Notifiers (`type:` of a channel)", alerts.notifiers, "NOTIFIER"),
    ("Pages", dashboard.pages, "PAGE"),
)
DEFINITIONS: tuple[tuple[str, type[Definition]], ...] = (
    ("Target (under `targets:` of an SLA)", Target),
    ("Penalty (`penalty:` of an SLA or of a target)", Penalty),
    ("Contract (`contracts/*.yaml`)", Contract),
    ("Owner (`owners.yaml`)", Owner),
)


def reference() -> str:
    """Return the whole page."""
    lines = ["# Reference", "", "Made by `python tools/reference.py`.", "", "## Settings", ""]
    lines += [
        "A TOML file (`--config`), environment variables `ANDON_…`, flags `--…`, in that rising order. A default in braces is JSON, as the variable is.",
        "",
    ]
    lines += ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = json.dumps(field.default) if isinstance(field.default, dict) else str(field.default)
        default = "" if name == "store_password" else default
        lines.append(f"| `{name}` | `{default}` | {field.description} |")
    lines += ["", "## Metrics", "", "| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for metric in M:
        value = metric.value
        lines.append(f"| `{value.name}` | {value.kind.__name__.lower()} | {', '.join(value.labels)} | {value.help} |")
    lines += ["", "## Lanes (`lane:` of a source and of a flow)", "", inspect.getdoc(collector.lanes) or ""]
    for title, package, constant in PLUGINS:
        lines += ["", f"## {title}", "", "| name | what it does |", "|---|---|"]
        for name, plugin in sorted(discover(package, constant, object).items()):
            lines.append(f"| `{name}` | {_first_line(plugin)} |")
    for title, definition in DEFINITIONS:
        lines += ["", f"## {title}", "", _words(definition), ""]
        required = [f"`{field.alias or name}`" for name, field in definition.model_fields.items() if field.is_required()]
        optional = [f"`{field.alias or name}`" for name, field in definition.model_fields.items() if not field.is_required()]
        lines.append("; ".join(f"{kind}: {', '.join(keys)}" for kind, keys in (("Needed", required), ("optional", optional)) if keys) + ".")
    return "\n".join(lines) + "\n"


def _words(definition: type[Definition]) -> str:
    text = (inspect.getdoc(definition) or "").replace("``", "`").replace("`for_`", "`for`")
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _first_line(plugin: object) -> str:
    module = inspect.getmodule(type(plugin))
    text = getattr(plugin, "title", "") or (inspect.getdoc(module) or "").splitlines()[0]
    return str(text).rstrip(".")


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("docs", "reference.md").write_text(reference(), encoding="utf-8")
