"""What happened to an incident, who was notified of it, and what came of each attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st
from markupsafe import Markup

from core.incident_history import in_words
from core.money import count
from dashboard.components import notices, status_badge, table
from dashboard.components.time_format import aware
from dashboard.page import Context
from store.reads import incident_log as reads

_BEFORE = timedelta(days=1)
"""Silences that ended longer than this before an incident opened have nothing to do with it."""


def show(context: Context, row: dict[str, Any]) -> None:
    """Draw three tabs. ``row``: of ``incidents``."""
    history, notified, tried = st.tabs(["History", "Notifications", "Delivery attempts"])
    with history:
        _history(context, row)
    with notified:
        _notifications(context, str(row["incident_id"]))
    with tried:
        _attempts(context, str(row["incident_id"]))


def _history(context: Context, row: dict[str, Any]) -> None:
    group: dict[str, Any] = {name: str(row[name]) for name in ("incident_id", "flow", "stage", "cause")}
    opened = aware(row["opened_at"]) or context.now
    found = context.data.read(reads.history, ended_after=opened - _BEFORE, **group)
    columns = [
        table.Column("When", lambda one: table.time(context.zone, one["at"], seconds=True)),
        table.Column("What", lambda one: _told(context, one), "told"),
    ]
    table.show(columns, found.to_dict("records"), "History")


def _told(context: Context, one: dict[str, Any]) -> Markup:
    """Return who did or heard what: one cell, so that it can be read on a phone."""
    who = Markup("<b>{}</b> ").format(one["who"]) if one["who"] else ""
    return Markup("{}{}").format(who, context.zone.retell(in_words(one["kind"], one["what"], one["number"]), {}))


def _notifications(context: Context, identity: str) -> None:
    deliveries = context.data.read(reads.deliveries, incident_id=identity)
    if deliveries.empty:
        notices.empty("Nobody was notified", "No route in routes.yaml matches this incident, or it is silenced.")
        return
    columns = [
        table.Column("When", lambda row: table.time(context.zone, row["created_at"], seconds=True)),
        table.Column("Channel", lambda row: f"{row['channel']} ({row['notifier']})", "key"),
        table.Column("Reason", lambda row: row["reason"]),
        table.Column("State", lambda row: status_badge.pill(row["state"])),
        table.Column("Attempts", lambda row: count(row["attempts"]), "number"),
        table.Column("Error", lambda row: row["error"], "wide"),
    ]
    table.show(columns, deliveries.to_dict("records"), "Deliveries", phone="cards")


def _attempts(context: Context, identity: str) -> None:
    attempts = context.data.read(reads.attempts, incident_id=identity)
    columns = [
        table.Column("When", lambda row: table.time(context.zone, row["attempted_at"], seconds=True)),
        table.Column("Channel", lambda row: row["channel"], "key"),
        table.Column("Attempt", lambda row: row["attempt"], "number"),
        table.Column("Outcome", lambda row: status_badge.pill(row["outcome"])),
        table.Column("Detail", lambda row: row["detail"], "wide"),
    ]
    table.show(columns, attempts.to_dict("records"), "Delivery attempts", phone="cards")
