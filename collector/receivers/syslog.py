"""Syslog: listens for messages over TCP, TLS or UDP, in the form of RFC 5424 or of the systems before it (RFC 3164); each is a log record.

Who wrote it is `service.name` (what syslog calls application or tag) and `host.name`; structured data are attributes (`attributes.order.id`
for `[order id="4711"]`). A message in JSON becomes a structured body. Over TCP a message ends with a newline, or its length is before it.

Syslog knows no acknowledgement. Over TCP no more is read before the journal has what was read, so that a sender waits while the journal
is full; what a broken connection or our own end leaves in buffers is lost, and neither side knows. Where there are too many connections,
the one that has been silent for longest ends, if it was for a minute; the system ends those whose other side is gone. Of handshakes of TLS
that are under way, the oldest of the address that has most of them gives way to a new one, which is counted
(`andon_handshakes_dropped_total`). Over UDP the system drops what comes faster than it is read, which is counted
(`andon_datagrams_dropped_total`). Where no message may be lost, let the sender write a file, and follow that. On failure: what is no
message, or too long, goes to quarantine; a port that cannot be opened is tried again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, cast
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from collector.backoff import Backoff
from collector.format_settings import FormatSettings, text_of
from collector.logs.connections import READ_BYTES, Connections, listening_at
from collector.logs.datagrams import Datagrams
from collector.logs.entry import LogEntry, records_of
from collector.logs.line import LineReader, LineTime, nanoseconds
from collector.logs.syslog_framing import MESSAGE_MAX_BYTES, Framing, Unusable
from collector.logs.syslog_message import parse_syslog
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from collector.rejection import ValidationError
from core.errors import AndonError
from core.signal import Record

PEERS_TOLD = 1_000
SILENT_SECONDS = 60.0
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""After a minute of silence the system asks the other side, and ends the connection when it has not answered for another one."""
_LOG = logging.getLogger("andon.collector.syslog")


class SyslogSettings(FormatSettings):
    """Settings under ``receiver:``. ``protocol``: ``tcp``, ``tls`` or ``udp``. ``host`` and ``port``: where we listen.

    ``senders``: the addresses and networks that may send; everybody on this machine if it is left out. Over UDP an address can be forged.
    ``certificate`` and ``key``: PEM files, for TLS; with ``client_ca`` a sender has to show a certificate of that authority. ``time_zone``:
    of times that name none; else UTC. ``encoding``: of the text; without it UTF-8, and what is not UTF-8 is read as Windows-1252.
    ``connections``: at a time; ``messages_per_second``: of all together; more have to wait, or are dropped by the system over UDP.
    """

    protocol: Literal["tcp", "tls", "udp"] = "tcp"
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(ge=1, le=65_535)
    senders: list[str] = Field(default_factory=lambda: ["127.0.0.0/8", "::1"], min_length=1)
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    connections: int = Field(default=200, ge=1, le=10_000)
    messages_per_second: int = Field(default=10_000, ge=1, le=1_000_000)

    @field_validator("host")
    @classmethod
    def _address(cls, host: str) -> str:
        try:
            return str(ipaddress.ip_address(host))
        except ValueError as error:
            raise ValueError(f"'{host}' is no address; write one of this machine, or 0.0.0.0 or :: for all of them") from error

    @field_validator("senders")
    @classmethod
    def _networks(cls, senders: list[str]) -> list[str]:
        for sender in senders:
            try:
                ipaddress.ip_network(sender)
            except ValueError as error:
                raise ValueError(f"'{sender}' is no network; write one such as 10.20.0.0/16, or an address") from error
        return senders

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.protocol == "tls") != bool(self.certificate and self.key):
            raise ValueError("'protocol: tls' and 'certificate' with 'key' belong together; write all or none")
        if self.client_ca and self.protocol != "tls":
            raise ValueError("'client_ca' is of 'protocol: tls' alone")
        if "senders" not in self.model_fields_set and not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError("name under 'senders' who may send to an address that others reach, such as 10.20.0.0/16")
        return self


