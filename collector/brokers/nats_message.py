"""A message of NATS JetStream as every broker's messages are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from nats.aio.msg import Msg

from collector.message import Message
from core.clock import EPOCH

_MICROSECOND = timedelta(microseconds=1)
_WORDS_WITHOUT_DOMAIN = 9


class Told(msgspec.Struct, frozen=True):
    """What the server tells of a message: its stream, its number there, how many the consumer was given by then, and when it came (UTC)."""

    stream: str
    sequence: int
    delivered: int
    time: datetime


def told_of(message: Msg) -> Told:
    """Return what the subject of the acknowledgement says of a message; the client's own reading of it takes ten times as long.

    Source: NATS ADR-15 (``$JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.TIMES.SEQUENCE.DELIVERED.NANOSECONDS.PENDING[.TOKEN]``).
    """
    words = message.reply.split(".")
    first = 2 if len(words) == _WORDS_WITHOUT_DOMAIN else 4
    stream, _, _, sequence, delivered, nanoseconds = words[first : first + 6]
    return Told(stream, int(sequence), int(delivered), datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC))


def message_of(message: Msg, told: Told) -> Message:
    """Return what the server delivered."""
    headers = dict(message.headers) if message.headers else {}
    lower = {name.lower(): value for name, value in headers.items()} if headers else {}
    sequence = str(told.sequence)
    return Message(
        message.data,
        {"stream": told.stream, "subject": message.subject},
        headers=headers,
        content_type=lower.get("content-type", ""),
        content_encoding=lower.get("content-encoding", ""),
        message_id=lower.get("nats-msg-id", ""),
        identity=f"{told.stream}/{sequence}@{(told.time - EPOCH) // _MICROSECOND}",
        time=told.time,
        extensions={"subjectname": message.subject, "sequence": sequence},
    )
