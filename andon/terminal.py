"""Prints data frames as terminal tables."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_frame(frame: pd.DataFrame, columns: list[str] | None = None) -> None:
    """Print ``columns`` (all if None) of a frame; stored text can neither style nor control the terminal."""
    table = Table(show_edge=False)
    chosen = list(frame.columns) if columns is None else columns
    for column in chosen:
        table.add_column(column, overflow="fold")
    for values in frame[chosen].itertuples(index=False):
        table.add_row(*(escape(printable(value)) for value in values))
    console = Console()
    # wider than the terminal if necessary: a line that the terminal wraps can be copied whole, an identifier folded into a column cannot
    console.width = max(console.width, console.measure(table, options=console.options.update(max_width=10_000)).maximum)
    console.print(table, soft_wrap=True)


def printable(value: object) -> str:
    """Return one line of text without control characters; times are UTC, as the store returns them."""
    if value is None or value is pd.NaT:
        return ""
    text = f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)
    return "".join(character if character.isprintable() else "�" for character in text)