class SyslogReceiver:
    """Listens at one port per source."""

    name = "syslog"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(SyslogSettings, settings)

    def records_given(self, context: ReceiverContext, body: bytes) -> list[Record]:
        """Return the records of messages as a sender would write them to one connection."""
        framing = Framing()
        maker = _Maker(context, parse_settings(SyslogSettings, context.source.receiver or {}))
        return maker.records([(message, "") for message in [*framing.feed(body), *framing.end()]])

    async def run(self, context: ReceiverContext) -> None:
        """Listen until cancelled; where the port cannot be opened, go on trying."""
        settings = parse_settings(SyslogSettings, context.source.receiver or {})
        listening = _Listening(context, settings)
        serve = listening.datagrams if settings.protocol == "udp" else listening.connections
        backoff = Backoff()
        while True:
            try:
                await serve()
            except (OSError, AndonError) as error:  # another process may give the port back, and a file may be put right
                context.tell_up(up=False, why=str(error))
                fields = {"source": context.source.source, "host": settings.host, "port": settings.port, "why": str(error)}
                _LOG.error("syslog cannot be listened for, trying again", extra={"fields": fields})
            await asyncio.sleep(backoff.next())


RECEIVER = SyslogReceiver()


class _Maker:
    """Makes the records of messages."""

    def __init__(self, context: ReceiverContext, settings: SyslogSettings) -> None:
        self._context = context
        self._encoding = settings.encoding
        self._zone = settings.zone or ZoneInfo("UTC")
        self._reader = LineReader(LineTime(), None, settings.zone)
        self._protocol = settings.protocol
        self._observed = 0

    def records(self, messages: Sequence[tuple[bytes | Unusable, str]]) -> list[Record]:
        """Return the records of messages, each with the address that it came from."""
        entries = [self._entry(message, peer) for message, peer in messages if isinstance(message, bytes) and message.strip(b"\0\r\n ")]
        kept = [self._kept(message, peer) for message, peer in messages if isinstance(message, Unusable)]
        return [*records_of(entries, self._context, f"syslog:{self._protocol}"), *kept] if entries else kept

    def _kept(self, message: Unusable, peer: str) -> Record:
        error = ValidationError(message.reason, message.what, "message")
        return self._context.quarantined(error, message.body, kind=MESSAGE, content_type="text/plain", peer=peer)

    def _entry(self, message: bytes, peer: str) -> LogEntry:
        try:
            text = text_of(message, self._encoding)
        except ValueError:
            text = message.decode(self._encoding or "utf-8", "replace")
        now = self._context.clock.now()
        # two messages may be alike in all they say, within one second
        self._observed = max(nanoseconds(now), self._observed + 1)
        found = parse_syslog(text, now, self._zone)
        said = self._reader.read(found.text.removeprefix("@cee:").lstrip() if found.text.startswith("@cee:") else found.text)
        resource = (("service.name", found.application or self._context.source.source), ("host.name", found.host or peer))
        severity = (found.severity, found.severity_text) if found.severity else (said.severity, said.severity_text)
        time = found.time or said.time
        return LogEntry(said.body, self._observed, time, *severity, found.attributes, resource, said.trace_id, said.span_id)


@dataclass
class _Sender:
    """Who is connected. ``heard``: when something of it came last, in monotonic seconds; None while that is handed over.

    ``ending``: it gave way to another, and what it had begun to say is still handed over.
    """

    peer: str
    reader: asyncio.StreamReader
    transport: asyncio.ReadTransport
    heard: float | None
    ending: bool = False


