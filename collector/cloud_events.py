"""CloudEvents 1.0 over HTTP: structured, batch and binary mode, each turned into JSON documents for the journal.

Values are checked but never re-serialized, so numbers keep their digits. Source: the CloudEvents specification 1.0.2, its JSON format and
its HTTP binding. (The ``cloudevents`` package fails on batch mode and accepts version 0.3.)
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from collector.json_guard import check_depth, check_json, repaired, without_wrapping
from collector.rejection import Rejection, ValidationError, unusable

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ATTRIBUTE_MAX_CHARACTERS = 4096
EVENTS_MAX = 80_000
"""Of a batch: more than 4 MiB of the shortest."""
_NAME = re.compile(r"[a-z0-9]{1,64}")
_LOCAL_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_TIME = re.compile(_LOCAL_TIME + r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])")
_ODD_OFFSET = re.compile(_LOCAL_TIME + r"([+-][0-9]{2}:[0-9]{2})")
_NO_SECONDS = re.compile(r"(.{10}[Tt ][0-9]{2}:[0-9]{2})([Zz]|[+-][0-9]{2}:[0-9]{2})")
_BACKSLASH = ord("\\")
CHARACTER_SET = re.compile(
    r"utf[-_]?(?:8|16|32)(?:[-_]?[lb]e)?|(?:us-)?ascii|latin-?1|iso[-_]?8859[-_]\d{1,2}|(?:windows-|cp)125\d"
    r"|shift[-_]jis|gbk|gb18030|gb2312|big5|euc[-_](?:jp|kr)"
)
"""Their names in lower case, as senders write them."""
_NAMED_SET = re.compile(r""";\s*charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE | re.ASCII)
_TEXT = re.compile(r"^text/|json$|xml$")
_REQUIRED = ("id", "source", "type")
_DATA = frozenset({"data", "data_base64", "datacontenttype"})
_ENCODER = msgspec.json.Encoder()
_HINT = "see the CloudEvents 1.0 specification"
Fields = dict[str, msgspec.Raw]
BadEvent = tuple[ValidationError, bytes]
"""What is wrong with an event in a batch, and the event as it was sent."""


def parse_structured(body: bytes) -> bytes:
    """Return the one event of a structured-mode body as checked JSON. Raises :class:`Rejection` (400)."""
    return _checked(_fields(check_json(body)))


def parse_batch(body: bytes) -> list[bytes | BadEvent]:
    """Return the events of a batch; for bad ones, the validation error and their raw bytes.

    Raises :class:`Rejection` if it cannot be split.
    """
    body = repaired(without_wrapping(body))
    check_depth(body)
    try:
        parts = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError) as error:
        check_json(body)
        raise unusable("bad_cloudevent", "a batch must be a JSON array of events", field="body", what_to_do=_HINT) from error
    if len(parts) > EVENTS_MAX:
        raise unusable("bad_cloudevent", f"a batch may hold {EVENTS_MAX} events", field="body", what_to_do="send smaller batches")
    events: list[bytes | BadEvent] = []
    for part in parts:
        raw = bytes(part)
        try:
            events.append(_checked(_fields(check_json(raw))))
        except Rejection as rejection:
            events.append((rejection.error, raw))
    return events


def parse_binary(headers: Iterable[tuple[str, str]], content_type: str, body: bytes) -> bytes:
    """Return the event of a binary-mode request (``ce-`` headers, lower-case names) as JSON. Raises :class:`Rejection` (400)."""
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name.startswith("ce-"):
            if name[3:] in attributes:
                raise bad(f"the header {name[:70]} occurs twice", name[3:])
            attributes[name[3:]] = unquote(value, errors="replace")
    return event_of_parts(attributes, content_type, body)


