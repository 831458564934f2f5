"""A message as any broker delivers it, and the events it becomes; the same for every broker.

CloudEvents are taken as they are: structured, batch, or in headers. Any other message becomes one event for each of its documents: the
body is ``data`` if it is JSON or text, else ``data_base64``, or what the source's format reads in it. JSON that is broken, or that the
content type only promises, goes to quarantine. Scalar headers become extension attributes: ``traceparent`` and ``baggage`` keep their
names, others lose everything but letters and digits. A message without an id of its own is known by a hash of all it says, so that a
redelivery is the same event; two messages that are alike in everything then count as one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, Literal

import msgspec
from msgspec.structs import replace
from pydantic import field_validator

from collector.brokers.dead_letters import as_dead_letter, dead_letter_of
from collector.cloud_events import (
    BATCH,
    CHARACTER_SET,
    STRUCTURED,
    BadEvent,
    as_utf_8,
    event_of_document,
    event_of_parts,
    parse_batch,
    parse_structured,
)
from collector.format import Reader
from collector.http.encoding import decode
from collector.plugin_settings import PluginSettings
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.receiver_settings import ReceiverSettings
from collector.rejection import Rejection, ValidationError, unusable
from core.signal import Record, SignalKind

MESSAGE_MAX_BYTES = 16 << 20
"""Of a body, as sent and decompressed."""
EVENT_MAX_BYTES = 24 << 20
"""Of what one event becomes: the largest message in base64. A file may be larger, if a format reads its documents."""
_PLACEHOLDER = re.compile(r"\{([a-z_]+|headers\.[^{}]+)\}")
_OWN_ATTRIBUTES = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "database64"}
_OF_A_DELIVERY = ("x-delivery-count", "x-acquired-count", "x-first-death-", "x-last-death-")
"""What headers begin with that RabbitMQ writes when it delivers a message again, which says nothing else by that."""
_BEGINS_AS_JSON = re.compile(rb"""\s*(\{\s*["}]|\[\s*[{\["])""")
"""An object or a list of them; what begins so and is no JSON is broken, and not a text that somebody meant to send."""
_ENCODER = msgspec.json.Encoder()
_BETWEEN_ENCODINGS = re.compile(r"[:,]")
_AS_IT_IS = frozenset({"", "identity", "binary", "7bit", "8bit"})
_TEXT = re.compile(r"^text/|json|xml", re.IGNORECASE)
_CONTEXT = ("traceparent", "tracestate", "baggage")
_HEADERS_MAX = 64
_NAME_KEPT_CHARACTERS = 100
"""A longer name is not kept in memory for the next message."""


class Message(msgspec.Struct, gc=False):
    """What a broker delivered.

    ``place`` says where it was read, by the names that templates may use (``{"queue": "orders"}``); ``type``, ``message_id``,
    ``correlation_id`` and ``time`` are the sender's own, if the protocol has them. ``identity`` names it among all messages of its source
    if the broker numbers them, as Kafka does. ``ce_prefixes`` are what the names of the headers of a CloudEvent begin with.
    ``extensions`` become attributes beside those of the headers. ``by_content``: a document without an id of its own is known by its number
    and its content, too, because the place is written to again and again, as a file is. ``max_bytes``: of the body. ``unreadable``: why the
    client of the broker cannot read all of it; it then goes to quarantine.
    """

    body: bytes
    place: dict[str, str]
    headers: Mapping[str, Any] = {}
    content_type: str = ""
    content_encoding: str = ""
    message_id: str = ""
    identity: str = ""
    type: str = ""
    correlation_id: str = ""
    time: datetime | None = None
    extensions: Mapping[str, str] = {}
    ce_prefixes: tuple[str, ...] = ("ce_", "ce-")
    by_content: bool = False
    max_bytes: int = MESSAGE_MAX_BYTES
    unreadable: str = ""


class EventSettings(PluginSettings):
    """What becomes of a document or message as an event.

    ``event_type`` and ``event_source`` are templates: ``{type}`` is what the document, else the message says it is, else where it was
    read; ``{headers.NAME}`` is a header.
    """

    places: ClassVar[tuple[str, ...]] = ()
    """What else the templates may name."""
    event_type: str = "{type}"
    event_source: str

    @field_validator("event_type", "event_source")
    @classmethod
    def _only_known_places(cls, text: str) -> str:
        known = {"type", *cls.places}
        wrong = [name for name in _PLACEHOLDER.findall(text) if name not in known and not name.startswith("headers.")]
        if not text or wrong or set("{}") & set(_PLACEHOLDER.sub("", text)):
            places = ", ".join(f"{{{name}}}" for name in ("type", *cls.places))
            raise ValueError(f"write text with {places} or {{headers.NAME}}")
        return text


class MessageSettings(EventSettings, ReceiverSettings):
    """What the settings of all brokers share.

    ``reads: dead_letters``: what is read are messages that others gave up. Each becomes an event of the type that it would have where it
    comes from, with ``.dead_letter`` behind it, and why as attributes: ``deadletterfrom``, ``deadletterreason``, ``deadletterdetail`` and
    ``deadlettertries``.
    """

    reads: Literal["messages", "dead_letters"] = "messages"


def named_levels(topic: str, levels: Sequence[str]) -> dict[str, str]:
    """Return the levels of a topic by their names; those without a name are left out."""
    return {name: level for name, level in zip(levels, topic.split("/"), strict=False) if name}


def records_of(messages: Iterable[Message], context: ReceiverContext, settings: EventSettings) -> Iterator[Record]:
    """Yield the records of messages that came together, in order: one message in a format may be millions, which no memory holds."""
    received_at = context.now()
    return (record for message in messages for record in each_record(message, context, settings, received_at))


def each_record(message: Message, context: ReceiverContext, settings: EventSettings, received_at: int | None = None) -> Iterator[Record]:
    """Yield the records of one message: its events, and the parts that go to quarantine. Raises nothing for what a message says.

    ``received_at``: our own time, in milliseconds UTC, if the message came with others.
    """
    received_at = context.now() if received_at is None else received_at
    delivered, letter, death = message, None, ""
    if isinstance(settings, MessageSettings) and settings.reads == "dead_letters":
        letter = dead_letter_of(message.headers, message.place)
        death = message.identity or str(letter.tries)
        kind = letter.origin if message.type in message.place.values() and letter.origin else message.type
        message = replace(message, place=dict(letter.place), type=kind)
    try:
        if message.content_encoding and not message.unreadable:  # what is kept of it can then be read, and published again
            message = replace(message, body=_decoded(message, context.reader), content_encoding="")
        for event in _events(message, settings, context.reader):
            if isinstance(event, bytes) and len(event) > EVENT_MAX_BYTES:
                yield _kept(delivered, context, settings, (_too_large(len(event)), message.body), message.content_type)
            elif isinstance(event, bytes):
                yield context.event(as_dead_letter(event, letter, death) if letter else event, received_at)
            else:
                yield _kept(delivered, context, settings, event, message.content_type if context.reader else STRUCTURED)
    except Rejection as rejection:
        yield _kept(delivered, context, settings, (rejection.error, message.body), message.content_type, message.content_encoding)
    except ValueError as error:  # a text that UTF-8 cannot express; it must not hold up the queue
        unreadable = ValidationError("unreadable_message", f"{type(error).__name__}: {error}")
        yield _kept(delivered, context, settings, (unreadable, message.body), message.content_type)


def _too_large(size: int) -> ValidationError:
    what = f"it would be an event of {size} bytes, at most {EVENT_MAX_BYTES} are kept"
    return ValidationError("event_too_large", what, "body", "name the format that reads its documents, or send it in parts")


def _kept(
    message: Message, context: ReceiverContext, settings: EventSettings, lost: BadEvent, content_type: str, encoding: str = ""
) -> Record:
    """Return the record that keeps what is lost of a message; ``encoding``: what that is still compressed with."""
    peer = f"{settings.type}:{'/'.join(message.place.values())}"
    kind = SignalKind.EVENT.value if content_type.partition(";")[0].strip() in {STRUCTURED, BATCH} else MESSAGE
    return context.quarantined(*lost, kind=kind, content_type=content_type, peer=peer, encoding=encoding)


def _events(message: Message, settings: EventSettings, reader: Reader | None) -> Iterable[bytes | BadEvent]:
    if message.unreadable:
        raise unusable("unreadable_message", message.unreadable)
    body = _decoded(message, reader)
    content_type = message.content_type.strip()
    if content_type:
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == BATCH:
            return parse_batch(body)
        if media_type == STRUCTURED:
            return (parse_structured(body),)
    headers = {str(name): value for name, value in message.headers.items()} if message.headers else {}
    if headers and not _said_by(message.ce_prefixes).isdisjoint(map(str.lower, headers)):
        return (_binary_event(message, headers, content_type, body),)
    if reader is not None and body:
        return _documents(message, headers, settings, reader(body))
    return _whole(message, headers, settings, content_type, body)


def _whole(
    message: Message, headers: Mapping[str, Any], settings: EventSettings, content_type: str, body: bytes
) -> Iterable[bytes | BadEvent]:
    """Return the one event of a body that no format reads. Raises :class:`Rejection`."""
    if len(body) > EVENT_MAX_BYTES:
        raise Rejection(413, _too_large(len(body)))
    own_id = _own_id(message, headers)
    if message.by_content:
        own_id = f"{own_id}/{hashlib.blake2b(body, digest_size=12).hexdigest()}"
    attributes = _attributes(message, headers, settings, own_id)
    try:
        return (event_of_parts(attributes, content_type, body),)
    except Rejection:
        if content_type or not body or _BEGINS_AS_JSON.match(body):
            raise
        return (event_of_parts(attributes, "application/octet-stream", body),)


@lru_cache(maxsize=100)
def _said_by(prefixes: tuple[str, ...]) -> frozenset[str]:
    """Return the headers that say that the others are the attributes of a CloudEvent, in lower case."""
    return frozenset(f"{prefix.lower()}specversion" for prefix in prefixes)


def _binary_event(message: Message, headers: Mapping[str, Any], content_type: str, body: bytes) -> bytes:
    attributes = {
        name[len(prefix) :].lower(): text_of(value)
        for name, value in headers.items()
        for prefix in message.ce_prefixes
        if name.lower().startswith(prefix.lower())
    }
    return event_of_parts({name: text_of(headers[name]) for name in _CONTEXT if name in headers} | attributes, content_type, body)


def _decoded(message: Message, reader: Reader | None) -> bytes:
    """Return a body without its content encoding: compressions, and the character set, which Spring and Celery write there as well."""
    if len(message.body) > message.max_bytes:
        what = f"a message may have at most {message.max_bytes} bytes, this one has {len(message.body)}"
        raise Rejection(413, ValidationError("too_large", what))
    if not message.content_encoding:
        return message.body
    named = [part for part in map(str.strip, _BETWEEN_ENCODINGS.split(message.content_encoding.lower())) if part not in _AS_IT_IS]
    body = decode(message.body, ", ".join(part for part in named if not CHARACTER_SET.fullmatch(part)), message.max_bytes)
    letters = next(filter(CHARACTER_SET.fullmatch, named), "")
    if reader is not None or not _TEXT.search(message.content_type or "text/"):  # a format has its own way to tell
        return body
    return as_utf_8(body, letters)


def _documents(
    message: Message, headers: Mapping[str, Any], settings: EventSettings, documents: Iterator[Any]
) -> Iterator[bytes | BadEvent]:
    """Yield an event for each document; the message's own id, with the document's number behind the first, is that of the event."""
    own_id = _own_id(message, headers)
    for number, document in enumerate(documents):
        if isinstance(document, tuple):
            yield document
            continue
        attributes = _attributes(message, headers, settings, own_id, document.type)
        if document.id:
            attributes["id"] = document.id
        elif message.by_content:
            attributes["id"] = f"{own_id}/{number}/{hashlib.blake2b(document.data, digest_size=12).hexdigest()}"
        elif number:
            attributes["id"] = f"{own_id}/{number}"
        attributes |= {name: value for name, value in (("time", document.time), ("subject", document.subject)) if value}
        try:
            yield event_of_document(attributes, document.data)
        except Rejection as rejection:
            yield rejection.error, document.data


def _attributes(message: Message, headers: Mapping[str, Any], settings: EventSettings, own_id: str, own_type: str = "") -> dict[str, str]:
    """Return the CloudEvents attributes of a message that is not a CloudEvent."""
    place = message.place
    kind = own_type or message.type or _fallback(place)
    attributes: dict[str, str] = {}
    for name, value in islice(headers.items(), _HEADERS_MAX) if headers else ():
        if isinstance(value, (str, bytes, int, float, datetime)) and (plain := _attribute_of(name)):
            attributes[plain] = text_of(value)
    attributes |= {name: value for name, value in message.extensions.items() if value}
    if message.correlation_id:
        attributes["correlationid"] = message.correlation_id
    if message.time is not None:
        attributes["time"] = text_of(message.time)
    attributes["specversion"] = "1.0"
    attributes["id"] = own_id
    attributes["source"] = _filled(settings.event_source, kind, place, headers)
    attributes["type"] = _filled(settings.event_type, kind, place, headers) or _fallback(place)
    return attributes


def _fallback(place: dict[str, str]) -> str:
    """Return the type of a message that does not say it: where it was read."""
    return next((name for name in reversed(place.values()) if name), "message")


def _filled(template: str, kind: str, place: Mapping[str, str], headers: Mapping[str, Any]) -> str:
    """Return a template with what its names stand for in a message."""
    form, names = _form_of(template)
    values = []
    for name in names:
        if name == "type":
            values.append(kind)
        else:
            values.append(place[name] if name in place else text_of(headers.get(name.partition(".")[2], "")))
    return form % tuple(values)


@lru_cache(maxsize=1000)
def _form_of(template: str) -> tuple[str, tuple[str, ...]]:
    """Return a template with ``%s`` for each of its names, and the names."""
    parts = _PLACEHOLDER.split(template)
    return "%s".join(part.replace("%", "%%") for part in parts[::2]), tuple(parts[1::2])


def _attribute_of(name: str) -> str:
    """Return the name of the attribute that a header becomes; empty if it becomes none."""
    return _known_attribute(name) if len(name) <= _NAME_KEPT_CHARACTERS else _plain(name)


def _plain(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())[:64]
    return "" if plain in _OWN_ATTRIBUTES or name.startswith(_OF_A_DELIVERY) else plain


_known_attribute = lru_cache(maxsize=1000)(_plain)


def _own_id(message: Message, headers: Mapping[str, Any]) -> str:
    if message.message_id or message.identity:
        return message.message_id or message.identity
    # What the broker adds on a redelivery (x-delivery-count, x-death …) is not part of the message.
    own = sorted((name, text_of(value)) for name, value in headers.items() if not name.startswith("x-"))
    stamp = "" if message.time is None else text_of(message.time)
    known = [list(message.place.values()), message.correlation_id, stamp, own]
    return hashlib.sha256(json.dumps(known).encode() + b"\0" + message.body).hexdigest()[:40]


def is_attribute(name: str) -> bool:
    """Return whether a name may be that of an extension attribute."""
    return re.fullmatch(r"[a-z0-9]{1,64}", name) is not None and name not in _OWN_ATTRIBUTES


def text_of(value: Any) -> str:
    """Return a header's value as the text of an attribute."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        if value.tzinfo is UTC:  # most are; Python itself takes four times as long
            return _ENCODER.encode(value)[1:-2].decode() + "+00:00"
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)
