"""What a person can do about an incident: acknowledge, assign, silence. Each is one POST to the engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import AndonError
from dashboard.page import Context


def forms(context: Context, row: dict[str, Any]) -> None:
    """Draw the three forms; a resolved incident has none."""
    if row["status"] == "resolved":
        return
    identity = str(row["incident_id"])
    who = str(st.session_state.get("actor", ""))
    st.subheader("Act", anchor=False)
    acknowledge, assign, silence = st.tabs(["Acknowledge", "Assign", "Silence"])
    with acknowledge, st.form("acknowledge", border=False):
        name = st.text_input("Your name", value=who)
        note = st.text_input("Note", placeholder="what you are doing about it")
        st.caption("Repeats stop until the next deadline; then it speaks up again.")
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
        st.caption("It stays visible; nobody is told until the silence ends.")
        if st.form_submit_button("Silence", type="primary"):
            _act(context, f"incidents/{identity}/silence", {"by": name, "reason": reason, "hours": hours}, name, "Silenced")


def _act(context: Context, path: str, body: dict[str, Any], name: str, done: str) -> None:
    if not name.strip():
        st.error("Give your name, so that colleagues know who acts.", icon=":material/person:")
        return
    try:
        context.data.act(path, body)
    except AndonError as error:
        st.error("Nothing was changed.", icon=":material/error:")
        st.text(str(error))
    else:
        st.toast(f"{done}.", icon=":material/check:")
        st.success(f"{done}. The board shows it within seconds.", icon=":material/check:")
