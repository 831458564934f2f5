"""One connection to an MQTT broker: the client's packets, driven by the event loop, and messages that wait to be acknowledged.

The client that wraps this one for asyncio drops messages when its queue is full, and acknowledges by itself; both would lose messages.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from collector.brokers.address import read_address
from core.errors import Retryable
from core.secrets import resolve_secret

CONNECTION_ERRORS = (ValueError, struct.error)
"""What the client raises, beside an OSError, for a broker that answers with garbage."""
CHECK_SECONDS = 5.0
ANSWER_SECONDS = 15.0
KEEP_ALIVE_SECONDS = 30
HELD_MAX_BYTES = 16 << 20
_READS_MAX = 100
"""Packets read before others in the event loop have their turn."""
_ONLY_IF_NEW = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB


@dataclass(frozen=True)
class Subscription:
    """What is asked of the broker; ``url`` is a reference to the secret that is its address."""

    url: str
    client_id: str
    topics: tuple[str, ...]
    version: Literal[5, "3.1.1"]
    qos: int
    keep_session_seconds: int


class MqttConnection:
    """A client in an event loop. It stops reading while ``most`` messages, or 16 MiB of them, wait to be taken."""

    def __init__(self, subscription: Subscription, most: int) -> None:
        self._asked = subscription
        self._most = most
        protocol = MQTTProtocolVersion.MQTTv5 if subscription.version == 5 else MQTTProtocolVersion.MQTTv311
        clean = None if subscription.version == 5 else not subscription.keep_session_seconds
        self._client = Client(
            CallbackAPIVersion.VERSION2, subscription.client_id, clean, protocol=protocol, reconnect_on_failure=False, manual_ack=True
        )
        self._client.connect_timeout = ANSWER_SECONDS
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._socket: Any = None
        self._ticking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._lost: Exception | None = None
        self._resumed: bool | None = None
        self._granted = False
        self._held: deque[MQTTMessage] = deque()
        self._held_bytes = 0
        self._reading = False

    async def open(self, former_topics: Sequence[str] = ()) -> bool:
        """Connect and subscribe; return whether the broker had kept our session.

        ``former_topics`` are those that a kept session may still be subscribed to. Raises :class:`core.errors.AndonError`, OSError, and
        what :data:`CONNECTION_ERRORS` name.
        """
        await asyncio.to_thread(self._connect)
        self._socket = self._client.socket()
        if self._socket is None:
            raise self._lost or Retryable("the broker closed the connection")
        self._client.on_socket_register_write = self._write_when_possible
        self._client.on_socket_unregister_write = self._nothing_to_write
        self._client.on_socket_close = self._forget_socket
        self._resume_reading()
        self._ticking = asyncio.create_task(self._tick())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                resumed = await self._session()
                self._subscribe(former_topics)
                while not self._granted and not self._held:  # a session that was kept may bring messages first
                    await self._change()
        except TimeoutError as error:
            raise Retryable(f"the broker did not answer within {ANSWER_SECONDS:.0f} seconds") from error
        return resumed

    async def batch(self) -> list[MQTTMessage]:
        """Return what has arrived, in order; an empty list if nothing came for a while.

        Raises :class:`Retryable` once the connection is lost.
        """
        if not self._held:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    while not self._held:
                        await self._change()
            except TimeoutError:
                return []
        self.check()
        taken = list(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._resume_reading()
        return taken

    def check(self) -> None:
        """Raise if the connection is lost."""
        if self._lost is not None:
            raise self._lost

    def acknowledge(self, batch: Sequence[MQTTMessage]) -> None:
        """Tell the broker that these are on disk."""
        for message in batch:
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Close in good order; the broker keeps our session and what was not acknowledged."""
        if self._ticking is not None:
            self._ticking.cancel()
        self._client.on_disconnect = None
        self._client.disconnect()
        if self._socket is not None:
            self._did(self._client.loop_write())  # which closes the socket
        self._forget_socket()

    async def _session(self) -> bool:
        while self._resumed is None:
            await self._change()
        return self._resumed

    def _connect(self) -> None:
        address = read_address(resolve_secret(self._asked.url), ("mqtt", 1883), ("mqtts", 8883))
        if address.user:
            self._client.username_pw_set(address.user, address.password or None)
        if address.tls:
            self._client.tls_set_context(address.tls)
        more: dict[str, Any] = {}
        if self._asked.version == 5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the client's own lack
            properties.SessionExpiryInterval = self._asked.keep_session_seconds
            properties.ReceiveMaximum = self._most
            more = {"clean_start": not self._asked.keep_session_seconds, "properties": properties}
        self._client.connect(address.host, address.port, KEEP_ALIVE_SECONDS, **more)

    def _subscribe(self, former_topics: Sequence[str]) -> None:
        if gone := [topic for topic in former_topics if topic not in self._asked.topics]:
            self._client.unsubscribe(gone)
        if self._asked.version == 5:
            # retained messages come with a new subscription, and not again each time that we resume one
            options = SubscribeOptions(qos=self._asked.qos, retainHandling=_ONLY_IF_NEW)
            error, _ = self._client.subscribe([(topic, options) for topic in self._asked.topics])
        else:
            error, _ = self._client.subscribe([(topic, self._asked.qos) for topic in self._asked.topics])
        if error != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise Retryable(f"the broker cannot be asked: {error_string(error)}")

    async def _change(self) -> None:
        self.check()
        self._changed.clear()
        await self._changed.wait()
        if not self._held:
            self.check()

    async def _tick(self) -> None:
        """Keep the connection alive."""
        while True:
            await asyncio.sleep(1)
            self._did(self._client.loop_misc())

    def _read(self) -> None:
        for _ in range(_READS_MAX):
            before = len(self._held)
            try:
                code = self._client.loop_read()
            except Exception as error:  # boundary: bytes of a broker; the client raises whatever its decoding met
                self._lose(Retryable(f"the broker sent what cannot be read: {type(error).__name__}: {error}"))
                return
            self._did(code)
            if not self._reading or (len(self._held) == before and not self._pending()):
                return

    def _pending(self) -> int:
        """Return how many bytes of TLS are decrypted and not read: the event loop does not hear of them."""
        return int(getattr(self._socket, "pending", int)()) if self._socket is not None else 0

    def _write_when_possible(self, _client: Client, _data: Any, at: Any) -> None:
        asyncio.get_running_loop().add_writer(at, lambda: self._did(self._client.loop_write()))

    def _nothing_to_write(self, _client: Client, _data: Any, at: Any) -> None:
        asyncio.get_running_loop().remove_writer(at)

    def _did(self, code: MQTTErrorCode) -> None:
        if code not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN}:
            self._lose(Retryable(f"the connection was lost: {error_string(code)}"))

    def _lose(self, error: Exception) -> None:
        self._lost = self._lost or error
        self._pause_reading()
        self._changed.set()

    def _pause_reading(self) -> None:
        if self._reading and self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
        self._reading = False

    def _resume_reading(self) -> None:
        if not self._reading and self._socket is not None and self._lost is None:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._socket, self._read)
            if self._pending():
                asyncio.get_running_loop().call_soon(self._read)

    def _forget_socket(self, *_: Any) -> None:
        self._pause_reading()
        if self._socket is not None:
            asyncio.get_running_loop().remove_writer(self._socket)
            self._socket = None

    def _on_connect(self, _client: Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            again = "; a broker that speaks only MQTT 3.1.1 needs version: 3.1.1" if "rotocol" in str(reason) else ""
            self._lose(Retryable(f"the broker refused us: {reason}{again}"))
        self._resumed = bool(flags.session_present)
        self._changed.set()

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        for topic, reason in zip(self._asked.topics, reasons, strict=False):
            if reason.is_failure:
                self._lose(Retryable(f"the broker refused the subscription to {topic}: {reason}"))
        self._granted = True
        self._changed.set()

    def _on_disconnect(self, _client: Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        said = str(reason) if flags.is_disconnect_packet_from_server else "it did not say why; is there another client with our client_id?"
        self._lose(Retryable(f"the broker closed the connection: {said}"))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._held.append(message)
        self._held_bytes += len(message.payload)
        if len(self._held) >= self._most or self._held_bytes >= HELD_MAX_BYTES:
            self._pause_reading()
        self._changed.set()
