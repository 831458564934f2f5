"""Which names a port answers to, and which pages may talk to it.

A web page can point its own name at an address of this machine (DNS rebinding); to the browser, everything that listens here is then of the
page's own origin. What the page cannot do is choose the ``Host`` and the ``Origin`` that the browser sends. So a port answers only to its
own names, and an origin must be the address that was requested.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from core.config import Settings
from core.http.names import LOOPBACK_NAMES, address_of, is_loopback, plain_name, split

_PORTS = {"http": 80, "https": 443}
_FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_ALTERNATIVE_NAMES = bytes.fromhex("0603551d11")  # the object identifier 2.5.29.17 in DER
_BOOLEAN, _DNS_NAME, _IP_ADDRESS = 0x01, 0x82, 0x87


class Hosts:
    """The names of one port. A name may begin with ``*.``, which stands for one label; loopback addresses are always included.

    ``every_address``: the port listens on all addresses of the machine, so any of them may be requested. A page has no power over these:
    the browser connects to the very address it names.
    """

    def __init__(self, names: Iterable[str], origins: Iterable[str] = (), *, every_address: bool = False) -> None:
        self._names = LOOPBACK_NAMES | frozenset(names)
        self._origins = frozenset(origins)
        self._every_address = every_address

    def answers_to(self, authority: str) -> bool:
        """Return whether a ``Host`` (``name[:port]``) is one of ours."""
        found = split(authority)
        if found is None:
            return False
        host = found[0]
        address = address_of(host)
        if address is None:
            return host in self._names or f"*.{host.partition('.')[2]}" in self._names
        return address.is_loopback or host in self._names or (self._every_address and not address.is_unspecified)

    def lets_speak(self, origin: str, authority: str) -> bool:
        """Return whether a page of ``origin`` may talk to a port that was requested as ``authority``, which is one of ours."""
        scheme, _, place = origin.lower().partition("://")
        asked, own = split(place), split(authority)
        if scheme not in _PORTS or asked is None:
            return False
        default = _PORTS[scheme]
        here = own is not None and (asked[0], asked[1] or default) == (own[0], own[1] or default)
        return here or f"{scheme}://{asked[0]}:{asked[1] or default}" in self._origins


def own_hosts(settings: Settings, listening: str, certificate: Path | None = None) -> Hosts:
    """Return the names of a port that listens on ``listening``: its address, those from the settings and those in its certificate."""
    names = {name for name in settings.allowed_hosts.replace(" ", "").split(",") if name}
    names = {split(name)[0] if not name.startswith("*.") else name.lower() for name in names}  # type: ignore[index]  # checked by Settings
    public = urlsplit(settings.public_url)
    if public.hostname:
        names.add(plain_name(public.hostname) or public.hostname)
    listens_on = address_of(listening or "0.0.0.0")  # noqa: S104 - an empty host means every address
    every_address = listens_on is not None and listens_on.is_unspecified
    if not is_loopback(listening):
        names.add(plain_name(socket.gethostname()))
        if not every_address:
            names.add(str(listens_on or plain_name(listening)))
    if certificate is not None:
        names.update(certificate_names(certificate))
    origins = [f"{public.scheme}://{public.hostname}:{public.port or _PORTS.get(public.scheme, 0)}"] if public.hostname else []
    return Hosts(names - {""}, origins, every_address=every_address)


def certificate_names(file: Path) -> list[str]:
    """Return the alternative names (RFC 5280, 4.2.1.6) of the first certificate in a chain: DNS names and addresses.

    The standard library gives them only for a peer's certificate.
    """
    found = _FIRST_CERTIFICATE.search(file.read_text(encoding="latin-1"))
    encoded = ssl.PEM_cert_to_DER_cert(found.group()) if found else b""
    place = encoded.find(_ALTERNATIVE_NAMES)
    if place < 0:
        return []
    kind, content, after = _element(encoded, place + len(_ALTERNATIVE_NAMES))
    if kind == _BOOLEAN:  # critical
        _, content, _ = _element(encoded, after)
    _, names, _ = _element(content, 0)
    listed, at = [], 0
    while at < len(names):
        kind, value, at = _element(names, at)
        if kind == _DNS_NAME:
            listed.append(value.decode("latin-1").lower().removesuffix("."))
        elif kind == _IP_ADDRESS and len(value) in {4, 16}:
            family = socket.AF_INET if len(value) == 4 else socket.AF_INET6
            listed.append(str(address_of(socket.inet_ntop(family, value))))
    return listed


def _element(encoded: bytes, at: int) -> tuple[int, bytes, int]:
    """Return the tag and content of the DER element at a position, and the position after it (X.690, 8.1)."""
    size, begin = encoded[at + 1], at + 2
    if size > 0x7F:
        begin += size & 0x7F
        size = int.from_bytes(encoded[at + 2 : begin])
    return encoded[at], encoded[begin : begin + size], begin + size
