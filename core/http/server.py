"""uvicorn with limits it does not have: the time and size of a request's head, and what RFC 9110 allows in it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.http.hosts import Hosts
from core.http.websocket import MESSAGE_MAX_BYTES, PING_SECONDS, BoundedWebSocket, forget, peer_of
from core.limits import CONNECTIONS_MAX, may_connect
from core.rejection_log import RejectionLog

HEAD_READ_SECONDS = 10.0
HEAD_MAX_BYTES = 16 << 10
HEADERS_MAX = 100
URL_MAX_BYTES = 8 << 10
UNTOLD_BYTES = 16 << 10
"""Bytes passed to the parser at a time, except for a body of known length, and bytes it may consume without reporting anything: it buffers
an unfinished header or trailer, and skips what follows a chunk's length."""
_END_OF_HEAD = b"\r\n\r\n"
DRAIN_SECONDS = 5.0
"""How long the rest of a body is still read, and discarded, after the request was answered: closing at once would lose the answer."""
GOODBYE_SECONDS = 0.5
REASONS = {
    400: "protocol_error",
    403: "foreign_origin",
    408: "slow_client",
    421: "foreign_host",
    431: "headers_too_large",
    503: "too_many_connections",
}
_PHRASES = {
    400: "Bad Request", 403: "Forbidden", 408: "Request Timeout", 421: "Misdirected Request", 431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}  # fmt: skip
RETRY_AFTER_SECONDS = 5
NO_PAGE = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
"""Headers of every answer that is not a page, including rejections: a browser takes it only for what it says it is, and runs nothing."""
NOT_IN_A_VALUE = re.compile(rb"[^\t\x20-\x7e]")
"""RFC 9110, 5.5, without obs-text: readers disagree about bytes above ASCII."""
NOT_IN_A_VALUE_OF_A_PAGE = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
"""With obs-text: the proxy in front of the pages passes on the viewer's name, which no page reads."""


