"""Which sources their page shows: by name, by state, and by the kind of signal that they send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.catalog.catalog import Catalog
from dashboard import definitions
from dashboard.components import filters

STATES = {
    "receiving": "Receiving",
    "partly unusable": "Partly unusable",
    "cannot be read": "Cannot be read",
    "silent": "Silent",
    "paused": "Paused",
    "never": "Never seen",
}
"""What a source may be, and what people call it."""


def chosen(catalog: Catalog, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Draw the filters; return those of ``rows``, one for each source, that pass them all.

    A row has ``name``, ``title``, ``system``, ``owner``, ``state`` and ``kinds``. What is typed and is no name of a source is looked for in
    what it is called, in its owner and in the type of its receiver.
    """
    boxes = st.columns([1.4, 1, 1, 1.6])
    titles = {str(row["name"]): str(row["title"]) for row in rows}
    with boxes[0]:
        wanted = filters.choose("Source", "source", titles, lambda name: titles.get(name, name), typed=True)
    with boxes[1]:
        state = filters.choose("State", "state", STATES, lambda name: STATES.get(name, name))
    with boxes[2]:
        kind = filters.choose("Kind of signal", "kind", sorted({kind for row in rows for kind in row["kinds"]}), str.capitalize)
    named = [row for row in rows if row["name"] == wanted] or [row for row in rows if _has(catalog, row, wanted)]
    return [row for row in named if state in {"", row["state"]} and (not kind or kind in row["kinds"])]


def _has(catalog: Catalog, row: Mapping[str, Any], wanted: str) -> bool:
    known = catalog.sources.get(row["name"])
    receiver = str(known.receiver.get("type", "")) if known and known.receiver else ""
    owner = definitions.owner_title(catalog, row["owner"]) if row["owner"] else ""
    return any(wanted.casefold() in str(words).casefold() for words in (row["name"], row["title"], row["system"], owner, receiver))
