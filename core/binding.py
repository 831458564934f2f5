"""What must hold before a port opens: the port is free, and the certificate fits its key. Anything wrong is reported in one line."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path

from core.errors import UsageError


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Return a bound socket, ready to listen. Raises :class:`core.errors.UsageError` naming the port, the cause and the setting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio sets TCP_NODELAY; without it, every answer with a body waits 40 ms for the delayed ACK
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened: {error.strerror}"
        raise UsageError(f"port {port} on {host} {why}; set {setting}") from error
    return bound


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Raise :class:`core.errors.UsageError` for files that TLS cannot use; gRPC would only report that the port cannot be opened."""
    if certificate is None or key is None:
        return
    for file in (certificate, key):
        try:
            file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}; set tls_certificate and tls_key to readable PEM files") from error
    try:
        # without a password of our own, OpenSSL would ask for an encrypted key's password at the terminal
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        why = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        raise UsageError(
            f"TLS cannot use {certificate} with {key}: {why}; give a PEM certificate chain and its own key without a password"
        ) from error
