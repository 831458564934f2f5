"""What of a transaction was published again: by whom, what came of it, and what it has reached since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard import definitions
from dashboard.components import table
from dashboard.components.time_format import aware, duration
from dashboard.page import Context
from store.reads import resubmission as reads

_DONE = {"ask to resubmit": "asked for a second person", "resubmit": "begun; nobody knows what came of it"}


def draw(context: Context, flow: str, milestones: pd.DataFrame) -> None:
    """Draw what was asked and done about the events among its milestones, if there was anything."""
    events = milestones.loc[milestones["signal"] == "event", "signal_id"] if len(milestones) else ()
    ids = tuple(sorted({str(text).rpartition(" ")[2] for text in events}))
    found = context.data.read(reads.history, targets=ids) if ids else pd.DataFrame()
    rows = _rows(found.to_dict("records"))
    if not rows:
        return
    st.subheader("Published again", anchor=False)
    columns = [
        table.Column("When", lambda row: table.time(context.zone, row["at"], seconds=True)),
        table.Column("Who", lambda row: row["actor"], "key"),
        table.Column("What came of it", lambda row: row["outcome"] or _DONE[row["action"]]),
        table.Column("Since then", lambda row: _since(context, flow, milestones, row)),
        table.Column("Where and why", _place, "wide"),
    ]
    table.show(columns, rows, "Published again")


def _place(row: dict[Any, Any]) -> Markup:
    """Return where it went and why; what it was, by its hashes, is behind it."""
    place, _, hashes = str(row["detail"]).partition("; sha256 ")
    return Markup('<span title="sha256 {}">{}</span>').format(hashes, place)


def _rows(found: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Return the latest first, without the beginnings of what is known to be done."""
    kept: list[dict[Any, Any]] = []
    for row in found:
        begun = next((one for one in reversed(kept) if one["target"] == row["target"] and one["action"] == "resubmit"), None)
        if row["action"] == "resubmitted" and begun is not None:
            kept.remove(begun)
        kept.append(row)
    return kept[::-1]


def _since(context: Context, flow: str, milestones: pd.DataFrame, row: dict[Any, Any]) -> str:
    """Return the first milestone after it that is no failure, and how much later."""
    if row["outcome"] != "published":
        return ""
    began: datetime | None = aware(row["at"])
    for one in milestones.sort_values("event_time").to_dict("records"):
        reached = aware(one["event_time"])
        if began and reached and reached > began and not one["failure"]:
            title = definitions.stage_title(context.catalog, flow, str(one["milestone"]))
            return f"reached {title} {duration((reached - began).total_seconds())} later"
    return "nothing reached yet"
