"""What a dead letter says: from where it comes, why it was given up, how often it was tried and when.

Each broker and framework has its own headers for that: RabbitMQ's ``x-death``, those of Kafka Connect and of Spring, ActiveMQ and Artemis.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from core.clock import EPOCH

SUFFIX = ".dead_letter"
_TEXT_MAX = 1_000
_FROM = ("__connect.errors.topic", "kafka_dlt-original-topic", "_AMQ_ORIG_ADDRESS", "original-destination", "x-first-death-queue")
_REASONS = (
    *("__connect.errors.exception.class.name", "kafka_dlt-exception-cause-fqcn", "kafka_dlt-exception-fqcn"),
    *("x-exception-message", "x-first-death-reason"),
)
_DETAILS = ("__connect.errors.exception.message", "kafka_dlt-exception-message", "x-exception-message", "dlqDeliveryFailureCause")
_ACTIVEMQ, _ARTEMIS_EXPIRED = "dlqDeliveryFailureCause", "_AMQ_ACTUAL_EXPIRY"
_LIMIT = re.compile(r"Delivery\[(\d{1,9})\] exceeds redelivery policy limit(?:.{0,900}, cause:(?!null)([\w.$]+))?", re.ASCII | re.DOTALL)
_WORDS = re.compile(r"(?:java\.lang\.Throwable: )?([A-Za-z][A-Za-z .$]*)", re.ASCII)
_TIME = "kafka_dlt-original-timestamp"
_NAMES_OF_PLACE = ("queue", "topic", "destination", "stream", "subject")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the headers say; empty where they do not. ``place``: where it was, by the names that templates may use."""

    origin: str = ""
    reason: str = ""
    detail: str = ""
    tries: int = 0
    time: datetime | None = None
    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, str]:
        """The extension attributes of its event."""
        told = {
            "deadletterfrom": self.origin,
            "deadletterreason": self.reason,
            "deadletterdetail": self.detail,
            "deadlettertries": str(self.tries or ""),
        }
        return {name: value for name, value in told.items() if value}


def dead_letter_of(headers: Mapping[str, Any], place: Mapping[str, str]) -> DeadLetter:
    """Return what a dead letter's headers say of it. Raises nothing, whatever they are."""
    found = DeadLetter(_first(headers, _FROM), _first(headers, _REASONS), _first(headers, _DETAILS), time=_milliseconds(headers.get(_TIME)))
    if not found.reason:
        reason, tries = _of_activemq(_text(headers.get(_ACTIVEMQ)), expired=_ARTEMIS_EXPIRED in headers)
        found = replace(found, reason=reason, tries=tries)
    deaths = headers.get("x-death")
    own: dict[str, str] = {}
    if isinstance(deaths, list) and deaths and isinstance(deaths[0], Mapping):  # the last that happened comes first
        last = deaths[0]
        keys = last.get("routing-keys")
        own = {"exchange": _text(last.get("exchange")), "routing_key": _text(keys[0]) if isinstance(keys, list) and keys else ""}
        count, time = last.get("count"), last.get("time")
        found = replace(
            found,
            origin=_text(last.get("queue")) or found.origin,
            reason=_text(headers.get("x-exception-message")) or _text(last.get("reason")) or found.reason,
            tries=count if isinstance(count, int) else found.tries,
            time=time if isinstance(time, datetime) else None,
        )
    named = {name: found.origin for name in _NAMES_OF_PLACE if name in place and found.origin}
    return replace(found, place={**place, **{name: value for name, value in own.items() if name in place}, **named})


def as_dead_letter(event: bytes, letter: DeadLetter, identity: str) -> bytes:
    """Return the event that says that a message, which would have become ``event``, was given up.

    It is another event than that of the message itself, so it has another type and id; ``identity`` tells one death of it from the next.
    """
    fields = msgspec.json.decode(event, type=dict[str, msgspec.Raw])
    kind, known = (msgspec.json.decode(fields[name], type=str) for name in ("type", "id"))
    told = {**letter.attributes, "type": f"{kind}{SUFFIX}", "id": f"{known}/dead/{identity}"}
    if letter.time is not None:
        told["time"] = (letter.time if letter.time.tzinfo else letter.time.replace(tzinfo=UTC)).isoformat()
    return msgspec.json.encode({**fields, **told})


def _of_activemq(cause: str, *, expired: bool) -> tuple[str, int]:
    """Return the reason in the words of the other brokers, and how often it was tried.

    ActiveMQ's own words hold the moment, the policy or the consumer: every message would have a reason of its own.
    """
    if expired or "Message Expired" in cause:
        return "expired", 0
    if limit := _LIMIT.search(cause):
        return limit[2] or "delivery_limit", int(limit[1])
    words = _WORDS.match(cause)
    return (words[1].strip() if words else ""), 0


def _first(headers: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(headers.get(name)))), "")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    # a surrogate, or a NUL, can be in no event
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:_TEXT_MAX] if isinstance(value, str) else ""


def _milliseconds(value: Any) -> datetime | None:
    with contextlib.suppress(OverflowError):
        if isinstance(value, bytes) and len(value) == 8:
            return EPOCH + timedelta(milliseconds=int.from_bytes(value, "big", signed=True))
    return None
