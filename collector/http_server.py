"""uvicorn, held to bounds it does not have itself: time and size of the request's head."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector.limits import CONNECTIONS_MAX, may_connect
from collector.refusals import Refusals

HEAD_READ_SECONDS = 10.0
HEAD_MAX_BYTES = 16 << 10
HEADERS_MAX = 100
URL_MAX_BYTES = 8 << 10
REASONS = {408: "slow_client", 431: "headers_too_large", 503: "too_many_connections"}
NOT_HTTP = "bad_http"
_PHRASES = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}
RETRY_AFTER_SECONDS = 5


class BoundedProtocol(HttpToolsProtocol):  # type: ignore[misc, unused-ignore]  # uvicorn's protocols are not typed
    """Closes a connection whose request head is late or too large, and one more than its client may have."""

    refusals: Refusals
    url_max_bytes: int
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _refused = False

    def connection_made(self, transport: Any) -> None:
        """Expect a request head."""
        super().connection_made(transport)
        self._watch_head()
        peer = _host(self)
        if not may_connect(peer, [_host(one) for one in self.connections]):
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._head_done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, unless the connection was refused."""
        if not self._refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Expect the rest of the head."""
        super().on_message_begin()
        self._watch_head()

    def on_url(self, url: bytes) -> None:
        """Count the URL."""
        super().on_url(url)
        self._count(len(url), limit=self.url_max_bytes)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4, limit=HEAD_MAX_BYTES + self.url_max_bytes - URL_MAX_BYTES)

    def on_headers_complete(self) -> None:
        """Hand the request to the application."""
        self._head_done()
        if not self._refused:
            super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._head_done()
        if not self._refused:
            self._refused = True
            self.refusals.refused(NOT_HTTP, peer=_host(self))
            super().send_400_response(msg)

    def _watch_head(self) -> None:
        self._head_done()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_READ_SECONDS, self._refuse, 408)

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _count(self, size: int, limit: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limit or len(self.headers) > HEADERS_MAX:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        self._head_done()
        if not self._refused and not self.transport.is_closing():
            self._refused = True
            self.refusals.refused(REASONS[status], peer=_host(self))
            retry = f"retry-after: {RETRY_AFTER_SECONDS}\r\n" if status == 503 else ""
            head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\nconnection: close\r\n{retry}content-length: 0\r\n\r\n"
            self.transport.write(head.encode())
            self.transport.close()


def _host(protocol: Any) -> str:
    return str(protocol.client[0]) if protocol.client else ""


class HttpServer(uvicorn.Server):
    """A server that leaves the process's signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(
    app: ASGIApp, certificate: Path | None, key: Path | None, refusals: Refusals, url_max_bytes: int = URL_MAX_BYTES
) -> HttpServer:
    """Return the server of ``app``; with a certificate it speaks TLS 1.2 or later only."""
    config = uvicorn.Config(
        app,
        http=type("Protocol", (BoundedProtocol,), {"refusals": refusals, "url_max_bytes": url_max_bytes}),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        limit_concurrency=2 * CONNECTIONS_MAX,  # our own bound comes first: uvicorn counts requests at work, too
        backlog=1024,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return HttpServer(config)
