"""Prints data frames as terminal tables."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_frame(frame: pd.DataFrame, columns: list[str] | None = None) -> None:
    """Print ``columns`` (all when None) of a frame; stored text can neither style nor control the terminal."""
    table = Table(show_edge=False)
    chosen = list(frame.columns) if columns is None else columns
    for column in chosen:
        table.add_column(column, overflow="fold")
    for values in frame[chosen].itertuples(index=False):
        table.add_row(*(escape(printable(value)) for value in values))
    Console().print(table)


def printable(value: object) -> str:
    """Return one line of text without control characters."""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = "" if value is None or value is pd.NaT else str(value)
    return "".join(character if character.isprintable() else "�" for character in text)
