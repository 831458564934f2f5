"""Which keys are not written in their signals as they are compared, so that looking for one there tells nothing."""

from __future__ import annotations

import re

from core.catalog.catalog import Catalog
from core.catalog.flow import Place
from core.catalog.reading import reading_of
from correlator.compile import signal_of
from correlator.paths import Root, Signal, is_path, resolve_path

_AS_SENT = frozenset(
    {
        *("event_source", "id", "type", "subject", "data", "service", "name", "trace_state", "status_message", "scope_name"),
        *("severity_text", "body", "event_name"),
    }
)
"""The columns that hold a text as its sender wrote it; others are ids in hexadecimal, times, words for numbers and the source's name."""


_EXTRACT = re.compile(r"\s*extract\(\s*([\w.\-/:@\[\]]+)\s*,\s*'(?:[^'\\]|\\.|'')*'\s*\)\s*", re.ASCII | re.DOTALL)
"""The one expression that only takes a part of a text."""


def composed_keys(catalog: Catalog) -> frozenset[tuple[str, str]]:
    """Return flow and key type of each key that any milestone joins from several paths, computes, or reads from such a column."""
    return frozenset(
        (flow.flow, type_)
        for flow in catalog.flows.values()
        for milestone in flow.milestones.values()
        for type_, place in milestone.keys.items()
        if _is_composed(signal_of(milestone.match), place)
    )


def _is_composed(kind: Signal, place: Place) -> bool:
    paths = reading_of(place).paths
    return len(paths) != 1 or not _is_as_sent(kind, paths[0])


def _is_as_sent(kind: Signal, path: str) -> bool:
    taken = _EXTRACT.fullmatch(path)
    whole = taken[1] if taken else path
    root, parts = resolve_path(kind, whole)
    return is_path(kind, whole) and (root is not Root.COLUMN or parts[0] in _AS_SENT)
