"""Unusable input without what is to be redacted. What cannot be taken apart as the rules need it is not kept, only why it was unusable."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from google.protobuf.message import DecodeError
from msgspec.structs import replace

from collector.cloud_events import BATCH, STRUCTURED
from collector.http.encoding import decode
from collector.quarantine import BODY_MAX_BYTES
from collector.redaction.documents import parsed, redacted_event, redacted_value, written
from collector.redaction.otlp import redacted_request
from collector.redaction.rules import UNREADABLE, Rules
from collector.rejection import Rejection
from core.signal import Record, SignalKind

_OTLP = {kind.value: kind for kind in (SignalKind.TRACES, SignalKind.LOGS, SignalKind.METRICS)}
_QUOTED = re.compile(r"'[^']*'")
NOT_KEPT = "the input is not kept, because it cannot be redacted"


def redacted_quarantine(record: Record, rules: Rules) -> Record:
    """Return a quarantine record, redacted."""
    detail: dict[str, Any] = msgspec.json.decode(record.detail)
    body = _body(record.body, detail, rules)
    message = _QUOTED.sub("'…'", detail["message"]) if rules.by_path else detail["message"]  # it may quote what a path hides
    detail |= {
        "message": rules.text(message),
        "field": rules.text(detail["field"]),
        "content_type": rules.text(detail["content_type"]),
        "peer": rules.text(detail["peer"]),
        "headers": _headers(detail["headers"], rules),
        "encoding": "",
    }
    if body is None:
        rules.counts[UNREADABLE] += 1
        body = b""
        detail["message"] += f"; {NOT_KEPT}"
        detail.pop("sha256", None)
    return replace(record, body=body, detail=msgspec.json.encode(detail).decode())


def _body(body: bytes, detail: dict[str, Any], rules: Rules) -> bytes | None:
    """Return the input, redacted; None if it cannot be."""
    is_cut = "size_bytes" in detail
    if is_cut and detail["encoding"]:
        return None
    media_type = detail["content_type"].partition(";")[0].strip().lower()
    try:
        body = decode(body, detail["encoding"], BODY_MAX_BYTES)
        if detail["kind"] in _OTLP and not media_type.endswith("json"):
            return redacted_request(_OTLP[detail["kind"]], body, rules)
        text = body.decode()
        try:
            said = parsed(body)
        except ValueError:
            return _text(text, media_type, rules, is_cut=is_cut)
        return _document(said, detail["kind"], media_type, rules)
    except (Rejection, DecodeError, ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _document(said: Any, kind: str, media_type: str, rules: Rules) -> bytes | None:
    if kind in _OTLP:  # whose attributes are not where paths look for them
        return None if rules.by_path else written(redacted_value(said, "data", rules))
    is_event = kind == SignalKind.EVENT.value or media_type in {STRUCTURED, BATCH}
    if is_event and isinstance(said, list):
        return written([redacted_event(each, rules) if isinstance(each, dict) else redacted_value(each, "data", rules) for each in said])
    if is_event and isinstance(said, dict) and "specversion" in said:
        return written(redacted_event(said, rules))
    return written(redacted_value(said, "data", rules))


def _text(text: str, media_type: str, rules: Rules, *, is_cut: bool) -> bytes | None:
    """Return a text, redacted; None if it may spell a character in a way that nothing here knows, as broken JSON and a form do."""
    spells = media_type == "application/x-www-form-urlencoded" or text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
    if not text:
        return b""
    if rules.by_path or "\0" in text or spells:
        return None
    return rules.text(re.sub(r"\S*\Z", "", text) if is_cut else text).encode()  # a cut text may end in half a name


def _headers(headers: dict[str, str], rules: Rules) -> dict[str, str]:
    """Return the headers of an input; those of an event are its attributes."""
    made = {}
    for name, value in headers.items():
        attribute = name.removeprefix("ce-").removeprefix("ce_")
        path = attribute if attribute in {"subject", name} else rules.at("extensions", attribute)
        if attribute in {"specversion", "id", "source", "type", "time"} or not rules.drops(path):
            kept = rules.hidden(path, value) if rules.hides(path) else rules.text(value, always_hashed=attribute == "id")
            made[rules.text(name, always_hashed=True)] = kept
    return made
