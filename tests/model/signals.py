"""Which milestones signals mean, said again in the plainest way: the catalog's YAML and the bytes as they were sent, no code of the
product."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.model.transactions import Heard, Rules

Definitions = dict[str, dict[str, Any]]
_STATUS = {0: "unset", 1: "ok", 2: "error"}
_EXTRACT = re.compile(r"extract\(body, '(.*)'\)")
_CLOCKS_MAY_BE_AHEAD = 5 * 60_000
_KNOWN = {"event", "span", "log", "service", "status", "attributes", "where"}
_HAS = re.compile(r"has\(\[attributes\['([^']+)'\], attributes\['([^']+)'\]\], '([^']+)'\)")


@dataclass(frozen=True)
class Said:
    """One signal as its sender wrote it: ``what`` is ``event``, ``span`` or ``log``, ``at`` its own time in milliseconds."""

    what: str
    name: str
    service: str
    status: str
    at: int
    values: dict[str, str]
    id: str


def read(folder: Path) -> Definitions:
    """Return the definitions below a folder of the catalog, by file name."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}


def rules(flow: dict[str, Any]) -> Rules:
    """Return what the model of transactions must know of a flow."""
    relation = {name: key.get("relation", "one") for name, key in flow["keys"].items()}
    return Rules(
        key_types=tuple(relation),
        many=frozenset(name for name, many in relation.items() if many == "many"),
        loose=frozenset(name for name, many in relation.items() if many == "many-to-many"),
        order=tuple(flow["milestones"]),
        ends=frozenset(flow["ends"]),
        cancels=frozenset(flow.get("cancels", ())),
        stages={name: each["stage"] for name, each in flow["milestones"].items() if "stage" in each},
        end_keys={end: frozenset(key for key in flow["milestones"][end]["keys"] if relation[key] == "many") for end in flow["ends"]},
    )


def heard(flow: dict[str, Any], said: list[Said], received_at: int) -> list[Heard]:
    """Return the milestone events of one flow; ``received_at`` in milliseconds stands for a time far ahead of it."""
    return [event for signal in said for name in flow["milestones"] for event in _as_milestone(flow, name, signal, received_at)]


def _as_milestone(flow: dict[str, Any], name: str, said: Said, received_at: int) -> Iterator[Heard]:
    milestone = flow["milestones"][name]
    match = milestone["match"]
    assert match.keys() <= _KNOWN, "the model does not know this word of a match"
    if not _is_of(match, said):
        return
    if match.get("service", said.service) != said.service or match.get("status", said.status) != said.status:
        return
    keys = []
    for key, place in milestone["keys"].items():
        value = _value(said, place).strip()
        pad = flow["keys"][key].get("strip_leading")
        keys.append((key, value.lstrip(pad) if pad else value))
    facts = [(fact, _value(said, place)) for fact, place in milestone.get("facts", {}).items()]
    yield Heard(
        event_id=f"{name} {said.id}",
        milestone=name,
        at=received_at if said.at > received_at + _CLOCKS_MAY_BE_AHEAD else said.at,
        keys=tuple(sorted(pair for pair in keys if pair[1])),
        facts=tuple(pair for pair in facts if pair[1]),
        failure=milestone.get("failure", False),
        cause=_value(said, milestone["cause"]) if "cause" in milestone else "",
    )


def _is_of(match: dict[str, Any], said: Said) -> bool:
    """Return whether a signal is of the kind and the name, and has the attributes, that a match asks for; without a kind it is a span's."""
    kinds = match.keys() & {"event", "span", "log"} or {"span"}
    if said.what not in kinds:
        return False
    wanted = match.get(said.what, "")
    if not (re.search(wanted, said.name) if said.what == "log" else wanted in ("", said.name)):
        return False
    if any(_value(said, f"attributes.{name}") != value for name, value in match.get("attributes", {}).items()):
        return False
    if "where" not in match:
        return True
    asked = _HAS.fullmatch(match["where"])
    assert asked is not None, "the model does not know this condition of a match"
    return asked[3] in {_value(said, f"attributes.{name}") for name in asked.groups()[:2]}


def _value(said: Said, place: str) -> str:
    if (pattern := _EXTRACT.fullmatch(place)) is not None:
        found = re.search(pattern[1], said.name)
        return found[1] if found else ""
    return said.values.get(place, "")


def spans_in(body: bytes) -> Iterator[Said]:
    """Read an OTLP trace request."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(resource.resource)["attributes.service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            at, id_ = span.start_time_unix_nano // 1_000_000, (span.trace_id + span.span_id).hex()
            yield Said("span", span.name, service, _STATUS[span.status.code], at, _attributes(span), id_)


def logs_in(body: bytes) -> Iterator[Said]:
    """Read an OTLP log request; two records that are the same in every byte are the same record."""
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        service = _attributes(resource.resource)["attributes.service.name"]
        for log in (log for scope in resource.scope_logs for log in scope.log_records):
            id_ = hashlib.sha256(service.encode() + log.SerializeToString(deterministic=True)).hexdigest()
            yield Said("log", log.body.string_value, service, "", log.time_unix_nano // 1_000_000, _attributes(log), id_)


def event_in(body: bytes) -> Said:
    """Read a CloudEvent."""
    event = json.loads(body)
    at = round(datetime.fromisoformat(event["time"]).timestamp() * 1000)
    values = {f"data.{name}": str(value) for name, value in event["data"].items() if value is not None}
    return Said("event", event["type"], "", "", at, values, f"{event['source']} {event['id']}")


def _attributes(holder: Any) -> dict[str, str]:
    return {f"attributes.{each.key}": str(getattr(each.value, each.value.WhichOneof("value"))) for each in holder.attributes}
