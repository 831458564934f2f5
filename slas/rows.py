"""Rows as the read endpoint gives them: times are UTC if they have no zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from core.clock import to_milliseconds

Row = Mapping[str, Any]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def milliseconds_of(value: Any) -> int | None:
    """Return the UTC milliseconds of a datetime, timestamp or datetime64; None if there is none."""
    if value is None or pd.isna(value):
        return None
    aware: datetime = pd.Timestamp(value).to_pydatetime()
    return to_milliseconds(aware.replace(tzinfo=UTC) if aware.tzinfo is None else aware)
