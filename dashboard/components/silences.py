"""Silences that have not ended: what each keeps quiet, until when and why, and the form that ends one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.incident import cause_text
from dashboard import definitions, viewer
from dashboard.components import incident_acts, table
from dashboard.page import Context

SAID_OF = "silences"
"""Of what :func:`dashboard.components.incident_acts.said` confirms that a silence was ended."""


def show(context: Context, rows: pd.DataFrame) -> None:
    """Draw a table of rows of ``silences``, and the form; nothing if there are none."""
    incident_acts.said(SAID_OF)
    if rows.empty:
        return
    st.subheader("Silences", anchor=False)
    columns = [
        table.Column("Matches", lambda row: matched(context, row), "key"),
        table.Column("Until", lambda row: table.time(context.zone, row["ends_at"]), "named"),
        table.Column("By", lambda row: row["created_by"], "named"),
        table.Column("Reason", lambda row: row["reason"], "wide"),
    ]
    table.show(columns, rows.to_dict("records"), "Silences", phone="lines")
    end(context, rows, SAID_OF)


def end(context: Context, rows: pd.DataFrame, said_of: str) -> None:
    """Draw the form that ends one of these silences; it is confirmed where ``said_of`` is named."""
    known = {str(row["silence_id"]): f"{matched(context, row)}: {row['reason']}" for row in rows.to_dict("records")}
    with incident_acts.form("end silence"):
        chosen = st.selectbox("Silence", list(known), format_func=lambda identity: known.get(identity, identity))
        name = st.text_input(viewer.LABEL, value=viewer.name())
        st.caption("Whoever is affected is notified again at once if it still holds.")
        if st.form_submit_button("End silence"):
            incident_acts.act(context, f"silences/{chosen}/end", {"by": name}, said_of, "Silence ended")


def matched(context: Context, row: dict[Any, Any]) -> str:
    """Return what a silence keeps quiet, in the catalog's words."""
    catalog, flow, stage = context.catalog, row["flow"], row["stage"]
    incident = f"incident {row['incident_id'][:8]}" if row["incident_id"] else ""
    named = [definitions.flow_title(catalog, flow) if flow else "", definitions.stage_title(catalog, flow, stage) if stage else ""]
    return " › ".join(filter(None, [*named, cause_text(row["cause"]), incident])) or "everything"
