"""What changes something elsewhere: shown first, then confirmed with a name and a reason, then done once by the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import AndonError
from dashboard import viewer
from dashboard.components import incident_acts
from dashboard.page import Context

_SHOWN = "andon_shown"
"""Where the session keeps what was shown: of which change, and the engine's answer."""
_AGAINST = "! "
"""How a line of the answer begins that says what speaks against it."""


@dataclass(frozen=True)
class Change:
    """What is asked of the action API at ``path`` (``/show``, then ``/send``, which gets ``repeated`` besides).

    ``about``: of what :func:`incident_acts.said` tells the outcome, which begins with ``done``; ``caution`` is said before it is shown.
    """

    path: str
    asked: dict[str, Any]
    about: str
    caution: str
    shows: str = "Show what would be sent"
    sends: str = "Send it now"
    done: str = ""
    needs_reason: bool = False
    repeated: dict[str, Any] = field(default_factory=dict)


def draw(context: Context, change: Change) -> None:
    """Draw the button that shows what would be sent, and once it is shown, the form that sends it."""
    about = (change.path, change.asked)
    if st.button(change.shows):
        try:
            answer = context.data.act(f"{change.path}/show", change.asked)
        except AndonError as error:
            st.session_state.pop(_SHOWN, None)
            st.error("It cannot be sent.", icon=":material/error:")
            st.text(str(error))
            return
        st.session_state[_SHOWN] = (about, answer)
    known, answer = st.session_state.get(_SHOWN, (None, {}))
    if known != about:
        st.caption(change.caution)
        return
    st.code(answer["said"], language=None, wrap_lines=True)
    against = any(line.startswith(_AGAINST) for line in answer["said"].split("\n"))
    with incident_acts.form("send"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        anyway = against and st.checkbox("Send it although something speaks against it; see the lines with !")
        needs_reason = change.needs_reason or anyway
        reason = st.text_input("Reason" if change.needs_reason else "Reason, if there is one", placeholder="why you send it")
        st.caption("It is sent once, as shown. Who sent it, when and why, and what came of it, stay in the history.")
        if st.form_submit_button(change.sends, type="primary"):
            if needs_reason and not reason.strip():
                st.error("Say why, for anyone who looks later.", icon=":material/edit_note:")
                return
            body = {**change.repeated, "by": name, "reason": reason, "confirm": answer["confirm"], **({"anyway": True} if anyway else {})}
            incident_acts.act(context, f"{change.path}/send", body, change.about, change.done, over=_SHOWN)
