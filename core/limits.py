"""Limits per client: open connections, and wrong credentials a minute.

Everybody shares the loopback address, so it has no limit of its own.
"""

from __future__ import annotations

from collections import OrderedDict

from core.clock import Clock
from core.http.names import is_loopback

CONNECTIONS_MAX = 1000
CONNECTIONS_PER_CLIENT_MAX = 50
FAILURES_PER_MINUTE = 10
MINUTE_SECONDS = 60.0
PEERS_REMEMBERED = 10_000


def may_connect(peer: str, theirs: int, everybodys: int) -> bool:
    """Return whether a new connection from ``peer`` is within the limits; both numbers of open connections already include it."""
    if everybodys > CONNECTIONS_MAX:
        return False
    return theirs <= CONNECTIONS_PER_CLIENT_MAX or is_loopback(peer)


class FailedAttempts:
    """Counts wrong credentials per peer, in minutes that begin with the first one. Remembers the last 10,000 peers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._peers: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, peer: str) -> int:
        """Count one failure; return the seconds until the peer may try again, 0 if it may now."""
        now = self._clock.monotonic()
        began, count = self._peers.pop(peer, (now, 0))
        if now - began >= MINUTE_SECONDS:
            began, count = now, 0
        self._peers[peer] = (began, count + 1)
        if len(self._peers) > PEERS_REMEMBERED:
            self._peers.popitem(last=False)
        return max(1, round(began + MINUTE_SECONDS - now)) if count >= FAILURES_PER_MINUTE else 0
