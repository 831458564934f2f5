"""The troubles of sources, as the collector tells of them: which cannot be read, and their gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.plural import counted
from dashboard.page import Context
from store.reads import source_troubles as reads


@dataclass(frozen=True)
class Troubles:
    """Rows of ``store.reads.source_troubles``, by source."""

    unread: dict[str, dict[Any, Any]]
    gaps: dict[str, list[dict[Any, Any]]]

    def added(self, context: Context, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row of a source with what it stands for: that it cannot be read, and what was missing of it."""
        missing = [_missing(context, gap) for gap in self.gaps.get(row["name"], ())]
        why = " · ".join([*missing, *([row["why"]] if row["why"] else [])])
        state = "partly unusable" if missing and row["state"] == "receiving" else row["state"]
        unread = self.unread.get(row["name"])
        if unread is None:
            return {**row, "why": why, "state": state}
        stands = f"Cannot be read since {context.zone.show(unread['since'])}: {unread['reason']}"
        return {**row, "why": why, "state": "cannot be read", "stands": " · ".join([stands, *missing])}


def troubles_of(context: Context, since: datetime) -> Troubles:
    """Return what was told since then."""
    gaps: dict[str, list[dict[Any, Any]]] = {}
    for gap in context.data.read(reads.gaps, since=since).to_dict("records"):
        gaps.setdefault(str(gap["source"]), []).append(gap)
    return Troubles({str(row["source"]): row for row in context.data.read(reads.unread, since=since).to_dict("records")}, gaps)


def _missing(context: Context, gap: dict[Any, Any]) -> str:
    place = f" ({gap['place']})" if gap["place"] else ""
    return f"{counted(int(gap['gaps']), 'gap')}, last at {context.zone.show(gap['last_at'])}: {gap['what']}{place}"
