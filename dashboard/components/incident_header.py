"""The top of an incident's page: what it is, how large, who has it, and whether it is kept quiet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.flow import OWN_FLOW
from core.incident import IncidentStatus, cause_text, current_status
from core.money import count, several
from dashboard import definitions
from dashboard.components import status_badge
from dashboard.components.time_format import aware, duration, overdue, until, utc
from dashboard.page import Context

Fact = tuple[str, str, str]
"""What is said on hovering, a label, and its value."""

_HEAD = Markup(
    '<div class="andon-detail"><a class="back" href="incidents">← All incidents</a><h1>{bulb} {title} {pills}</h1><div class="facts incident">{facts}</div></div>'
)
_FACT = Markup('<span class="fact" title="{}"><i>{}</i><b>{}</b></span>')
_REST = Markup('<div class="andon-detail andon-phone"><div class="facts">{}</div></div>')
_SHOWN = 3
_ON_A_PHONE = 3


def show(context: Context, row: dict[str, Any], silences: pd.DataFrame) -> None:
    """Draw it; on a phone only the first three facts. ``row``: of ``incidents``; ``silences``: those that keep it quiet."""
    state = status(row, context.now)
    pills = [status_badge.pill(state), *([status_badge.pill("silenced")] if len(silences) else [])]
    st.html(
        _HEAD.format(
            bulb=status_badge.icon(status_badge.incident(state, row["breached"])),
            title=row["title"],
            pills=Markup(" ").join(pills),
            facts=_drawn(_facts(context, row, silences)),
        )
    )


def rest(context: Context, row: dict[str, Any], silences: pd.DataFrame) -> None:
    """Draw, on a phone alone, the facts that :func:`show` leaves out there."""
    st.html(_REST.format(_drawn(_facts(context, row, silences)[_ON_A_PHONE:])))


def _drawn(facts: list[Fact]) -> Markup:
    return Markup("").join(_FACT.format(*fact) for fact in facts)


def _facts(context: Context, row: dict[str, Any], silences: pd.DataFrame) -> list[Fact]:
    of_transactions = row["flow"] != OWN_FLOW
    facts = [
        *(_size(context, row) if of_transactions else [("", "Severity", row["severity"])]),
        *_times(context, row),
        *(_where(context, row) if of_transactions else [("", "Condition", row["cause"] or "–")]),
        *_acknowledgement(context, row),
        *(_silence(context, one) for one in silences.head(_SHOWN).to_dict("records")),
    ]
    if len(silences) > _SHOWN:
        facts.append(("", "Silences", f"{len(silences) - _SHOWN} more"))
    return facts


def status(row: dict[str, Any], now: datetime) -> str:
    """Return its status now."""
    return current_status(str(row["status"]), aware(row["acknowledged_until"]), now)


def deadline(row: Mapping[Any, Any], now: datetime) -> str:
    """Return for how long the worst of an incident has been overdue, else when the next of it is due.

    What failed need have no deadline; one that has passed since is decided by the next evaluation.
    """
    if row["status"] == IncidentStatus.RESOLVED.value or row["flow"] == OWN_FLOW:
        return "–"
    if late := overdue(row["overdue_since"], now):
        return late
    if (due := aware(row["next_due_at"])) is None:
        return "failed" if row["breached"] else "–"
    return f"due {until(due, now)}" if due > now else "just passed"


def _deadlines(row: dict[str, Any], now: datetime) -> str:
    """Return its deadline, and the next one if another is overdue already."""
    first, due = deadline(row, now), aware(row["next_due_at"])
    return f"{first}, next due {until(due, now)}" if first.startswith("overdue") and due is not None and due > now else first


def names(found: Any, limit: int = 2) -> str:
    """Return the first names, and how many more there are."""
    found = list(found)
    return ", ".join(found[:limit]) + (f" and {len(found) - limit} more" if len(found) > limit else "")


def _size(context: Context, row: dict[str, Any]) -> list[Fact]:
    catalog, owner = context.catalog, str(row["owner"])
    if row["status"] == IncidentStatus.RESOLVED.value:
        size = [
            ("", "Affected", f"{count(row['members_total'])} in total, at most {count(row['peak_members'])} at once"),
            ("", "Late or failed, at most", count(row["peak_breached"])),
            ("", "Value at risk, at most", several(row["peak_value"])),
            ("", "Penalty, at most", several(row["peak_penalty"])),
        ]
    else:
        size = [
            ("", "Affected now", f"{count(row['members'])} of {count(row['members_total'])} in total"),
            ("", "Late or failed", count(row["breached"])),
            ("", "Value at risk", several(row["value"])),
            ("", "Penalty so far", several(row["penalty"])),
        ]
    return [
        *size,
        ("", "Severity", row["severity"]),
        (", ".join(row["customers"]), "Customers", names(row["customers"], 3) or "–"),
        (", ".join(row["plants"]), "Plants", ", ".join(row["plants"]) or "–"),
        ("", "Owner", definitions.owner_title(catalog, owner) + (f" · {row['assignee']}" if row["assignee"] else "")),
        ("", "Contact", definitions.owner_contact(catalog, owner) or "–"),
    ]


def _times(context: Context, row: dict[str, Any]) -> list[Fact]:
    resolved, opened, reopened = (aware(row[name]) for name in ("resolved_at", "opened_at", "reopened_at"))
    facts = [(utc(opened), "Opened", context.zone.show(opened))]
    if reopened:
        facts.append((utc(reopened), "Reopened", context.zone.show(reopened)))
    if resolved and opened:
        lasted = duration((resolved - (reopened or opened)).total_seconds())
        facts.append((utc(resolved), "Resolved", f"{context.zone.show(resolved)} after {lasted}"))
    return facts


def _where(context: Context, row: dict[str, Any]) -> list[Fact]:
    flow, stage = str(row["flow"]), str(row["stage"])
    resolved = row["status"] == IncidentStatus.RESOLVED.value
    return [
        *([] if resolved else [(utc(row["next_due_at"]), "Deadline", _deadlines(row, context.now))]),
        ("", "Where", f"{definitions.flow_title(context.catalog, flow)} › {definitions.stage_title(context.catalog, flow, stage)}"),
        ("", "Cause", cause_text(str(row["cause"]), over=resolved) or "–"),
    ]


def _acknowledgement(context: Context, row: dict[str, Any]) -> list[Fact]:
    by, until = str(row["acknowledged_by"]), row["acknowledged_until"]
    if not by or row["status"] == IncidentStatus.RESOLVED.value:
        return []
    if status(row, context.now) == IncidentStatus.ACKNOWLEDGED.value:
        return [(utc(until), "Acknowledged", f"{by} until {context.zone.show(until)}")]
    return [(utc(until), "Acknowledgement ended", f"{context.zone.show(until)}; it was {by}'s")]


def _silence(context: Context, row: dict[Any, Any]) -> Fact:
    return (utc(row["ends_at"]), "Silenced", f"until {context.zone.show(row['ends_at'])} by {row['created_by']}: {row['reason']}")
