"""Where a value is found in a signal: a path, a column, or an expression of the store."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Literal

Signal = Literal["span", "log", "event"]


class Root(IntEnum):
    """What the first word of a path means."""

    NOTHING = 0
    ATTRIBUTES = 1
    RESOURCE = 2
    DATA = 3
    EXTENSIONS = 4
    COLUMN = 5
    EXPRESSION = 6


COLUMNS: dict[Signal, tuple[str, ...]] = {
    "span": (
        "attributes", "resource", "source", "service", "name", "kind", "trace_id", "span_id", "parent_span_id", "trace_state",
        "status", "status_message", "scope_name", "start_time", "end_time", "received_at",
    ),
    "log": (
        "attributes", "resource", "source", "service", "log_id", "severity_number", "severity_text", "body", "event_name",
        "scope_name", "trace_id", "span_id", "time", "received_at",
    ),
    "event": ("extensions", "source", "event_source", "id", "type", "subject", "content_type", "data", "trace_id", "time", "received_at"),
}  # fmt: skip
"""The columns that a path may name, by signal kind."""

_ROOTS = {"attributes": Root.ATTRIBUTES, "resource": Root.RESOURCE, "data": Root.DATA, "extensions": Root.EXTENSIONS}
_PATH = re.compile(r"(attributes|resource|data|extensions)\.([\w.\-/:]+)", re.ASCII)
_MAXIMUM_DEPTH = 4


def resolve_path(kind: Signal, path: str) -> tuple[Root, list[str]]:
    """Return the root and its parts: one for attributes, resource, extensions and columns; one per level for ``data``."""
    path = path.strip()
    if path in COLUMNS[kind]:
        return Root.COLUMN, [path]
    found = _PATH.fullmatch(path)
    if found is None or (found[1] in {"data", "extensions"}) != (kind == "event"):
        return Root.EXPRESSION, []
    if found[1] != "data":
        return _ROOTS[found[1]], [found[2]]
    parts = found[2].split(".")
    return (Root.DATA, parts) if len(parts) <= _MAXIMUM_DEPTH and all(parts) else (Root.EXPRESSION, [])


def as_expression(kind: Signal, expression: str) -> str:
    """Return an expression of the catalog as SQL over the signal's columns: ``data.x.y`` of an event becomes a JSON look-up."""
    if kind != "event":
        return expression
    pieces = re.split(r"('(?:[^'\\]|\\.|'')*')", expression)
    return "".join(piece if index % 2 else re.sub(r"\bdata((?:\.\w+)+)", _json, piece) for index, piece in enumerate(pieces))


def _json(found: re.Match[str]) -> str:
    keys = ", ".join(f"'{part}'" for part in found[1].lstrip(".").split("."))
    return f"JSONExtract(data, {keys}, 'String')"
