"""Files people open in a spreadsheet."""

from __future__ import annotations

import csv as csv_format

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv(frame: pd.DataFrame) -> bytes:
    """Return the frame as UTF-8 CSV with a byte-order mark; text that a spreadsheet would run as a formula gets a leading quote."""
    return (
        frame.rename(columns=_safe)
        .map(_safe)
        .to_csv(index=False, float_format="%.6g", quoting=csv_format.QUOTE_NONNUMERIC)
        .encode("utf-8-sig")
    )


def _safe(value: object) -> object:
    """The sign may hide behind blanks, which spreadsheets skip. Source: OWASP, CSV injection."""
    if isinstance(value, str) and (value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA[:4])):
        return "'" + value
    return value
