"""WebSockets within limits: a connection still counts against its client's limit, and each message has a maximum size."""

from __future__ import annotations

from collections import Counter
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

MESSAGE_MAX_BYTES = 1 << 20
"""Maximum size of one message from a client: for a page, the state of its widgets."""
PING_SECONDS = 30.0
"""How often a client is asked whether it is still there, and how long it may take to answer."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Takes over the count of the connection that the HTTP protocol handed over."""

    peers: Counter[str]
    """Number of open connections by client, including those over HTTP."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._send_response = self.conn.send_response
        self.conn.send_response = self._respond  # type: ignore[method-assign]  # there is no other hook

    def _respond(self, response: Response) -> None:
        """Add the headers of all other answers to a refusal; uvicorn adds them only when it accepts."""
        for name, value in self.default_headers:
            if name.decode() not in response.headers:
                response.headers[name.decode()] = value.decode()
        self._send_response(response)

    def connection_made(self, transport: Any) -> None:
        """Count."""
        super().connection_made(transport)
        self.peers[peer_of(self)] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting this connection."""
        forget(self.peers, peer_of(self))
        super().connection_lost(exc)


def peer_of(protocol: Any) -> str:
    """Return the address of a protocol's client, empty if there is none."""
    return str(protocol.client[0]) if protocol.client else ""


def forget(peers: Counter[str], peer: str) -> None:
    """Count one connection less for ``peer``."""
    peers[peer] -= 1
    if not peers[peer]:
        del peers[peer]
