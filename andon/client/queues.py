"""What stands in queues, for a terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd

_NUMBERS = {"waiting": "waiting", "dead_letters": "dead letters", "oldest_seconds": "oldest (s)", "unacknowledged": "unacknowledged"}


def listed(queues: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return rows of ``store.reads.queues.latest`` as a terminal shows them, of one source or (empty) of all."""
    rows = [row for row in queues.to_dict("records") if source in {"", row["source"]}]
    return pd.DataFrame(
        [
            {
                **{name: row[name] for name in ("source", "queue", "reader")},
                **{title: _number(row[name]) for name, title in _NUMBERS.items()},
                "told at": row["told_at"],
            }
            for row in rows
        ]
    )


def _number(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else f"{int(value):,}"