class _Listening:
    """The port of one source, and who is connected to it."""

    def __init__(self, context: ReceiverContext, settings: SyslogSettings) -> None:
        self._context = context
        self._settings = settings
        self._maker = _Maker(context, settings)
        self._senders = [ipaddress.ip_network(sender) for sender in settings.senders]
        self._connected_now: dict[asyncio.Task[Any], _Sender] = {}
        self._told: set[str] = set()
        self._free = 0.0

    async def connections(self) -> None:
        """Take messages over TCP until cancelled. Raises ``OSError``, and ``ssl.SSLError``, if nobody can connect."""
        settings = self._settings
        tls = await asyncio.to_thread(_tls, settings)
        with listening_at(settings.host, settings.port) as listening:
            self._tell_listening()
            await Connections(self._context, self._may_send, self._refuse, self._connected).serve(listening, tls)

    async def datagrams(self) -> None:
        """Take messages over UDP until cancelled. Raises ``OSError`` if the port cannot be opened."""
        with Datagrams(self._settings.host, self._settings.port, self._context) as datagrams:
            self._tell_listening()
            while True:
                found = [(_whole(body), peer) for body, peer in await datagrams.next() if self._may_send(peer)]
                await self._hand_over(found)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - each connection has one
        try:
            count = sum(not sender.ending for sender in self._connected_now.values())
            if count >= self._settings.connections and not self._has_ended_a_silent_one():
                self._refuse(peer, "there are too many connections")
                return
            _ask_when_silent(writer.get_extra_info("socket"))
            sender = self._connected_now[task] = _Sender(
                peer, reader, cast("asyncio.ReadTransport", writer.transport), self._context.clock.monotonic()
            )
            await self._read(sender)
        except (OSError, ssl.SSLError, EOFError) as error:
            _LOG.info(
                "a sender of syslog is gone", extra={"fields": {"source": self._context.source.source, "peer": peer, "why": str(error)}}
            )
        finally:
            self._connected_now.pop(task, None)
            writer.close()

    async def _read(self, sender: _Sender) -> None:
        framing = Framing()
        while data := await sender.reader.read(READ_BYTES):
            sender.heard = None
            await self._hand_over([(message, sender.peer) for message in framing.feed(data)])
            sender.heard = self._context.clock.monotonic()
        await self._hand_over([(message, sender.peer) for message in framing.end()])

    def _has_ended_a_silent_one(self) -> bool:
        """End the connection that has been silent for longest; return whether there is one that was for long enough."""
        silent = [(sender.heard, sender) for sender in self._connected_now.values() if sender.heard is not None and not sender.ending]
        heard, sender = min(silent, key=lambda each: each[0], default=(math.inf, None))
        if sender is None or self._context.clock.monotonic() - heard < SILENT_SECONDS:
            return False
        sender.ending = True
        sender.transport.pause_reading()  # nothing may come behind the end
        sender.reader.feed_eof()  # what it has begun to say is kept
        fields = {"source": self._context.source.source, "peer": sender.peer}
        _LOG.warning("a silent sender of syslog is disconnected, because there are too many connections", extra={"fields": fields})
        return True

    async def _hand_over(self, messages: Sequence[tuple[bytes | Unusable, str]]) -> None:
        """Return once the journal has the messages, and the next may come."""
        records = self._maker.records(messages)
        if not records:
            return
        await self._context.accept(records)
        now = self._context.clock.monotonic()
        self._free = max(now, self._free) + len(messages) / self._settings.messages_per_second
        if self._free - now > 1:  # a burst of a second's worth need not wait
            await asyncio.sleep(self._free - now - 1)

    def _may_send(self, peer: str) -> bool:
        if _is_in(peer, self._senders):
            return True
        self._refuse(peer, "it is not one of the 'senders'")
        return False

    def _refuse(self, peer: str, why: str) -> None:
        """Say once for each address that it is refused; of forged ones there may be any number."""
        if peer in self._told or len(self._told) >= PEERS_TOLD:
            return
        self._told.add(peer)
        fields = {"source": self._context.source.source, "peer": peer, "why": why}
        _LOG.warning("a sender of syslog is refused", extra={"fields": fields})

    def _tell_listening(self) -> None:
        self._context.tell_up(up=True)
        fields = {"source": self._context.source.source, "host": self._settings.host, "port": self._settings.port}
        _LOG.info("listening for syslog", extra={"fields": fields})


def _ask_when_silent(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has them all
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _is_in(peer: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in networks if network.version == mapped.version)


def _whole(body: bytes) -> bytes | Unusable:
    """Return a datagram as the one message that it is."""
    if len(body) <= MESSAGE_MAX_BYTES:
        return body
    return Unusable("message_too_long", f"a message may have {MESSAGE_MAX_BYTES} bytes", body[:MESSAGE_MAX_BYTES])


def _tls(settings: SyslogSettings) -> ssl.SSLContext | None:
    if settings.protocol != "tls":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.certificate, settings.key, password=lambda: "")
    if settings.client_ca:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
