"""The address of a broker as one text: ``scheme://user:password@host:port``, in TLS with ``?cafile=``, ``certfile=`` and ``keyfile=``."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import Permanent

_FILES = {"cafile", "certfile", "keyfile"}


@dataclass(frozen=True)
class BrokerAddress:
    """``tls`` is None where the scheme means plain TCP; the certificates of the system hold unless the address names a file.

    ``options`` are what stands behind the ``?``, such as the files it names, for a client that reads them itself.
    """

    host: str
    port: int
    user: str
    password: str
    tls: ssl.SSLContext | None
    options: Mapping[str, str]


def read_address(text: str, plain: tuple[str, int], secure: tuple[str, int], own: Collection[str] = ()) -> BrokerAddress:
    """Return what an address says; ``plain`` and ``secure`` are the two schemes, each with its usual port. Reads the files of TLS it names.

    ``own`` are options of this protocol alone.

    Raises :class:`Permanent` for an address that cannot be meant, and OSError for a file that cannot be read; neither shows a password.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise Permanent("the address of the broker cannot be read; percent-encode what is special in the password") from error
    ports = dict((plain, secure))
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in ports or not parts.hostname or set(options) - _FILES - set(own):
        raise Permanent(f"the address of the broker must be {plain[0]}://user:password@host or {secure[0]}://…?cafile=PATH")
    tls = None
    if parts.scheme == secure[0]:
        tls = ssl.create_default_context(cafile=options.get("cafile"))
        if "certfile" in options:
            tls.load_cert_chain(options["certfile"], options.get("keyfile"))
    return BrokerAddress(
        parts.hostname, port or ports[parts.scheme], unquote(parts.username or ""), unquote(parts.password or ""), tls, options
    )
