"""The troubles of sources, and their pauses, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from core.plural import counted


def listed(names: Iterable[str], unread: pd.DataFrame, gaps: pd.DataFrame, pauses: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each source of which something is known, those that are paused or cannot be read first.

    ``unread`` and ``gaps`` as of ``store.reads.source_troubles``, ``pauses`` of ``store.reads.origins``.
    """
    rows: list[dict[str, Any]] = [
        *({"source": one["source"], "what": f"paused by {one['by']}", "since": one["since"], "why": one["reason"]} for one in _of(pauses)),
        *({"source": one["source"], "what": "cannot be read", "since": one["since"], "why": one["reason"]} for one in _of(unread)),
        *(
            {
                "source": one["source"],
                "what": counted(int(one["gaps"]), "gap"),
                "since": one["last_at"],
                "why": one["what"] + (f" ({one['place']})" if one["place"] else ""),
            }
            for one in _of(gaps)
        ),
    ]
    wanted = set(names)
    return pd.DataFrame([row for row in rows if not wanted or row["source"] in wanted])


def _of(found: pd.DataFrame) -> list[dict[Any, Any]]:
    return found.to_dict("records")
