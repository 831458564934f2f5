"""A table in which an application leaves its messages, in the transaction that they tell of."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from collector.message import EventSettings, Message

_LOG = logging.getLogger("andon.collector.sql_table")


class Outbox(BaseModel):
    """Columns: ``payload`` is the message, ``type`` says what it is, ``subject`` which thing it is about, ``headers`` is a JSON object.

    The names that are not given are those of Debezium; null for a column that there is not. ``gap_seconds``: how long rows wait for a
    number that is missing before theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    payload: str = "payload"
    type: str | None = "type"
    subject: str | None = "aggregateid"
    headers: str | None = None
    gap_seconds: float = Field(default=10.0, ge=0, le=3_600)

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        return [name for name in (self.payload, self.type, self.subject, self.headers) if name is not None]


class OutboxEvents(EventSettings):
    """What the templates of a table that is an outbox may name."""

    places: ClassVar[tuple[str, ...]] = ("table",)
    event_type: str = "{type}"


def message_of(outbox: Outbox, label: str, key: str, row: Mapping[str, Any], moment: datetime | None) -> Message:
    """Return a row as a message, which a broker would have delivered. ``moment``: when it was written."""
    value = row[outbox.payload]
    if isinstance(value, (bytes, bytearray, memoryview)):
        body, content_type = bytes(value), ""
    elif value is None or isinstance(value, str):
        body = (value or "").encode("utf-8", "replace")
        content_type = "application/json" if _is_json(body) else "text/plain"
    else:
        body, content_type = msgspec.json.encode(value, enc_hook=str), "application/json"
    subject = outbox.subject and row[outbox.subject]
    return Message(
        body,
        {"table": label},
        _headers(outbox.headers and row[outbox.headers]),
        content_type=content_type,
        message_id=key,
        type=str((outbox.type and row[outbox.type]) or ""),
        time=moment,
        extensions={} if subject is None else {"partitionkey": str(subject)},
    )


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError):
        return False
    return True


def _headers(value: Any) -> Mapping[str, Any]:
    """Return the headers that a column holds; what is no JSON object is one header, so that it can be seen."""
    if value is None:
        return {}
    if isinstance(value, (str, bytes)):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeError):
            return {"headers": value}
    return value if isinstance(value, dict) else {"headers": str(value)}


class SequenceGaps:
    """Numbers that are missing in a rising sequence: of a transaction that commits late, or of one that never did."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._since: dict[int, float] = {}

    def ready(self, numbers: Sequence[int], after: int, now: float) -> int:
        """Return how many of the numbers, which rise, wait for none before them. ``after``: the last of before; ``now``: monotonic."""
        for place, number in enumerate(numbers):
            if number > after + 1:
                if now - self._since.setdefault(after + 1, now) < self._wait_seconds:
                    return place
                fields = {"first": after + 1, "last": number - 1}
                _LOG.warning("numbers of the outbox are missing, they are waited for no longer", extra={"fields": fields})
            after = max(after, number)
            self._since = {first: since for first, since in self._since.items() if first > after}
        return len(numbers)
