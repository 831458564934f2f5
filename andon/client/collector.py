"""The collector as Andon's own processes reach it: its HTTP address on this machine, and the certificate that proves that it is ours.

The certificate contains the name that senders use, which may differ from the one used here, and the system may not know its issuer. So our
own processes check for that exact certificate and not for a name: they accept only a server that has its key, and no other certificate by
the same issuer.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import httpx

from core.config import Settings, reachable
from core.errors import UsageError

_FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def collector_url(settings: Settings) -> str:
    """Return the collector's HTTP address as seen from this machine, without a slash at the end."""
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://{reachable(settings.host)}:{settings.http_port}"


def collector_trust(settings: Settings) -> ssl.SSLContext:
    """Return a TLS context that trusts only the configured certificate; without one, it trusts nobody.

    Raises :class:`core.errors.UsageError` naming a certificate that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if settings.tls_certificate is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself, whoever issued it
        _trust_first(context, settings.tls_certificate)
    return context


def collector_client(settings: Settings, timeout_seconds: float) -> httpx.Client:
    """Return an HTTP client for the collector that ignores all proxies. Raises as :func:`collector_trust` does."""
    return httpx.Client(base_url=collector_url(settings), verify=collector_trust(settings), timeout=timeout_seconds, trust_env=False)


def _trust_first(context: ssl.SSLContext, file: Path) -> None:
    """Trust the first certificate of a chain, which is the server's own; the others have also signed certificates of strangers."""
    try:
        found = _FIRST_CERTIFICATE.search(file.read_text(encoding="latin-1"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; set tls_certificate to a readable PEM file") from error
    try:
        context.load_verify_locations(cadata=found.group() if found else "")
    except (ssl.SSLError, ValueError) as error:
        why = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        raise UsageError(f"TLS cannot use {file}: {why}; give a PEM certificate chain") from error
