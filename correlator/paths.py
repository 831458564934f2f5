"""Where a value is found in a signal: a path, a column, or an expression of the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from core.statement import literal

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
_NAME = r"[\w\-/:@]+"
_ELEMENTS = r"(?:\[\d{0,4}\])"
_JSON_PATH = re.compile(
    rf"(?P<begin>data|body|(?:attributes|resource)\.[\w.\-/:]+(?=\[))(?P<steps>{_ELEMENTS}*(?:\.{_NAME}{_ELEMENTS}*)*)", re.ASCII
)
_STEP = re.compile(rf"\.({_NAME})|\[(\d*)\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """Go down by ``names``, and then to an element: ``all`` of them, or one by its number; ``none`` only in the last step."""

    names: tuple[str, ...]
    element: Literal["all", "none"] | int


@dataclass(frozen=True, slots=True)
class Found:
    """What a path or an expression is as SQL: where it begins, and the steps from there into JSON.

    ``type``: where OTLP says what begins there: its lists and maps are no JSON.
    """

    begin: str
    steps: tuple[Step, ...] = ()
    type: str = ""

    @property
    def several(self) -> bool:
        """Whether it may find more than one value."""
        return any(step.element == "all" for step in self.steps)


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


def find(kind: Signal, path: str) -> Found:
    """Return how any path or expression is looked up, a path into JSON of any depth and with lists among them."""
    root, parts = resolve_path(kind, path)
    if root is Root.COLUMN:
        return Found(f"toString({parts[0]})")
    if root is Root.DATA:
        return Found("data", (Step(tuple(parts), "none"),))
    if root is not Root.EXPRESSION:
        return Found(f"{root.name.lower()}[{literal(parts[0])}]")
    inside = _inside(kind, path)
    if inside is None:
        return Found(f"toString({as_expression(kind, path)})")
    begin, dot, name = inside["begin"].partition(".")
    steps = _steps(inside["steps"])
    if dot:
        return Found(f"{begin}[{literal(name)}]", steps, f"{begin.removesuffix('s')}_types[{literal(name)}]")
    return Found(begin, steps, "body_type" if begin == "body" else "")


def is_path(kind: Signal, path: str) -> bool:
    """Return whether this is a path, and no expression."""
    return resolve_path(kind, path)[0] is not Root.EXPRESSION or _inside(kind, path) is not None


def _inside(kind: Signal, path: str) -> re.Match[str] | None:
    found = _JSON_PATH.fullmatch(path.strip())
    own = found is not None and (found["begin"] == "data") == (kind == "event") and (found["begin"] != "body" or kind == "log")
    return found if own else None


def _steps(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    names: list[str] = []
    for name, number in _STEP.findall(text):
        if name:
            names.append(name)
        else:
            steps.append(Step(tuple(names), int(number) if number else "all"))
            names = []
    return (*steps, Step(tuple(names), "none")) if names else tuple(steps)


def as_expression(kind: Signal, expression: str) -> str:
    """Return an expression of the catalog as SQL over the signal's columns: ``data.x.y`` of an event becomes a JSON look-up."""
    if kind != "event":
        return expression
    pieces = re.split(r"('(?:[^'\\]|\\.|'')*')", expression)
    return "".join(piece if index % 2 else re.sub(r"\bdata((?:\.\w+)+)", _json, piece) for index, piece in enumerate(pieces))


def _json(found: re.Match[str]) -> str:
    keys = ", ".join(f"'{part}'" for part in found[1].lstrip(".").split("."))
    return f"JSONExtract(data, {keys}, 'String')"
