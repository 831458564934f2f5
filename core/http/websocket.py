"""WebSockets within bounds: a connection goes on counting for its client, and what it sends at a time has a size."""

from __future__ import annotations

from collections import Counter
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MESSAGE_MAX_BYTES = 1 << 20
"""What a client may send in one message: for a page the state of its widgets."""
PING_SECONDS = 30.0
"""How often a client is asked whether it is still there, and how long it may take to answer."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Counts the connection that the protocol of HTTP handed on."""

    peers: Counter[str]
    """How many connections each client has open, those of HTTP among them."""

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
