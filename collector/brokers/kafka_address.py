"""The address of a Kafka cluster, as one text."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import Retryable


def connection_of(url: str) -> dict[str, Any]:
    """Return the client's settings for an address. Raises :class:`Retryable`, since a secret may be set right later."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    user, _, brokers = parts.netloc.rpartition("@")
    if parts.scheme not in {"kafka", "kafkas"} or not brokers or any(not name.startswith(("sasl.", "ssl.")) for name in options):
        raise Retryable(
            "write the address as kafka://user:password@broker:9092,broker:9092, or kafkas:// over TLS; options begin with sasl. or ssl."
        )
    name, _, password = user.partition(":")
    login = {"sasl.mechanism": "PLAIN", "sasl.username": unquote(name), "sasl.password": unquote(password)} if user else {}
    protocol = ("SASL_" if user or "sasl.mechanism" in options else "") + ("SSL" if parts.scheme == "kafkas" else "PLAINTEXT")
    return {"bootstrap.servers": brokers, "security.protocol": protocol, "reconnect.backoff.ms": 500, **login, **options}
