"""MQTT: subscribes to topics of a broker and acknowledges a message only once it is on disk.

The session is kept by the broker while we are away (``keep_session_seconds``), with what is sent meanwhile; a broker that has lost it is
told as a gap. We subscribe with QoS 1 at most: what is published with QoS 2 comes with 1, because with 2 a broker forgets a message
before it is on our disk. A CloudEvent is taken as it is; any other message becomes one event for each of its documents: JSON, text or
what the source's ``format`` reads is its ``data``, other bytes ``data_base64``. User properties are headers, ``levels`` name the
levels of its topic, and a retained message has the attribute ``retained``.

On failure: a full journal holds what came, and the broker stops sending at ``prefetch`` (MQTT 3.1.1: at its own limit); an unusable message
goes to quarantine and is then acknowledged; a lost connection is retried for ever, and the broker sends again what was not acknowledged.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from collections.abc import Sequence as Messages
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from paho.mqtt.client import MQTTMessage
from pydantic import Field, field_validator

from collector.backoff import Backoff
from collector.brokers.mqtt_connection import CONNECTION_ERRORS, MqttConnection, Subscription
from collector.brokers.reconnecting import reconnect_for_ever
from collector.brokers.sequence import Sequence
from collector.message import Message, MessageSettings, is_attribute, named_levels, records_of, text_of
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.errors import AndonError
from core.signal import Record, SignalKind

_ERRORS = (AndonError, OSError, *CONNECTION_ERRORS)
_LOG = logging.getLogger("andon.collector.mqtt")


class MqttSettings(MessageSettings):
    """Settings under ``receiver:``.

    The address is ``mqtt://user:password@host:1883``, or ``mqtts://host:8883?cafile=PATH&certfile=PATH&keyfile=PATH``. ``topics`` may hold
    the wildcards ``+`` and ``#``. ``client_id`` names our session at the broker; without one it is made of the source's name. ``levels``
    are names for the levels of a topic from the left, such as ``[site, line]``; an empty name skips one. ``sequence`` is the path of a
    number that a sender counts up on each topic (``data.seq``); a gap in it is told. ``prefetch`` limits how many unacknowledged messages
    we hold.

    No MQTT broker tells what waits for a session, so that no queue is told of this source. What Mosquitto counts under ``$SYS`` is of all
    sessions and retained messages together.
    """

    places: ClassVar[tuple[str, ...]] = ("topic",)
    topics: list[str] = Field(min_length=1, max_length=1000)
    event_source: str = "/topics/{topic}"
    version: Literal[5, "3.1.1"] = 5
    qos: Literal[0, 1] = 1
    client_id: str = Field(default="", max_length=64)
    keep_session_seconds: int = Field(default=7 * 24 * 3600, ge=0, le=0xFFFFFFFF)
    prefetch: int = Field(default=500, ge=1, le=10_000)
    levels: list[str] = Field(default_factory=list, max_length=32)
    sequence: str = ""

    @field_validator("topics")
    @classmethod
    def _filters(cls, topics: list[str]) -> list[str]:
        for topic in topics:
            levels = topic.split("/")
            wild = any(("#" in level or "+" in level) and len(level) > 1 for level in levels) or "#" in levels[:-1]
            if not topic or wild or "\0" in topic or len(topic.encode()) > 65_535:
                raise ValueError(f"'{topic[:80]}' is no topic filter; write one like plant/+/orders/#")
        return topics

    @field_validator("levels")
    @classmethod
    def _attributes(cls, levels: list[str]) -> list[str]:
        for name in filter(None, levels):
            if not is_attribute(name):
                raise ValueError(f"'{name[:80]}' is no name of an attribute; use a to z and 0 to 9, and none that an event has already")
        return levels


class MqttReceiver:
    """Reads one subscription per source."""

    name = "mqtt"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(MqttSettings, settings)

    def untold(self, _: dict[str, Any]) -> str:
        """Return why nobody tells what waits."""
        return "MQTT brokers tell it of no session"

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(MqttSettings, context.source.receiver or {})
        sequence = Sequence(settings.sequence, context) if settings.sequence else None
        await reconnect_for_ever(
            context, partial(_connected, context, settings, sequence), _ERRORS, _LOG, topics=", ".join(settings.topics)
        )


RECEIVER = MqttReceiver()


async def _connected(context: ReceiverContext, settings: MqttSettings, sequence: Sequence | None, backoff: Backoff) -> None:
    """Read over one connection until it is lost."""
    client_id = settings.client_id or f"andon-{context.source.source}"
    kept = _kept_session(context, client_id)
    subscription = Subscription(
        settings.url, client_id, tuple(settings.topics), settings.version, settings.qos, settings.keep_session_seconds
    )
    connection = MqttConnection(subscription, settings.prefetch)
    try:
        resumed = await connection.open(kept or ())
        if kept and not resumed and settings.keep_session_seconds:
            context.tell_gap("the broker no longer had our session, so that it kept nothing while we were away", client_id=client_id)
        _session_file(context).write_text(json.dumps({"client_id": client_id, "topics": settings.topics}), encoding="utf-8")
        context.tell_up(up=True)
        _LOG.info("reading", extra={"fields": {"source": context.source.source, "topics": settings.topics, "session_resumed": resumed}})
        while True:
            batch = await connection.batch()
            if batch:
                await context.accept(_records(batch, context, settings, sequence), connection.check)
                connection.acknowledge(batch)
                if sequence:
                    sequence.save()
            backoff.reset()
    finally:
        connection.close()


def _session_file(context: ReceiverContext) -> Path:
    return context.state / "session.json"


def _kept_session(context: ReceiverContext, client_id: str) -> list[str] | None:
    """Return what the session that the broker keeps for us is subscribed to; None if it has none that we know of."""
    try:
        found = json.loads(_session_file(context).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # half a file after a crash says as little as none
        return None
    return list(found["topics"]) if found.get("client_id") == client_id else None


def _records(batch: Messages[MQTTMessage], context: ReceiverContext, settings: MqttSettings, sequence: Sequence | None) -> Iterator[Record]:
    for delivered in batch:
        message = message_of(delivered, settings)
        found = records_of([message], context, settings)
        if sequence:
            numbered = list(found)
            sequence.follow(message.place["topic"], (record.body for record in numbered if record.kind is SignalKind.EVENT))
            found = iter(numbered)
        yield from found


def message_of(delivered: MQTTMessage, settings: MqttSettings) -> Message:
    """Return what the broker delivered, as every broker's messages are read."""
    try:
        topic = delivered.topic
    except UnicodeDecodeError:
        topic = "not UTF-8"
    sent: Any = delivered.properties  # its attributes are those that the sender set
    return Message(
        bytes(delivered.payload),
        {"topic": topic},
        headers=_headers(getattr(sent, "UserProperty", ())),
        content_type=getattr(sent, "ContentType", ""),
        correlation_id=text_of(getattr(sent, "CorrelationData", b"")),
        extensions={"topic": topic, **named_levels(topic, settings.levels), "retained": "true" if delivered.retain else ""},
    )


def _headers(properties: Messages[tuple[str, str]]) -> dict[str, str]:
    """Return user properties as headers. The attributes of a CloudEvent have no prefix in MQTT, so they are given one."""
    headers = dict(properties)
    if "specversion" not in headers:
        return headers
    return {f"ce_{name}" if re.fullmatch(r"[a-z0-9]+", name) else name: value for name, value in headers.items()}
