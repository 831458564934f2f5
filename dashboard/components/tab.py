"""What the browser's tab is called."""

from __future__ import annotations

import streamlit as st


def title(words: str) -> None:
    """Call the tab ``words · Andon``; what is called last counts."""
    st.set_page_config(page_title=f"{words} · Andon")
