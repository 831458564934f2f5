"""A query as a data frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from store.reads.connection import Reader


def frame(client: Reader, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the rows; without any rows the frame has no columns either. Parameters bind as ``{name:Type}``."""
    return client.query_df(sql, parameters=dict(parameters or {}))
