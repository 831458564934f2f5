"""What people can do about an incident: acknowledge, note, assign, silence. Each is one POST to the engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import AndonError
from core.incident import ACKNOWLEDGED_FOR, IncidentStatus
from dashboard import viewer
from dashboard.components.time_format import aware
from dashboard.components.words import plain
from dashboard.page import Context

_DONE = "andon_done"
_TURN = "andon_turn"
"""How often the session did something: forms are new after each, so that no text is sent a second time, or with another step."""


def said(about: str) -> None:
    """Confirm, once, what was done to ``about`` (an incident, or the silences) in the previous run."""
    done, words = st.session_state.get(_DONE, ("", ""))
    if done == about:
        del st.session_state[_DONE]
        st.toast(words, icon=":material/check:", duration="long")  # wherever on a long page its button is


def form(name: str) -> Any:
    """Return a form that is empty again once something was done."""
    return st.form(f"{name} {st.session_state.get(_TURN, 0)}", border=False)


def forms(context: Context, row: dict[str, Any]) -> None:
    """Draw the forms; of a resolved incident there is something to note, and nothing else to do."""
    identity = str(row["incident_id"])
    st.subheader("Take action", anchor=False)
    if row["status"] == IncidentStatus.RESOLVED.value:
        _note(context, identity)
        return
    acknowledge, note, assign, silence = st.tabs(["Acknowledge", "Note", "Assign", "Silence"])
    with acknowledge, form("acknowledge"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        text = st.text_input("Note", placeholder="what you are doing about it")
        st.caption(_effect(context, row))
        if st.form_submit_button("Acknowledge", type="primary"):
            act(context, f"incidents/{identity}/acknowledge", {"by": name, "note": text}, identity, "Acknowledged")
    with note:
        _note(context, identity)
    with assign, form("assign"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        to = _assignee(context, row)
        if st.form_submit_button("Assign", type="primary"):
            act(context, f"incidents/{identity}/assign", {"by": name, "assignee": to}, identity, "Assigned")
    with silence, form("silence"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        reason = st.text_input("Reason", placeholder="planned maintenance of …")
        hours = st.number_input("Hours", min_value=0.5, max_value=168.0, value=2.0, step=0.5)
        st.caption("The incident stays visible; nobody is notified until the silence ends.")
        if st.form_submit_button("Silence", type="primary"):
            act(context, f"incidents/{identity}/silence", {"by": name, "reason": reason, "hours": hours}, identity, "Silenced")


def act(context: Context, path: str, body: dict[str, Any], about: str, done: str, *, over: str | None = None) -> None:
    """Post to the engine, and draw the page again; :func:`said` of ``about`` then says that it was ``done``.

    Without ``done``, what the engine says of it is all that is told. ``over``: what the session need not know any more once it is done.
    """
    if not body["by"].strip():
        st.error("Enter your name so that colleagues know who acted.", icon=":material/person:")
        return
    try:
        said = context.data.act(path, body).get("said", "")
    except AndonError as error:
        st.error("The engine did not confirm it.", icon=":material/error:")
        st.text(str(error))
    else:
        viewer.given(body["by"])
        if over:
            st.session_state.pop(over, None)
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        told = f"{done} by {plain(body['by'])}." + (f" It {plain(said)}" if said else "")
        st.session_state[_DONE] = (about, told if done else plain(said[:1].upper() + said[1:]))
        st.rerun()


def _assignee(context: Context, row: dict[str, Any]) -> str:
    """Let the viewer choose a member of the owning team, a member of another team, a team, or type a name."""
    owners = context.catalog.owners.owners
    teams = sorted(owners, key=lambda team: team != row["owner"])  # the owning team's people first
    people = [person for team in teams for person in owners[team].members]
    known = dict.fromkeys(filter(None, [str(row["assignee"]), *people, *(owners[team].title for team in teams)]))
    chosen = st.selectbox(
        "Assign to",
        list(known),
        index=0 if row["assignee"] else None,
        placeholder="a member of the team, or type a name",
        accept_new_options=True,
    )
    return chosen or ""


def _note(context: Context, identity: str) -> None:
    with form("note"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        text = st.text_area("What others should know", max_chars=1000, height=96)
        st.caption("Nothing else changes, and nobody is notified. It stays in the history, also once the incident is resolved.")
        if st.form_submit_button("Add note", type="primary"):
            act(context, f"incidents/{identity}/note", {"by": name, "note": text}, identity, "Noted")


def _effect(context: Context, row: dict[str, Any]) -> str:
    due = aware(row["next_due_at"])
    if due is not None and due > context.now:
        return f"Repeat notifications stop until the next deadline, {plain(context.zone.show(due))}."
    hours = f"{ACKNOWLEDGED_FOR.total_seconds() / 3600:.0f} hours"
    return f"There is no deadline ahead: repeat notifications stop for {hours}, or until a new deadline is set."
