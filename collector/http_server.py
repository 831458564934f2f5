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

HEAD_READ_SECONDS = 10.0
HEAD_MAX_BYTES = 16 << 10
HEADERS_MAX = 100
URL_MAX_BYTES = 8 << 10
CONNECTIONS_MAX = 1000


class BoundedProtocol(HttpToolsProtocol):  # type: ignore[misc, unused-ignore]  # uvicorn's protocols are not typed
    """Closes a connection whose request head is late or too large."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _refused = False

    def connection_made(self, transport: Any) -> None:
        """Expect a request head."""
        super().connection_made(transport)
        self._watch_head()

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
        self._count(len(url), limit=URL_MAX_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4, limit=HEAD_MAX_BYTES)

    def on_headers_complete(self) -> None:
        """Hand the request to the application."""
        self._head_done()
        if not self._refused:
            super().on_headers_complete()

    def _watch_head(self) -> None:
        self._head_done()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_READ_SECONDS, self._refuse, b"408 Request Timeout")

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _count(self, size: int, limit: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limit or len(self.headers) > HEADERS_MAX:
            self._refuse(b"431 Request Header Fields Too Large")

    def _refuse(self, status: bytes) -> None:
        self._head_done()
        if not self._refused and not self.transport.is_closing():
            self._refused = True
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


class HttpServer(uvicorn.Server):
    """A server that leaves the process's signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(app: ASGIApp, certificate: Path | None, key: Path | None) -> HttpServer:
    """Return the server of ``app``; with a certificate it speaks TLS 1.2 or later only."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        limit_concurrency=CONNECTIONS_MAX,
        backlog=1024,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return HttpServer(config)