def event_of_parts(attributes: Mapping[str, str], content_type: str, body: bytes) -> bytes:
    """Return the event with these attributes, and with data of this type, as JSON; without a type it is JSON.

    Raises :class:`Rejection` (400), and ValueError for an attribute that UTF-8 cannot express.
    """
    if not _DATA.isdisjoint(attributes):
        raise bad("in a binary event, the data is the body and its type is Content-Type", "data")
    if content_type:
        attributes = {**attributes, "datacontenttype": content_type}
    head = _head(attributes)
    media_type = content_type.partition(";")[0].strip().lower() if content_type else ""
    if content_type and (named := _NAMED_SET.search(content_type)) and _TEXT.search(media_type):
        body = as_utf_8(body, named[1].lower())
    if not body:
        data = b""
    elif not media_type or media_type == "application/json" or media_type.endswith("+json"):
        data = _as_json(body)
    elif media_type.startswith("text/") or media_type.endswith("+xml") or media_type == "application/xml":
        data = _as_text(body)
    else:
        data = _as_base64(body)
    return _checked_head(attributes, head) + data + b"}"


def as_utf_8(body: bytes, character_set: str) -> bytes:
    """Return a text in UTF-8. As it is if that is what it is, whatever its sender says, or if it is not in the set (in lower case)."""
    if character_set in {"utf-8", "utf8"} or not CHARACTER_SET.fullmatch(character_set):
        return body
    with suppress(LookupError, UnicodeError):
        if "16" not in character_set and "32" not in character_set:
            with suppress(UnicodeError):
                body.decode()
                return body
        return body.decode(character_set).encode()
    return body


def event_of_document(attributes: Mapping[str, str], data: bytes) -> bytes:
    """Return the event with these attributes and ``data``, JSON that was not checked yet. Raises as :func:`event_of_parts` does."""
    attributes = {"specversion": "1.0", **attributes, "datacontenttype": "application/json"}
    head = _head(attributes)
    member = _as_json(data)
    return _checked_head(attributes, head) + member + b"}"


def _as_json(body: bytes) -> bytes:
    return b',"data":' + check_json(body)


def _as_text(body: bytes) -> bytes:
    try:
        return b',"data":' + _text_as_json(body.decode())
    except UnicodeDecodeError:
        return _as_base64(body)


def _as_base64(body: bytes) -> bytes:
    return b',"data_base64":"' + base64.b64encode(body) + b'"'


def _head(attributes: Mapping[str, str]) -> bytes:
    """Return the attributes as JSON, without the last brace. Raises ValueError for a text that UTF-8 cannot express."""
    head = _ENCODER.encode(attributes)
    if _BACKSLASH in head and b"\\u0000" in head:
        head = _ENCODER.encode({name: _without_nul(value) for name, value in attributes.items()})
    return head[:-1]


def _checked_head(attributes: Mapping[str, str], head: bytes) -> bytes:
    """Return the head of an event once its attributes are checked. Raises :class:`Rejection` (400)."""
    if attributes.get("specversion") != "1.0":
        raise bad("specversion must be '1.0'", "specversion")
    for name in _REQUIRED:
        if not attributes.get(name):
            raise bad(f"the attribute '{name}' is missing or empty", name)
    if len(head) > ATTRIBUTE_MAX_CHARACTERS or not _are_names(tuple(attributes)):
        for name, value in attributes.items():
            if not _NAME.fullmatch(name):
                raise _bad_name(name)
            if len(value) > ATTRIBUTE_MAX_CHARACTERS:
                raise _too_long(name)
    if (time := attributes.get("time")) is not None and (whole := _checked_time(time)) != time:
        return _head({**attributes, "time": whole})
    return head


def make_event(attributes: Mapping[str, str], data: bytes) -> bytes:
    """Return an event with these attributes and ``data``, which is JSON that was checked before."""
    fields = {name: _raw(value) for name, value in {"specversion": "1.0", **attributes}.items()}
    return msgspec.json.encode({**fields, "data": msgspec.Raw(data)})


class _Origin(msgspec.Struct):
    source: str


def source_of(event: bytes) -> str:
    """Return the ``source`` of a checked event."""
    return msgspec.json.decode(event, type=_Origin).source


