"""Files that people open in a spreadsheet."""

from __future__ import annotations

import csv as csv_format
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.components import filters
from dashboard.components.time_format import aware
from dashboard.data import Unreachable
from dashboard.page import Context

ROWS_MAX = 50_000
"""The most rows of a file."""
_FORMULA = frozenset("=+-@")
_CONTROLS = frozenset("\t\r\n")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zl", "Zp", "Zs"})
"""Unicode categories that print nothing before a sign: controls, formats, unassigned, marks, separators."""
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_MINUS = "\u2212"
"""The mathematical minus sign. No normal form turns it into the hyphen that a spreadsheet may take it for."""


def offer(
    context: Context,
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    name: str,
    note: str = "",
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> None:
    """Draw a button that downloads the frame, or what ``frame`` returns once somebody asks for it, beside a note.

    Every row says what it is of: the moment it was read, the period [``start``, ``end``) if there is one, and the filters in the address.
    A file that cannot be read then says why.
    """
    words, button = st.columns([4, 1], vertical_alignment="center")
    words.caption(note)
    shown = context.zone.info
    of: dict[str, str] = {"as_of": _iso(context.now, shown)}
    if start is not None and end is not None:
        of |= {"period_from": _iso(start, shown), "period_to": _iso(end, shown)}
    of["filters"] = filters.stated() or "none"

    def made(frame: Callable[[], pd.DataFrame]) -> bytes:
        try:
            found = frame()
        except Unreachable as error:  # nobody sees otherwise why a click did nothing
            found = pd.DataFrame({"not_made": [str(error)]})
        return csv(told(found, of, shown))

    button.download_button(
        "Download CSV",
        csv(told(frame, of, shown)) if isinstance(frame, pd.DataFrame) else partial(made, frame),
        f"andon-{name}-{context.now.astimezone(shown):%Y-%m-%d}.csv",
        "text/csv",
        icon=":material/download:",
        width="stretch",
        key=f"csv-{name}",
        on_click="ignore",
    )


def told(frame: pd.DataFrame, of: Mapping[str, str], zone: ZoneInfo) -> pd.DataFrame:
    """Return the frame with the columns of ``of`` in front, and every cell a number or a text.

    Times are ISO 8601 with the offset of ``zone``. Money by currency becomes a column for each currency.
    """
    columns: dict[str, Any] = {name: [value] * len(frame) for name, value in of.items()}
    for name in frame.columns:
        values = frame[name].tolist()
        if any(isinstance(value, Mapping) for value in values):
            for currency in sorted({each for value in values for each in value}):
                columns[f"{name}_{currency or 'no_currency'}"] = [value.get(currency, 0.0) for value in values]
        else:
            columns[str(name)] = [_iso(value, zone) if isinstance(value, datetime) else _listed(value) for value in values]
    return pd.DataFrame(columns)


def csv(frame: pd.DataFrame) -> bytes:
    """Return the frame as UTF-8 CSV with a byte-order mark; text that a spreadsheet would run as a formula gets a leading quote.

    Numbers are written out: 1234567.89, never 1.23457e+06.
    """
    written = frame.rename(columns=_safe).map(_safe)
    return written.to_csv(index=False, float_format=_number, quoting=csv_format.QUOTE_NONNUMERIC).encode("utf-8-sig")


def _number(value: object) -> str:
    """Return all digits that a double is sure of, without an exponent, and without the noise of sums behind the ninth decimal."""
    return np.format_float_positional(round(float(f"{value:.15g}"), 9), trim="-")


def _iso(moment: object, zone: ZoneInfo) -> str:
    at = aware(moment)
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""


def _listed(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _safe(value: object) -> object:
    """Quote text that a spreadsheet might run. Source: OWASP, CSV injection.

    The sign may hide behind invisible characters, which spreadsheets skip, or be written in another width or size, which they accept.
    """
    if not isinstance(value, str) or not value:
        return value
    first = next((character for character in value if not _is_unseen(character)), "")
    sign = unicodedata.normalize("NFKC", first)[:1]
    return "'" + value if value[0] in _CONTROLS or sign in _FORMULA or first == _MINUS else value


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or character in _FILLERS
