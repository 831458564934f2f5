"""Publishing again what nobody could use or what others gave up, and what was published so: by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.source import DEFAULT_SOURCE
from dashboard import definitions
from dashboard.components import confirmed, incident_acts, notices, table
from dashboard.components.time_format import aware, duration
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import resubmission as reads

_ABOUT = "resubmissions"
_DONE = {"ask to resubmit": "asked for a second person", "resubmit": "begun; nobody knows what came of it"}
_NOBODY = "What counts as *default* came without a token and names, if it can be read, no service of a source (services)."


def of_transaction(context: Context, flow: str, milestones: pd.DataFrame) -> None:
    """Offer the dead letters among its milestones, and draw what was asked and done about its events."""
    incident_acts.said(_ABOUT)
    events = milestones[milestones["signal"] == "event"] if len(milestones) else milestones
    ids = tuple(sorted(set(events["signal_id"]))) if len(events) else ()
    failed = events[events["failure"].astype(bool) & events["source"].isin(allowed(context))] if len(events) else events
    given_up = tuple(sorted(set(failed["signal_id"]))) if len(failed) else ()
    found = context.data.read(reads.offered, ids=given_up).to_dict("records") if given_up else []
    done = _rows(context.data.read(reads.history, events=ids)) if ids else []
    if not found and not done:
        return
    st.subheader("Published again" if done else "Given up", anchor=False)
    _show(context, done, lambda row: _since(context, flow, milestones, row))
    offer(context, {str(row["id"]): f"{row['type'].removesuffix('.dead_letter')} · {row['id']}" for row in found})


def allowed(context: Context) -> list[str]:
    """Return the sources of which something may be published again."""
    return [name for name, source in context.catalog.sources.items() if source.resubmit is not None]


def of_quarantine(context: Context, rows: list[dict[Any, Any]]) -> None:
    """Offer the inputs of the quarantine that their source lets be published again, and draw what was asked and done about these."""
    incident_acts.said(_ABOUT)
    mine = {str(row["quarantine_id"]): row for row in rows if row["source"] in allowed(context)}
    offer(
        context,
        {
            identity: f"{context.zone.show(row['received_at'])} · {row['source']} · {row['reason']} · {identity}"
            for identity, row in mine.items()
        },
    )
    if others := sorted({str(row["source"]) for row in rows}.difference(allowed(context))) if allowed(context) else []:
        nobody = f" {_NOBODY}" if DEFAULT_SOURCE in others else ""
        st.caption(f"Not offered is what came from {plain(', '.join(others))}: no resubmit: says where that may go.{nobody}")
    done = _rows(context.data.read(reads.history, targets=tuple(sorted(mine)))) if mine else []
    _show(context, done, None)


def of_incident(context: Context, identity: str, source: str) -> None:
    """Offer the dead letters of a source that transactions of an incident have, and draw what was asked and done about these."""
    incident_acts.said(_ABOUT)
    found = context.data.read(reads.given_up, incident_id=identity, source=source).to_dict("records")
    if not found:
        notices.empty("Nothing to publish again", f"None of the incident's transactions has a dead letter of the source {source}.")
        return
    letters = {str(row["id"]): f"{row['reference']} · {row['type'].removesuffix('.dead_letter')} · {row['id']}" for row in found}
    _show(context, _rows(context.data.read(reads.history, targets=tuple(sorted(letters)))), None)
    offer(context, letters)
    if (among := int(found[0]["among"])) > len(found):
        st.caption(f"Offered are the latest {len(found):,} of {among:,} dead letters; the page of each transaction offers its own.")


def offer(context: Context, choices: Mapping[str, str]) -> None:
    """Let somebody publish one of ``choices`` (words by id) again: shown first, as it came or edited, and sent once confirmed."""
    if not choices:
        return
    with st.expander("Resubmit…"):
        identity = st.selectbox("What is published again", list(choices), format_func=lambda known: choices[known])
        edited = st.text_area("Published instead of it", placeholder="empty: as it came", height=96)
        asked = {"id": identity, **({"body": edited} if edited else {})}
        caution = (
            "Where it goes, and whether a second person has to ask for the same, is what the source's resubmit: says. Nothing is sent"
            " before you have seen it and confirmed it."
        )
        confirmed.draw(context, confirmed.Change("resubmissions", asked, _ABOUT, caution, repeated=asked))


def _show(context: Context, rows: list[dict[Any, Any]], since: Callable[[dict[Any, Any]], str] | None) -> None:
    if not rows:
        return
    columns = [
        table.Column("When", lambda row: table.time(context.zone, row["at"], seconds=True)),
        table.Column("Who", lambda row: row["actor"], "key"),
        table.Column("What came of it", lambda row: row["outcome"] or _DONE[row["action"]]),
        table.Column("Since then", since) if since else table.Column("Id", lambda row: row["target"], "soft"),
        table.Column("Where and why", _place, "wide"),
    ]
    table.show(columns, rows, "Published again", phone="cards")


def _place(row: dict[Any, Any]) -> Markup:
    """Return where it went and why; what it was, by its hashes, is behind it."""
    place, _, hashes = str(row["detail"]).partition("; sha256 ")
    return Markup('<span title="sha256 {}">{}</span>').format(hashes, place)


def _rows(history: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the latest first, without the beginnings of what is known to be done."""
    kept: list[dict[Any, Any]] = []
    for row in history.to_dict("records"):
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
