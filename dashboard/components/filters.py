"""Filters that live in the address, so that what a viewer sees can be sent as a link."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import streamlit as st

PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
_PERIOD_WORDS = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", "all": "All time"}


def choose(
    label: str, name: str, options: Iterable[str], words: Callable[[str], str] = str, every: str = "All", typed: bool = False
) -> str:
    """Let the viewer choose one of ``options`` or all (empty); kept as ``?name=``. ``typed``: the viewer may also type another value."""
    known = ["", *dict.fromkeys(option for option in options if option)]
    now = st.query_params.get(name, "")
    if now not in known:
        known.append(now)
    chosen = st.selectbox(
        label, known, index=known.index(now), format_func=lambda option: words(option) if option else every, accept_new_options=typed
    )
    return _keep(name, now, chosen or "")


def period(default: str = "30d", everything: bool = False) -> str:
    """Let the viewer choose a period; kept as ``?period=``."""
    known = [*PERIODS, *(["all"] if everything else [])]
    now = st.query_params.get("period", default)
    now = now if now in known else default
    chosen = st.selectbox("Period", known, index=known.index(now), format_func=lambda option: _PERIOD_WORDS[option])
    return _keep("period", now, chosen or default) or default


def since(chosen: str, now: datetime) -> datetime | None:
    """Return when the period begins, rounded down to the minute so that cached answers can be shared; None for all time."""
    return None if chosen == "all" else now.replace(second=0, microsecond=0) - PERIODS[chosen]


def _keep(name: str, now: str, chosen: str) -> str:
    if chosen != now:
        if chosen:
            st.query_params[name] = chosen
        else:
            st.query_params.pop(name, None)
    return chosen
