"""The event that a page without anything proposes to send: one that begins a transaction by the catalog in force."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from core.catalog.flow import HEARTBEAT, Match
from dashboard.page import Context

_PLAIN = re.compile(r"data(?:\.\w+)+")
"""A path to a value in the data of an event, outside of lists."""
_NUMBER = "4711"


def first_event(context: Context) -> str:
    """Return the command that sends it to the collector on this machine; empty if no flow's milestone is an event with plain keys."""
    type_, paths = next(_beginnings(context), ("", []))
    if not type_:
        return ""
    data: dict[str, object] = {}
    for path in paths:
        *above, name = path.split(".")[1:]
        place = data
        for each in above:
            place = place.setdefault(each, {})  # type: ignore[assignment]  # only maps are made on the way
        place[name] = _NUMBER
    event = json.dumps({"specversion": "1.0", "id": "1", "source": "/first", "type": type_, "data": data})
    return (
        f"curl http://127.0.0.1:{context.http_port}/v1/events \\\n"
        f"  -H 'Content-Type: application/cloudevents+json' \\\n  -d {shlex.quote(event)}"
    )


def _beginnings(context: Context) -> Iterator[tuple[str, list[str]]]:
    """Yield types of events that alone are milestones, with where their keys are; flows in their order."""
    for name, flow in context.catalog.flows.items():
        for milestone in flow.milestones.values():
            paths = list(milestone.keys.values())
            types = [milestone.match.event] if isinstance(milestone.match.event, str) else milestone.match.event or []
            if name == HEARTBEAT or milestone.failure or milestone.match != Match(event=milestone.match.event):
                continue
            if types and "*" not in types[0] and all(isinstance(path, str) and _PLAIN.fullmatch(path) for path in paths):
                yield types[0], [str(path) for path in paths]
