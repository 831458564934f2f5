"""A step of a runbook that changes something elsewhere: shown first, then confirmed, then sent once by the engine."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.catalog.runbook import Step
from core.errors import AndonError
from dashboard import viewer
from dashboard.components import incident_acts
from dashboard.page import Context

_SHOWN = "andon_shown"
"""Where the session keeps what was shown: of which incident, step and transaction, and the engine's answer."""


def show(context: Context, identity: str, step: Step, values: Mapping[str, str]) -> None:
    """Draw the button that shows what would be sent, and once it is shown, the form that sends it."""
    about = (identity, step.step, tuple(sorted(values.items())))
    if st.button("Show what would be sent"):
        try:
            answer = context.data.act(f"incidents/{identity}/step/show", {"step": step.step, "values": dict(values)})
        except AndonError as error:
            st.session_state.pop(_SHOWN, None)
            st.error("It cannot be sent.", icon=":material/error:")
            st.text(str(error))
            return
        st.session_state[_SHOWN] = (about, answer)
    known, answer = st.session_state.get(_SHOWN, (None, {}))
    if known != about:
        st.caption("This step changes something elsewhere. Nothing is sent before you have seen it and confirmed it.")
        return
    st.code(answer["said"], language=None, wrap_lines=True)
    with incident_acts.form("send"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        reason = st.text_input("Reason" if step.reason else "Reason, if there is one", placeholder="why you send it")
        st.caption("It is sent once, as shown. Who sent it, when and why, and what came of it, stay in the history.")
        if st.form_submit_button("Send it now", type="primary"):
            if step.reason and not reason.strip():
                st.error("Say why, for anyone who looks later.", icon=":material/edit_note:")
                return
            body = {"by": name, "reason": reason, "confirm": answer["confirm"]}
            incident_acts.act(context, f"incidents/{identity}/step/send", body, identity, "Sent", over=_SHOWN)
