"""WebSockets within bounds: a connection goes on counting for its client, and what it sends at a time has a size."""

from __future__ import annotations

from collections import Counter
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

MESSAGE_MAX_BYTES = 1 << 20
"""What a client may send in one message: for a page the state of its widgets."""
PING_SECONDS = 30.0
"""How often a client is asked whether it is still there, and how long it may take to answer."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Counts the connection that the protocol of HTTP handed on."""

    peers: Counter[str]
    """How many connections each client has open, those of HTTP among them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._send_response = self.conn.send_response
        self.conn.send_response = self._respond  # type: ignore[method-assign]  # it offers no other hook

    def _respond(self, response: Response) -> None:
        """Give an answer that refuses the headers of all others, which uvicorn gives only to one that accepts."""
        for name, value in self.default_headers:
            if name.decode() not in response.headers:
                response.headers[name.decode()] = value.decode()
        self._send_response(response)

    def connection_made(self, transport: Any) -> None:
        """Count."""
        super().connection_made(transport)
        self.peers[peer_of(self)] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        forget(self.peers, peer_of(self))
        super().connection_lost(exc)


def peer_of(protocol: Any) -> str:
    """Return the address of a protocol's client, empty where there is none."""
    return str(protocol.client[0]) if protocol.client else ""


def forget(peers: Counter[str], peer: str) -> None:
    """Count one connection of ``peer`` less."""
    peers[peer] -= 1
    if not peers[peer]:
        del peers[peer]