class _Last:
    """The transport that the last request of a connection is answered on: its end waits for the rest of the request."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self.close = close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):  # type: ignore[misc, unused-ignore]  # uvicorn's protocols are not typed
    """Closes a connection whose request head is late, too large or ambiguous, or that exceeds its client's limit of connections."""

    rejections: RejectionLog
    hosts: Hosts
    url_max_bytes: int
    not_in_a_value: re.Pattern[bytes]
    peers: Counter[str]
    """Number of open connections by client."""
    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _body_left = 0
    _untold = 0
    _in_body = False
    _refused = False
    _handed_on = False
    _ends = False

    def connection_made(self, transport: Any) -> None:
        """Expect a request head."""
        super().connection_made(transport)
        self._watch_head()
        peer = peer_of(self)
        self.peers[peer] += 1
        if not may_connect(peer, self.peers[peer], len(self.connections)):
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._timer_done()
        forget(self.peers, peer_of(self))
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived unless the connection was refused; limits what the parser consumes without reporting."""
        whole, at = memoryview(data), 0
        while at < len(data) and not self._refused and not self._handed_on and not self.transport.is_closing():
            size = self._body_left if self._body_left > 0 else UNTOLD_BYTES
            if not at and self._body_left <= 0 and (end := data.find(_END_OF_HEAD, 0, UNTOLD_BYTES)) >= 0:
                size = end + len(_END_OF_HEAD)  # the head alone says how much follows, which is then taken in one piece
            part = whole[at : at + size]
            at += len(part)
            self._untold += len(part)
            super().data_received(part)  # type: ignore[arg-type]  # the parser takes any buffer; a slice of bytes would be a copy
            if self._untold > UNTOLD_BYTES + self.url_max_bytes:
                self._refuse(400 if self._in_body else 431)

    def on_message_begin(self) -> None:
        """Expect the rest of the head."""
        self._in_body = False
        super().on_message_begin()
        self._watch_head()

    def on_url(self, url: bytes) -> None:
        """Count the URL."""
        super().on_url(url)
        self._count(len(url), limit=self.url_max_bytes)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, and refuse a value with a byte that is not allowed in it."""
        super().on_header(name, value)
        if self.not_in_a_value.search(value):
            self._refuse(400, f"the header '{name.decode('latin-1')[:70]}' has a character that no header may have; percent-encode it")
        self._count(len(name) + len(value) + 4, limit=HEAD_MAX_BYTES + self.url_max_bytes - URL_MAX_BYTES)

    def on_headers_complete(self) -> None:
        """Pass the request to the application. RFC 9112, 3.2: it names exactly one host; only HTTP/1.0 may name none."""
        self._timer_done()
        self._untold, self._in_body = 0, True
        self._body_left = int("".join(self._values(b"content-length")) or 0)
        hosts = self._values(b"host")
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            self._refuse(400)
        elif not self._refused:
            self._check_names(hosts)
        if self._should_upgrade() and (self._body_left or self._values(b"transfer-encoding")):
            self._refuse(400)  # nothing limits the time of a body that comes before an upgrade
        if not self._refused:
            super().on_headers_complete()
            if self.cycle is not None and not self.cycle.keep_alive:
                self.cycle.transport = cast("asyncio.Transport", _Last(self.transport, self._end))

    def _check_names(self, hosts: list[str]) -> None:
        """Refuse a name that is not ours, in the ``Host`` or in an absolute target, and requests from a page of another origin.

        Every browser sends a ``Host``, so a client without one is not a page.
        """
        asked = list(hosts)
        if not self.url.startswith(b"/"):
            try:
                asked += [(httptools.parse_url(self.url).host or b"").decode("latin-1")]
            except httptools.HttpParserInvalidURLError:
                return self._refuse(400)
        for name in asked:
            if not self.hosts.answers_to(name):
                return self._refuse(421, f"'{name}' is not a name of this Andon; add it to the setting allowed_hosts")
        origins = self._values(b"origin")
        if len(origins) > 1 or not all(self.hosts.lets_speak(origin, "".join(hosts)) for origin in origins):
            words = "pages of another origin may not talk to this Andon; set public_url to the address at which people open the dashboard"
            return self._refuse(403, words)
        return None

    def _values(self, header: bytes) -> list[str]:
        return [value.decode("latin-1") for name, value in self.headers if name == header]

    def _should_upgrade(self) -> bool:
        return not self._refused and super()._should_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over: from now on the WebSocket protocol counts it and parses what arrives."""
        self._timer_done()
        self._handed_on = True
        forget(self.peers, peer_of(self))
        super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        if self._refused:
            return
        self._untold = 0
        self._body_left -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Expect the rest of the body for a while, if there is more."""
        super().on_response_complete()
        if self.cycle is not None and self.cycle.response_complete and self.cycle.more_body:
            self._timer_done()
            self._timer = self.loop.call_later(DRAIN_SECONDS, self.transport.close)

    def on_message_complete(self) -> None:
        """Expect the next request."""
        self._timer_done()
        if self._ends:
            self.transport.close()
        if self._refused:
            return
        super().on_message_complete()

    def _end(self) -> None:
        """End the connection, or let :meth:`on_response_complete` expect the rest of the body for a while."""
        self._ends = bool(self.cycle.response_complete and self.cycle.more_body)
        if not self._ends:
            self.transport.close()

    def shutdown(self) -> None:
        """End an idle connection: TLS sends its goodbye and would wait for the client's, which an idle client does not send."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self._leave)

    def _leave(self) -> None:
        if self in self.connections and not self.transport.get_write_buffer_size():
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer input that is not HTTP, whatever the parser says about it (``msg``)."""
        del msg
        self._refuse(400)

    def _watch_head(self) -> None:
        self._timer_done()
        self._head_bytes = 0
        self._timer = self.loop.call_later(HEAD_READ_SECONDS, self._refuse, 408)

    def _timer_done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count(self, size: int, limit: int) -> None:
        self._untold = 0
        self._head_bytes += size
        if self._head_bytes > limit or len(self.headers) > HEADERS_MAX:
            self._refuse(431)

    def _refuse(self, status: int, words: str = "") -> None:
        self._timer_done()
        if not self._refused and not self.transport.is_closing():
            self._refused = True
            self.rejections.rejected(REASONS[status], peer=peer_of(self))
            retry = f"retry-after: {RETRY_AFTER_SECONDS}\r\n" if status == 503 else ""
            body = f"{words}\n".encode() if words else b""
            kind = "content-type: text/plain\r\n" if words else ""
            safe = "".join(f"{name}: {value}\r\n" for name, value in NO_PAGE.items())
            head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\nconnection: close\r\n{retry}{kind}{safe}content-length: {len(body)}\r\n\r\n"
            self.transport.write(head.encode() + body)
            self.transport.close()


class HttpServer(uvicorn.Server):
    """A server that leaves the process's signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(
    app: ASGIApp,
    hosts: Hosts,
    rejections: RejectionLog,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    url_max_bytes: int = URL_MAX_BYTES,
    headers: Mapping[str, str] = NO_PAGE,
    websockets: bool = False,
) -> HttpServer:
    """Return the server for ``app``, which answers to the names in ``hosts``; with a certificate it speaks only TLS 1.2 or later.

    ``headers`` are added to every answer of the application. An application with ``websockets`` is told when it starts and ends (ASGI
    lifespan).
    """
    peers: Counter[str] = Counter()
    own = {
        "rejections": rejections,
        "hosts": hosts,
        "url_max_bytes": url_max_bytes,
        "not_in_a_value": NOT_IN_A_VALUE_OF_A_PAGE if websockets else NOT_IN_A_VALUE,
        "peers": peers,
    }
    config = uvicorn.Config(
        app,
        http=type("Protocol", (BoundedProtocol,), own),
        ws=type("WebSocket", (BoundedWebSocket,), {"peers": peers}) if websockets else "none",
        ws_max_size=MESSAGE_MAX_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        lifespan="on" if websockets else "off",
        headers=list(headers.items()),
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        limit_concurrency=2 * CONNECTIONS_MAX,  # our own limit comes first: uvicorn also counts requests being processed
        backlog=1024,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return HttpServer(config)
