"""How every benchmark prints what it measured."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure; ``wanted`` is the target in words."""

    name: str
    measured: str
    wanted: str


def machine() -> str:
    """Return processors, memory, load and versions in one line."""
    memory = next(line for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines() if line.startswith("MemTotal"))
    load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
    cores = len([line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("processor")])
    gigabytes = int(memory.split()[1]) / 1e6
    return f"{cores} cores, {gigabytes:.0f} GB, load {load}; Python {platform.python_version()}, chdb {version('chdb')}, andon {version('andon')}"


def show(title: str, figures: list[Figure]) -> None:
    """Print the figures as a table."""
    table = Table(title=title, caption=machine(), title_justify="left", caption_justify="left")
    for column in ("figure", "measured", "wanted"):
        table.add_column(column)
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.wanted)
    Console(width=140).print(table)


def percentile(values: list[float], share: float) -> float:
    """Return the value at ``share`` (0 to 1) of the sorted values, the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
