"""The runbook beside an incident: its text, and its steps, one by one, with what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st
from markupsafe import Markup

from core.catalog.runbook import Runbook, Step, filled
from core.incident import WORKED, WORKED_NOT, IncidentStatus
from dashboard import viewer
from dashboard.components import incident_acts, incident_change, notices, resubmissions, status_badge, table
from dashboard.components.runbooks import with_own_images
from dashboard.components.time_format import utc
from dashboard.components.words import plain
from dashboard.data import Unreachable
from dashboard.page import Context
from store.reads import detail
from store.reads import incident_log as reads

_STEPS = Markup('<ol class="andon-todo">{}</ol>')
_STEP = Markup("<li>{} <b>{}</b>{}</li>")
_MEMBERS = 20
_NONE = (
    "Neither SLA nor milestone names one, nor does one name this cause. Write one in the folder runbooks/ of the catalog, with this cause"
    " under causes, or name it at the SLA"
)


def show(context: Context, row: dict[str, Any]) -> None:
    """Draw it. ``row``: of ``incidents``."""
    name = str(row["runbook"])
    runbook = context.catalog.runbooks.get(name)
    st.subheader(f"Runbook: {plain(runbook.title if runbook else name or 'none')}", anchor=False)
    if runbook is None:
        title, why = (
            ("Runbook not found", "The catalog in force has no such runbook. Add it to the folder runbooks/ of the catalog")
            if name
            else ("No runbook", _NONE)
        )
        notices.empty(title, f"{why}, then check it with:", "andon check catalog")
        return
    if runbook.steps:
        _steps(context, row, runbook)
    with st.container(border=True):
        st.markdown(with_own_images(runbook.body, context.image_hosts))


def _steps(context: Context, row: dict[str, Any], runbook: Runbook) -> None:
    identity = str(row["incident_id"])
    done = context.data.read(reads.steps, incident_id=identity, runbook=runbook.runbook)
    st.html(_STEPS.format(Markup("").join(_line(context, step, done.get(step.step, {})) for step in runbook.steps)))
    if row["status"] == IncidentStatus.RESOLVED.value:
        return
    known = {step.step: step for step in runbook.steps}
    first = next((name for name in known if not done.get(name, {}).get("outcome")), next(iter(known)))
    chosen = st.selectbox("Step", list(known), index=list(known).index(first), format_func=lambda name: known[name].title)
    step = known[chosen]
    values = _values(context, identity) if step.of_transaction else {}
    if step.changes:
        incident_change.show(context, identity, step, values)
        return
    if step.resubmit:
        resubmissions.of_incident(context, identity, step.resubmit)
    else:
        _carry_out(context, step, values)
    _record(context, identity, step, values)


def _line(context: Context, step: Step, done: Mapping[str, Any]) -> Markup:
    said = Markup("")
    outcome = str(done.get("outcome", ""))
    if outcome:
        said += Markup("<br><span>{}, {} <time title='{}'>{}</time></span>").format(
            outcome, done["actor"], utc(done["at"]), context.zone.show(done["at"])
        )
    if done:
        said += Markup("<br><small>worked {} of {} times</small>").format(done["worked"], done["runs"])
    badge = status_badge.GREEN if outcome == WORKED else status_badge.RED if outcome else status_badge.IDLE
    return _STEP.format(status_badge.icon(badge, "small", outcome or "not done"), step.title, said)


def _values(context: Context, identity: str) -> dict[str, str]:
    """Let somebody choose a transaction; return its identifiers and facts by name."""
    members = context.data.read(reads.members, incident_id=identity).head(_MEMBERS)
    if members.empty:
        return {}
    references = dict(zip(members["transaction_id"].astype(str), members["reference"].astype(str), strict=True))
    chosen = st.selectbox("For", list(references), format_func=lambda name: references.get(name, name))
    found = context.data.read(detail.transaction, transaction_id=chosen)
    if found is None:
        return {}
    keys = {name: str(values[0]) for name, values in found["keys"].items() if len(values)}
    return {**found["facts"], **keys, "reference": str(found["reference"]), "transaction_id": chosen}


def _carry_out(context: Context, step: Step, values: dict[str, str]) -> None:
    """Show what the step is about, and do what can be done without changing anything."""
    if step.ask:
        st.text(step.ask)
    elif step.link:
        st.html(
            Markup('<a class="andon-link" href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(filled(step.link, values))
        )
    elif step.http:
        st.caption(f"The engine asks {plain(filled(step.http, values))} and keeps what it answers.")
    elif st.button("Run the query"):
        try:
            rows = context.data.read(reads.run_query, query=step.query, values=tuple(sorted(values.items())))
        except Unreachable as error:
            st.error("The query failed.", icon=":material/error:")
            st.text(str(error))
            return
        columns = [table.Column(str(name), partial(_cell, context, str(name))) for name in rows.columns]
        if rows.empty:
            notices.empty("No rows", "The query found nothing.")
        else:
            table.show(columns, rows.to_dict("records"), "Rows of the query", phone="cards")


def _cell(context: Context, name: str, row: Mapping[Any, Any]) -> object:
    """Return a value of the query's; its times in the viewer's zone, like all others on the page."""
    value = row[name]
    return table.time(context.zone, value, seconds=True) if isinstance(value, datetime) else value


def _record(context: Context, identity: str, step: Step, values: dict[str, str]) -> None:
    with incident_acts.form("step"):
        name = st.text_input(viewer.LABEL, value=viewer.name())
        body: dict[str, Any] = {"by": name, "step": step.step}
        path = f"incidents/{identity}/step"
        if step.http:
            if st.form_submit_button("Check", type="primary"):
                incident_acts.act(context, path, {**body, "values": values}, identity, "Checked")
            return
        note = st.text_input("What you found", placeholder="answer, number, name")
        left, right = st.columns(2)
        worked = left.form_submit_button("It worked", type="primary", width="stretch")
        did_not = right.form_submit_button("It did not", width="stretch")
        if worked or did_not:
            outcome = WORKED if worked else WORKED_NOT
            incident_acts.act(context, path, {**body, "outcome": outcome, "note": note}, identity, "Step recorded")
