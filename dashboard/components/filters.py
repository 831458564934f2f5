"""Filters that live in the address, so that what a viewer sees can be sent as a link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import streamlit as st
from markupsafe import Markup

from core.catalog.catalog import Catalog
from dashboard import definitions

_FOLD = Markup('<details class="andon-fold"><summary>Filters</summary></details>')
"""Never drawn in other words: what is unfolded stays so while filters are chosen."""
_CHOSEN = Markup('<p class="andon-folded">{}</p>')


@contextmanager
def folded(usual_period: str) -> Iterator[None]:
    """Draw many filters inside: on a phone they are folded away until asked for, and how many are chosen is said."""
    st.html(_FOLD)
    said = st.empty()
    with st.container(key="folded"):
        yield
    chosen = {name for name, value in st.query_params.items() if name in _SELECTING and value}
    if st.query_params.get("period", usual_period) != usual_period:
        chosen.add("period")
    said.html(_CHOSEN.format(f"{len(chosen)} chosen" if chosen else "none chosen"))


def choose(
    label: str, name: str, options: Iterable[str], words: Callable[[str], str] = str, every: str = "All", typed: bool = False
) -> str:
    """Let the viewer choose one of ``options`` or all (empty); kept as ``?name=``. ``typed``: the viewer may also type another value."""
    known = ["", *dict.fromkeys(option for option in options if option)]
    now = st.query_params.get(name, "")
    if now not in known:
        known.append(now)
    return select(label, name, known, now, lambda option: words(option) if option else every, typed=typed)


def flow(catalog: Catalog) -> str:
    """Let the viewer choose a flow or all (empty); kept as ``?flow=``."""
    return choose("Flow", "flow", catalog.flows, lambda name: definitions.flow_title(catalog, name))


def stated() -> str:
    """Return what the address selects: ``flow=order-to-cash; plant=DE07``; empty if it selects everything."""
    return "; ".join(f"{name}={value}" for name, value in sorted(st.query_params.items()) if name in _SELECTING and value)


_SELECTING = {
    "flow",
    "sla",
    "state",
    "kind",
    "verdict",
    "stage",
    "awaited",
    "customer",
    "supplier",
    "carrier",
    "plant",
    "system",
    "status",
    "owner",
    "source",
    "find",
    "id",
    "behind",
    "promised",
    "cause",
}
"""The names in an address that select rows; the others say how they are shown."""
KEPT = _SELECTING - {"find", "id"} | {"period", "from", "to", "order", "reverse"}
"""The names in an address that a saved view of a list keeps; what names single transactions is no view."""


def select(label: str, name: str, known: list[str], now: str, words: Callable[[str], str], typed: bool = False) -> str:
    """Draw the box with ``now``, which the address says, and write what is chosen into the address.

    The box keeps its identity by its key: without one, Streamlit takes the box of another value for another box and loses the choice made
    in the one before. So the address sets the box only where something else has changed it: a link, or the browser's back button.
    """
    key, written = f"filter-{name}", f"filter-{name}-written"
    if key not in st.session_state or st.session_state.get(written) != now:
        st.session_state[key] = now
    chosen = st.selectbox(label, known, format_func=words, accept_new_options=typed, key=key) or ""
    if chosen != now:
        if chosen:
            st.query_params[name] = chosen
        else:
            st.query_params.pop(name, None)
    st.session_state[written] = chosen
    return chosen
