"""Saved views of a list: filters and order under a name, one's own or shared; ``?view=NAME`` brings them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.saved_view import LONGEST_NAME
from dashboard import viewer
from dashboard.components import filters, incident_acts, links, notices, table
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import saved_views as reads

_SAID_OF = "views"


def restore(context: Context, page: str) -> bool:
    """Take the filters of the view that the address names into the address; return False if there is no such view, which is said then."""
    if not (name := st.query_params.get("view", "")):
        return True
    rows = _known(context, page)
    found = rows[rows["name"] == name]
    if len(found):
        st.query_params.from_dict(_kept(dict(parse_qsl(str(found.iloc[0]["address"]).partition("?")[2]))))
        st.rerun()
    notices.empty(
        f"No view is called “{name}”",
        "It was deleted, or it is somebody's own: in the menu » at the top left, enter the name it was saved by.",
    )
    return False


def menu(context: Context, page: str) -> None:
    """Draw the menu: the views there are, and the forms that save and delete one."""
    incident_acts.said(_SAID_OF)
    rows = _known(context, page)
    with st.popover("Views", icon=":material/bookmark:", width="stretch"):
        if rows.empty:
            st.caption("No view is saved yet. Choose filters and an order, then save them under a name.")
        else:
            lines = (_line(page, row) for row in rows.to_dict("records"))
            st.html(Markup('<ul class="andon-views">{}</ul>').format(Markup("").join(lines)))
        _save(context, page)
        if len(rows):
            _delete(context, rows)


def _line(page: str, row: Mapping[Any, Any]) -> Markup:
    whose = f"shared by {row['saved_by']}" if row["shared"] else "yours"
    return Markup("<li>{} <span>{}</span></li>").format(table.link(links.to(page, view=row["name"]), row["name"]), whose)


def _save(context: Context, page: str) -> None:
    address = links.to(page, **_kept(st.query_params.to_dict()))
    with st.form("save view", border=False):
        name = st.text_input("Name of the view", max_chars=LONGEST_NAME, placeholder="Steel, late, by value")
        by = st.text_input(viewer.LABEL, value=viewer.name())
        shared = st.checkbox("Shared with everybody")
        st.caption(f"Saves: {plain(filters.stated() or 'no filter')}")
        if st.form_submit_button("Save view", type="primary"):
            body = {"by": by, "name": name, "address": address, "shared": shared}
            incident_acts.act(context, "views", body, _SAID_OF, f"View “{name}” saved")


def _delete(context: Context, rows: pd.DataFrame) -> None:
    known = {f"{row['shared']}/{row['name']}": row for row in rows.to_dict("records")}
    with st.form("delete view", border=False):
        chosen = st.selectbox(
            "View",
            list(known),
            format_func=lambda key: known[key]["name"] + (f" (shared by {known[key]['saved_by']})" if known[key]["shared"] else ""),
        )
        by = st.text_input(viewer.LABEL, value=viewer.name())
        if st.form_submit_button("Delete view") and chosen:
            row = known[chosen]
            body = {"by": by, "name": row["name"], "shared": bool(row["shared"])}
            incident_acts.act(context, "views/delete", body, _SAID_OF, f"View “{row['name']}” deleted")


def _known(context: Context, page: str) -> pd.DataFrame:
    rows = context.data.read(reads.views, person=viewer.name()).reindex(columns=["name", "shared", "saved_by", "address", "saved_at"])
    return pd.DataFrame(rows[rows["address"].str.partition("?")[0] == page] if len(rows) else rows)


def _kept(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in filters.KEPT}
