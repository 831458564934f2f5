"""A message of Kafka as every broker's messages are read."""

from __future__ import annotations

import base64
import gc
from datetime import datetime, timedelta
from operator import methodcaller
from typing import cast

import confluent_kafka

from collector.cloud_events import ATTRIBUTE_MAX_CHARACTERS
from collector.message import Message, text_of
from core.clock import EPOCH

_HEADERS_OF = methodcaller("headers")
_MILLISECOND = timedelta(milliseconds=1)


def message_of(message: confluent_kafka.Message) -> Message:
    """Return what the broker delivered; ``unreadable`` says why its headers are not among it."""
    topic, partition, offset, body = str(message.topic()), str(message.partition()), str(message.offset()), message.value()
    pairs, unreadable = _pairs(message)
    headers = {name: value for name, value in pairs if value is not None}
    lower = {name.lower(): text_of(value) for name, value in headers.items()} if headers else {}
    kind, milliseconds = message.timestamp()
    dated = kind != confluent_kafka.TIMESTAMP_NOT_AVAILABLE
    return Message(
        body or b"",
        {"partition": partition, "topic": topic},
        headers=headers,
        content_type=lower.get("content-type", ""),
        content_encoding=lower.get("content-encoding", ""),
        identity=f"{topic}/{partition}/{offset}@{milliseconds}" if dated else f"{topic}/{partition}/{offset}",
        type=f"{topic}.tombstone" if body is None else topic,
        time=_time(milliseconds) if dated else None,
        extensions={"partitionkey": _key_text(message.key()), "partition": partition, "offset": offset},
        unreadable=unreadable,
    )


def _pairs(message: confluent_kafka.Message) -> tuple[list[tuple[str, bytes | None]], str]:
    """Return the headers of a message, and why they cannot be read: the client raises what it does not mean to where a name is no text.

    The client returns with such an error pending and no object where the name should be, which ends the process that looks at it. The
    error is noticed by ``methodcaller``, not by a call in our own code, and only if no collection of garbage has taken it away meanwhile.
    """
    gc.disable()
    try:
        return cast("list[tuple[str, bytes | None]]", _HEADERS_OF(message) or []), ""
    except (SystemError, UnicodeDecodeError):
        return [], "the name of a header is not UTF-8"
    finally:
        gc.enable()


def _time(milliseconds: int) -> datetime | None:
    try:
        return EPOCH + milliseconds * _MILLISECOND
    except OverflowError:  # senders say what they like
        return None


def _key_text(key: bytes | str | None) -> str:
    """Return a key as the text of an attribute, cut where it is too long for one."""
    raw = key.encode() if isinstance(key, str) else key or b""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = base64.b64encode(raw).decode()
    return text[:ATTRIBUTE_MAX_CHARACTERS]
