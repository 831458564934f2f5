"""Addresses of an HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from collector.polling.paused import PausedError


def server_of(address: str) -> tuple[str, str, int]:
    """Return scheme, host and port. Raises :class:`PausedError` that does not repeat an address, which may hold a password."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port == 0 or parts.scheme not in {"http", "https"}:
        raise PausedError("that is no address; write https://host/path where the source says it is, and '/' in a password as %2F")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """Return an address with these query parameters in place of its own of the same names. Blanks are ``%20``: OData knows no ``+``."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(parameters)
    return parts._replace(query=urlencode(query, quote_via=quote, safe="$")).geturl()
