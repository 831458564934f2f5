"""Decodes a small slice's CloudEvents into rows, as the view on their landing table does for large slices.

Only what both certainly read alike is decoded here: an event as the collector writes it, with a time of this era. A test holds both ways to
the same rows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.protobuf_wire import delimited, varint
from core.signal import Record
from store.loading.decoder import Rows
from store.loading.event_contents import content_hash
from store.loading.value_texts import double_text

EVENT_COLUMNS = (
    "slice", "source", "received_at", "event_source", "id", "type", "subject", "time", "content_type", "data", "binary", "extensions", "trace_id",
    "span_id", "content_hash",
)  # fmt: skip
_OWN = frozenset({"specversion", "source", "id", "type", "subject", "time", "datacontenttype", "data", "data_base64"})
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})")
_YEARS = range(1971, 2262)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][-+.eE0-9]*|[ \t\n\r]+')
"""What of JSON may be written in more than one way."""
_INTEGER_DIGITS = 18
"""So many fit into 64 bits; of longer ones the store makes texts."""
_SEPARATORS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})
"""These two the store escapes."""
_Fields = dict[str, msgspec.Raw]


def decode_events(records: Sequence[Record], slice_: int) -> Rows:
    """Return the rows of records of events. Raises ValueError for one that is left to the store."""
    return Rows("events", EVENT_COLUMNS, b"".join(_row(record, slice_) for record in records))


def _row(record: Record, slice_: int) -> bytes:
    fields = _fields(record.body)
    binary = "data_base64" in fields
    trace = _TRACEPARENT.match(_text(fields, "traceparent"))
    extensions = [_string(name) + _string(_value(raw)) for name, raw in fields.items() if name not in _OWN]
    columns = (
        slice_.to_bytes(8, "little"),
        _string(record.source),
        record.received_at.to_bytes(8, "little"),
        *(_string(_text(fields, name)) for name in ("source", "id", "type", "subject")),
        _nanoseconds(_text(fields, "time"), record.received_at).to_bytes(8, "little"),
        _string(_text(fields, "datacontenttype") if "datacontenttype" in fields else "application/json"),
        _string(_text(fields, "data_base64") if binary else _written(fields["data"]) if "data" in fields else ""),
        bytes((binary,)),
        varint(len(extensions)),
        *extensions,
        _string(trace[1] if trace else ""),
        _string(trace[2] if trace else ""),
        _string(content_hash(record.body)),
    )
    return b"".join(columns)


def _fields(body: bytes) -> _Fields:
    """Return an event's attributes and data. Raises ValueError unless all is as the collector writes it: once, without blanks."""
    try:
        fields = msgspec.json.decode(body, type=_Fields)
    except msgspec.MsgspecError as error:
        raise ValueError("not an event") from error
    if msgspec.json.encode(fields) != body or {"data", "data_base64"} <= fields.keys():
        raise ValueError("not as the collector writes events")
    return fields


def _string(text: str) -> bytes:
    return delimited(text.encode())


def _text(fields: _Fields, name: str) -> str:
    """Return an attribute that is a text; empty if it is anything else."""
    raw = bytes(fields[name]) if name in fields else b""
    return str(json.loads(raw)) if raw.startswith(b'"') else ""


def _value(raw: msgspec.Raw) -> str:
    """Return a text as it is, anything else as JSON."""
    return str(json.loads(bytes(raw))) if bytes(raw).startswith(b'"') else _written(raw)


def _written(raw: msgspec.Raw) -> str:
    """Return JSON as the store writes it."""
    return _TOKEN.sub(_token, bytes(raw).decode())


def _token(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == '"':
        return _escaped(str(json.loads(text))) if "\\" in text or not text.isascii() else text
    if text.isspace():
        return ""
    if text.lstrip("-").isdigit():
        if len(text) > _INTEGER_DIGITS:
            raise ValueError("more than 64 bits, perhaps")
        return str(int(text))
    if math.isinf(number := float(text)):
        raise ValueError("more than a double")
    return double_text(number).decode()


def _escaped(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False).translate(_SEPARATORS)
    if "\\u00" in written:
        raise ValueError("a control character, perhaps, which both escape in their own way")
    return written


def _nanoseconds(time: str, received_at: int) -> int:
    """Return an event's time in nanoseconds since 1970; when it was received, in milliseconds, counts where it says none."""
    if not time:
        return received_at * 1_000_000
    found = _TIME.fullmatch(time.upper())
    if found is None or int(time[:4]) not in _YEARS:
        raise ValueError("a time of another era, or in another form")
    seconds = int(datetime.fromisoformat(f"{found[1]}T{found[2]}{found[4]}").timestamp())
    return seconds * 1_000_000_000 + int((found[3] or "").ljust(9, "0"))
