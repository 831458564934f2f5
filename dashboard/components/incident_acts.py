"""What people can do about an incident: acknowledge, assign, silence. Each is one POST to the engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import AndonError
from core.incident import ACKNOWLEDGED_FOR
from dashboard.components.time_format import aware
from dashboard.components.words import plain
from dashboard.page import Context

_DONE = "andon_done"


def said(identity: str) -> None:
    """Confirm, once, what was done to this incident in the previous run."""
    about, words = st.session_state.pop(_DONE, ("", ""))
    if about == identity:
        st.success(words, icon=":material/check:")


def forms(context: Context, row: dict[str, Any]) -> None:
    """Draw the three forms; a resolved incident has none."""
    if row["status"] == "resolved":
        return
    identity = str(row["incident_id"])
    who = str(st.session_state.get("actor", ""))
    st.subheader("Take action", anchor=False)
    acknowledge, assign, silence = st.tabs(["Acknowledge", "Assign", "Silence"])
    with acknowledge, st.form("acknowledge", border=False):
        name = st.text_input("Your name", value=who)
        note = st.text_input("Note", placeholder="what you are doing about it")
        st.caption(_effect(context, row))
        if st.form_submit_button("Acknowledge", type="primary"):
            _act(context, f"incidents/{identity}/acknowledge", {"by": name, "note": note}, name, "Acknowledged")
    with assign, st.form("assign", border=False):
        name = st.text_input("Your name", value=who)
        to = st.text_input("Assign to", value=str(row["assignee"]), placeholder="name or team")
        if st.form_submit_button("Assign", type="primary"):
            _act(context, f"incidents/{identity}/assign", {"by": name, "assignee": to}, name, "Assigned")
    with silence, st.form("silence", border=False):
        name = st.text_input("Your name", value=who)
        reason = st.text_input("Reason", placeholder="planned maintenance of …")
        hours = st.number_input("Hours", min_value=0.5, max_value=168.0, value=2.0, step=0.5)
        st.caption("The incident stays visible; nobody is notified until the silence ends.")
        if st.form_submit_button("Silence", type="primary"):
            _act(context, f"incidents/{identity}/silence", {"by": name, "reason": reason, "hours": hours}, name, "Silenced")


def _effect(context: Context, row: dict[str, Any]) -> str:
    due = aware(row["next_due_at"])
    if due is not None and due > context.now:
        return f"Repeat notifications stop until the next deadline, {plain(context.zone.show(due))}."
    hours = f"{ACKNOWLEDGED_FOR.total_seconds() / 3600:.0f} hours"
    return f"There is no deadline ahead: repeat notifications stop for {hours}, or until a new deadline is set."


def _act(context: Context, path: str, body: dict[str, Any], name: str, done: str) -> None:
    if not name.strip():
        st.error("Enter your name so that colleagues know who acted.", icon=":material/person:")
        return
    try:
        context.data.act(path, body)
    except AndonError as error:
        st.error("Nothing was changed.", icon=":material/error:")
        st.text(str(error))
    else:
        st.session_state[_DONE] = (path.split("/")[1], f"{done} by {plain(name)}.")
        st.rerun()
