"""Notices for when there is nothing to show: why, and what to do."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from markupsafe import Markup

from dashboard.components.time_format import Zone, duration, utc

_NOTICE = Markup(
    '<div class="andon-notice {kind}" role="status"><div class="glyph" aria-hidden="true">{glyph}</div>'
    '<div><div class="headline">{headline}</div><div class="words">{words}</div></div></div>'
)


def empty(headline: str, words: str, command: str = "") -> None:
    """Say that there is nothing yet, and show the command that changes it."""
    st.html(_NOTICE.format(kind="empty", glyph="○", headline=headline, words=words))
    if command:
        st.code(command, language=None)


def good(headline: str, words: str = "") -> None:
    """Say that nothing is wrong."""
    st.html(_NOTICE.format(kind="good", glyph="✓", headline=headline, words=words))


def remark(headline: str, words: str) -> None:
    """Say what is missing from the picture, although nothing is late."""
    st.html(_NOTICE.format(kind="dim", glyph="!", headline=headline, words=words))


def unreachable(asked: str, detail: str) -> None:
    """Say that there is no data, so that nobody mistakes silence for health."""
    st.html(
        _NOTICE.format(
            kind="bad",
            glyph="✕",
            headline="Data delayed: the store does not answer",
            words=f"The current state of the flows is unknown. The dashboard asked {asked} and keeps trying. "
            "Signals that arrive in the meantime are safe in the journal.",
        )
    )
    st.code("andon engine        # start it, or see why it stops\nandon journal status   # what waits to be loaded", language=None)
    with st.expander("Technical detail"):
        st.text(detail)
    _retry()


def delayed(asked: str, since: datetime, zone: Zone, now: datetime) -> None:
    """Say that the data shown is old."""
    st.html(
        Markup('<div title="{}">{}</div>').format(
            utc(since),
            _NOTICE.format(
                kind="bad",
                glyph="!",
                headline=f"Data delayed: showing data from {zone.show(since, seconds=True)}, {duration((now - since).total_seconds())} old",
                words=f"{asked[:1].upper()}{asked[1:]} does not answer. The figures below are the last ones received, not current.",
            ),
        )
    )


def refused(wrong: str) -> None:
    """Say that the catalog on disk has an error, and which catalog the page uses instead."""
    words = f"{wrong} – The previous catalog stays in force and is shown here. Correct the file, then run 'andon check'."
    remark("The catalog on disk is invalid", words)


@st.fragment(run_every="5s")
def _retry() -> None:
    if st.session_state.get("andon_retry"):
        st.session_state["andon_retry"] = False
        st.rerun(scope="app")
    st.session_state["andon_retry"] = True
