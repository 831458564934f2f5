"""Whom Andon may connect to: no link-local or metadata addresses, in whatever notation and behind whatever name; and whom it trusts.

Addresses come only from the catalog, which is trusted configuration. Loopback and private addresses are allowed, because plants run their
systems there; link-local and cloud metadata addresses are refused unless ``allow_link_local`` says otherwise (docs/adr/013).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

import certifi

from core.errors import Permanent, Retryable

_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("169.254.0.0/16", "fe80::/10"),  # link-local
        *("fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),  # metadata elsewhere: AWS, Alibaba, Azure, Oracle
        *("0.0.0.0/8", "::/128"),  # nowhere, which systems take to mean this machine
    )
)
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96")))
"""IPv6 addresses whose last four bytes are the IPv4 address actually reached."""


def check_target(host: str, port: int, *, link_local: bool) -> list[str]:
    """Return the addresses to connect to, in the system's order, looked up once; all were checked before any is tried.

    Raises :class:`Permanent` if one of them is not allowed, :class:`Retryable` for an unknown name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Retryable(f"{host} cannot be resolved: {error}") from error
    for entry in found:
        for address in _reached(str(entry[4][0]).partition("%")[0]):
            if not link_local and any(address in network for network in _REFUSED if network.version == address.version):
                raise Permanent(f"{host} is {address}, a link-local or metadata address; set allow_link_local to reach it")
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def target_through(proxy: str, host: str, *, link_local: bool) -> str:
    """Return the host to ask a proxy for: as it is named, because the proxy looks it up; an address is checked in whatever notation it is.

    Raises what :func:`check_target` raises.
    """
    named = urlsplit(proxy)
    check_target(named.hostname or "", named.port or 80, link_local=link_local)
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except OSError:
        return host
    check_target(host, 0, link_local=link_local)
    return host


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """Return what to trust: the system's certificates, and those of ``ca_file``. Raises :class:`Retryable` while that cannot be read."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not ssl.get_default_verify_paths().capath:
        context.load_verify_locations(certifi.where())  # a system without any certificates, such as a bare container
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # also of a file that is no PEM
            raise Retryable(f"ca_file {ca_file}: {error.strerror or error}; it must be a PEM file of certificates") from error
    return context


def _reached(text: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the address, and any IPv4 address inside it to which a gateway would send."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and int(address) > 1 and any(address in network for network in _TRANSLATED):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return [address] if inner is None else [address, inner]
