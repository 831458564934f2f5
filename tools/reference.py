"""Writes docs/reference.md from the code: settings, metrics, plug-ins. Run after any of them changes; a test checks that none is missing."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import alerts.notifiers
import collector.receivers
import dashboard.pages
from core.config import Settings
from core.registry import discover
from core.telemetry import M

PLUGINS = (
    ("Receivers (`receiver:` of a source)", collector.receivers, "RECEIVER"),
    ("Notifiers (`type:` of a channel)", alerts.notifiers, "NOTIFIER"),
    ("Pages", dashboard.pages, "PAGE"),
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
    for title, package, constant in PLUGINS:
        lines += ["", f"## {title}", "", "| name | what it does |", "|---|---|"]
        for name, plugin in sorted(discover(package, constant, object).items()):
            lines.append(f"| `{name}` | {_first_line(plugin)} |")
    return "\n".join(lines) + "\n"


def _first_line(plugin: object) -> str:
    module = inspect.getmodule(type(plugin))
    text = getattr(plugin, "title", "") or (inspect.getdoc(module) or "").splitlines()[0]
    return str(text).rstrip(".")


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("docs", "reference.md").write_text(reference(), encoding="utf-8")
