"""Host names as requests write them, in one canonical form whatever their case, port, trailing dot and notation."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/@?#\\\s]+)(?::([0-9]{1,5}))?")
NAME_MAX_CHARACTERS = 253

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=64)
def split(authority: str) -> tuple[str, int | None] | None:
    """Return the canonical host of ``host[:port]`` and the port; None if it is neither a name nor an address.

    A name is in lower case and without its trailing dot; an address is as the standard library writes it, without brackets.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return None
    host, port = found[1], int(found[2]) if found[2] else None
    if port is not None and port > 65535:
        return None
    if host[0] == "[":
        address = address_of(host[1:-1])
        return (str(address), port) if address is not None else None
    return (str(address_of(host) or name), port) if (name := plain_name(host)) else None


def plain_name(host: str) -> str:
    """Return a name in canonical form, or an empty text if it is not a name."""
    name = host.lower().removesuffix(".")
    return name if len(name) <= NAME_MAX_CHARACTERS and _NAME.fullmatch(name) else ""


@lru_cache(maxsize=64)
def address_of(host: str) -> Address | None:
    """Return an address, IPv4 even if it is written as IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Return whether a name or address is reachable only from this machine."""
    address = address_of(host)
    return host in LOOPBACK_NAMES if address is None else address.is_loopback
