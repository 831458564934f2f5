"""Who looks at the page: the name that is recorded with what they do."""

from __future__ import annotations

from urllib.parse import unquote

import streamlit as st

LABEL = "Your name"
"""The label of every box that asks for it: by it, ``frame.js`` finds the name and keeps it in the browser."""
_COOKIE = "andon_name"
_ACTED_AS = "acted_as"


def name() -> str:
    """Return the name given last in this window, else the one that the browser has kept; empty if it was never given."""
    return str(st.session_state.get(_ACTED_AS, "")) or unquote(st.context.cookies.get(_COOKIE, ""))


def given(name: str) -> None:
    """Remember the name in this window; the browser keeps it for the next."""
    st.session_state[_ACTED_AS] = name.strip()
