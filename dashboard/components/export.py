"""Files that people open in a spreadsheet."""

from __future__ import annotations

import csv as csv_format
import unicodedata

import pandas as pd

_FORMULA = frozenset("=+-@")
_CONTROLS = frozenset("\t\r\n")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zl", "Zp", "Zs"})
"""Unicode categories that print nothing before a sign: controls, formats, unassigned, marks, separators."""
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_MINUS = "\u2212"
"""The mathematical minus sign. No normal form turns it into the hyphen that a spreadsheet may take it for."""


def csv(frame: pd.DataFrame) -> bytes:
    """Return the frame as UTF-8 CSV with a byte-order mark; text that a spreadsheet would run as a formula gets a leading quote."""
    return (
        frame.rename(columns=_safe)
        .map(_safe)
        .to_csv(index=False, float_format="%.6g", quoting=csv_format.QUOTE_NONNUMERIC)
        .encode("utf-8-sig")
    )


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
