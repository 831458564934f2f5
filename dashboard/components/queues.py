"""What stands in the queues of brokers: how much waits, since when, for whom, and what was dead-lettered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.catalog import Catalog
from core.money import count
from core.plural import counted
from dashboard.components import table
from dashboard.components.spark import spark
from dashboard.components.time_format import aware, duration
from dashboard.components.words import plain
from dashboard.page import Context

HOURS = 24
_SHOWN = 200
_STALE_SECONDS = 300
"""A state told longer ago than this is shown with its age: its source is not read, or its broker does not answer."""


def show(context: Context, queues: pd.DataFrame, untold: pd.DataFrame, hour: datetime, sources: set[str] | None) -> None:
    """Draw the queues (``store.reads.queues.latest``) of these ``sources`` (None: of all), with dead letters first, then the fullest.

    ``untold``: the sources of whose queues nobody tells (``store.reads.source_troubles.untold``).
    """
    told = [*queues.to_dict("records"), *_untold(context.catalog, queues)]
    told = [row for row in told if sources is None or row["source"] in sources]
    silent = _silent(context.catalog, untold, queues, sources)
    if told or silent:
        st.subheader("Queues", anchor=False)
    if told:
        _draw(context, told, hour)
    if silent:
        st.caption(f"Not told is what waits for {'; for '.join(f'{plain(source)}, since {why}' for source, why in silent.items())}.")


def _draw(context: Context, told: list[dict[Any, Any]], hour: datetime) -> None:
    rows = sorted(told, key=lambda row: (-_number(row["dead_letters"]), -_inside(row), row["source"], row["queue"]))
    hours = [hour - timedelta(hours=HOURS - 1 - number) for number in range(HOURS)]
    columns = [
        table.Column("Queue", _named, "key wrap"),
        table.Column("Waiting", lambda row: _figure(row["waiting"]), "number"),
        table.Column("Dead letters", _dead_letters, "number"),
        table.Column("Oldest", _oldest, "number"),
        table.Column("Unacknowledged", lambda row: _figure(row["unacknowledged"]), "number"),
        table.Column("Last 24 hours", lambda row: spark(context.zone, _series(row, hours))),
        table.Column("Told", lambda row: _told(context, row), "soft"),
    ]
    table.show(columns, rows[:_SHOWN], "Queues", phone="cards")
    shown = f"Showing {_SHOWN} of {len(rows)}. " if len(rows) > _SHOWN else ""
    st.caption(f"{shown}A dash: the broker does not tell. Last 24 hours: the most in it in each hour, waiting or unacknowledged.")


def _silent(catalog: Catalog, untold: pd.DataFrame, queues: pd.DataFrame, sources: set[str] | None) -> dict[str, str]:
    """Return, by source, why nobody tells of the queues of its broker; of those that others tell of, nothing."""
    heard = {row["source"] for row in queues.to_dict("records")}
    known = {name for name in catalog.sources if name not in heard and (sources is None or name in sources)}
    return {str(row["source"]): str(row["reason"]) for row in untold.to_dict("records") if row["source"] in known}


def _untold(catalog: Catalog, queues: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the queues that milestones name and nobody has told of: their transactions would wait unseen."""
    told = [(row["source"], row["queue"], row["reader"]) for row in queues.to_dict("records")]
    known = {*told, *((source, queue, "") for source, queue, _ in told)}  # without a reader, a milestone means any
    named = [one.through for flow in catalog.flows.values() for one in flow.milestones.values() if one.through is not None]
    wanted = dict.fromkeys((through.source, through.queue, through.reader) for through in named)
    figures = dict.fromkeys(("waiting", "dead_letters", "oldest_seconds", "unacknowledged", "told_at"))
    return [
        {"source": source, "queue": queue, "reader": reader, "by_hour": {}, **figures}
        for source, queue, reader in wanted
        if (source, queue, reader) not in known
    ]


def _named(row: Mapping[Any, Any]) -> Markup:
    reader = f" · read by {row['reader']}" if row["reader"] else ""
    return Markup("{}<br><small>{}{}</small>").format(row["queue"], row["source"], reader)


def _number(value: Any) -> int:
    return 0 if value is None or pd.isna(value) else int(value)


def _inside(row: Mapping[Any, Any]) -> int:
    return _number(row["waiting"]) + _number(row["unacknowledged"])


def _figure(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else count(int(value))


def _oldest(row: Mapping[Any, Any]) -> str:
    value = row["oldest_seconds"]
    if value is None or pd.isna(value):
        return "–"
    return duration(float(value)) if _inside(row) else ""


def _dead_letters(row: Mapping[Any, Any]) -> Markup | str:
    if not _number(row["dead_letters"]):
        return _figure(row["dead_letters"])
    number = int(row["dead_letters"])
    return Markup('<span class="pill bad" title="{}">{}</span>').format(counted(number, "dead letter"), count(number))


def _series(row: Mapping[Any, Any], hours: list[datetime]) -> list[tuple[datetime, int]]:
    known = {int(began): int(most) for began, most in dict(row["by_hour"]).items()}
    return [(moment, known.get(int(moment.timestamp()), 0)) for moment in hours]


def _told(context: Context, row: Mapping[Any, Any]) -> Markup | str:
    told = aware(row["told_at"])
    if told is None:
        why = "A milestone names it (through), but nobody has told of it: neither the source's receiver nor metrics that it sends"
        return Markup('<span class="pill warn" title="{}">not told</span>').format(why)
    age = (context.now - told).total_seconds()
    text = f"{duration(age)} ago"
    return (
        Markup('<span class="pill warn" title="{}">{}</span>').format("Its source is not read now, or the broker does not answer", text)
        if age > _STALE_SECONDS * context.speed
        else text
    )