def source_named(body: bytes) -> str:
    """Return the ``source`` that an event names which is refused for something else; empty if it names none that can be read."""
    try:
        return source_of(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(_text_as_json(text))


def _text_as_json(text: str) -> bytes:
    return _ENCODER.encode(_without_nul(text))


def _without_nul(text: str) -> str:
    return text.replace("\0", "\ufffd")  # as check_json does for what is already JSON


def _fields(body: bytes) -> Fields:
    try:
        return msgspec.json.decode(body, type=Fields)
    except msgspec.MsgspecError as error:
        raise bad("an event must be a JSON object", "body") from error


def _checked(fields: Fields) -> bytes:
    """Check every attribute and return the event as JSON."""
    if _text(fields, "specversion") != "1.0":
        raise bad("specversion must be '1.0'", "specversion")
    for name in _REQUIRED:
        if not _text(fields, name):
            raise bad(f"the attribute '{name}' is missing or empty", name)
    for name in fields:
        if name in {"data", "data_base64"}:
            continue
        if not _NAME.fullmatch(name):
            raise _bad_name(name)
        _check_attribute(fields, name)
    if (time := _text(fields, "time")) is not None and (whole := _checked_time(time)) != time:
        fields["time"] = _raw(whole)
    _check_data(fields)
    return msgspec.json.encode(fields)


def _check_attribute(fields: Fields, name: str) -> None:
    value = msgspec.json.decode(fields[name])
    if not isinstance(value, (str, bool, int)) and value is not None:
        raise bad(f"the attribute '{name}' must be a string, a boolean or an integer", name)
    if isinstance(value, str) and len(value) > ATTRIBUTE_MAX_CHARACTERS:
        raise _too_long(name)


@lru_cache(maxsize=1000)
def _are_names(names: tuple[str, ...]) -> bool:
    """Return whether all are names of attributes; the events of one kind have the same."""
    return all(_NAME.fullmatch(name) for name in names)


def _checked_time(text: str) -> str:
    """Restrict ``time`` to RFC 3339, and return it with seconds.

    ISO 8601 as Python reads it (weeks, decimal commas) is more than the store understands. Any year is accepted: an implausible time is
    kept and marked, never rejected.
    """
    if not _TIME.fullmatch(text):
        without_seconds = _NO_SECONDS.fullmatch(text)
        text = f"{without_seconds[1]}:00{without_seconds[2]}" if without_seconds else text
        if not _TIME.fullmatch(text):
            raise _bad_time(text)
    read = text.upper()
    if read[17:19] == "60":  # datetime does not support leap seconds
        read = f"{read[:17]}59{read[19:]}"
    try:
        datetime.fromisoformat(read)
    except ValueError as error:
        raise bad(f"time is not a date that exists: {error}", "time") from error
    return text


def _check_data(fields: Fields) -> None:
    if "data_base64" not in fields:
        return
    if "data" in fields:
        raise bad("an event may have data or data_base64, but not both", "data_base64")
    try:
        base64.b64decode(_text(fields, "data_base64") or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad("data_base64 is not base64", "data_base64") from error


def _text(fields: Fields, name: str) -> str | None:
    if name not in fields:
        return None
    value = msgspec.json.decode(fields[name])
    if value is not None and not isinstance(value, str):
        raise bad(f"the attribute '{name}' must be a string", name)
    return value


def _bad_name(name: str) -> Rejection:
    return bad(f"the name '{name[:64]}' of an attribute is not made of up to 64 lower-case letters and digits", name[:64])


def _too_long(name: str) -> Rejection:
    return bad(f"the attribute '{name}' is longer than {ATTRIBUTE_MAX_CHARACTERS} characters", name)


def _bad_time(text: str) -> Rejection:
    if odd := _ODD_OFFSET.fullmatch(text):
        return bad(f"time has the offset {odd[1]}, which no time zone has; write one like +01:00, or Z", "time")
    return bad("time must be an RFC 3339 timestamp with its offset, like 2026-03-27T14:50:00Z", "time")


def bad(message: str, field: str) -> Rejection:
    """Return the rejection of an event, naming the attribute."""
    return unusable("bad_cloudevent", message, field=field, what_to_do=_HINT)
