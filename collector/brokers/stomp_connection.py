"""A connection to a broker by STOMP."""

from __future__ import annotations

import logging

import stomp

from collector.brokers.address import read_address
from core.secrets import resolve_secret

ANSWER_SECONDS = 15.0
HEARTBEAT_MILLISECONDS = 10_000
logging.getLogger("stomp.py").setLevel(logging.WARNING)  # below, the client logs what it sends, the password too


def connect(url: str, listener: stomp.ConnectionListener, client_id: str = "") -> stomp.Connection12:
    """Return a connection to the broker whose address is at a reference; ``listener`` hears of it in a thread of the client's.

    ``client_id`` is told to the broker unless it is empty. Raises :class:`core.errors.AndonError`, ``OSError`` and ``StompException``.
    """
    address = read_address(resolve_secret(url), ("stomp", 61613), ("stomps", 61614))
    beats = (HEARTBEAT_MILLISECONDS, HEARTBEAT_MILLISECONDS)
    at = [(address.host, address.port)]
    connection = stomp.Connection12(
        at, prefer_localhost=False, try_loopback_connect=False, reconnect_attempts_max=1, timeout=ANSWER_SECONDS, heartbeats=beats,
        auto_decode=False, vhost=address.host,
    )  # fmt: skip
    if address.tls:
        files = address.options
        connection.set_ssl(at, files.get("keyfile"), files.get("certfile"), files.get("cafile"))
    connection.set_listener("andon", listener)
    connection.connect(address.user or None, address.password or None, headers={"client-id": client_id} if client_id else {})
    return connection
