"""Who is sending: the API tokens of the catalog's sources, and the rule for addresses other than loopback.

A token identifies its source and nothing else. Only SHA-256 digests are kept; all of them are compared, each in constant time, so that
neither the time nor the answer distinguishes an unknown token from a wrong one. On loopback a request without a token is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from collector.rejection import reject, unproven
from core.catalog.catalog import Catalog
from core.catalog.source import DEFAULT_SOURCE, OWN_SOURCE, Source
from core.config import Settings
from core.errors import UsageError
from core.http.names import is_loopback
from core.secrets import read_all, resolve_secret
from core.signal import Lane


@dataclass(frozen=True, slots=True)
class Sender:
    """An authenticated sender: the id of its source, and the lane its signals travel in."""

    source: str
    lane: Lane


class Senders:
    """Everyone who may send, built from a catalog. Immutable: a reload builds a new one."""

    def __init__(self, catalog: Catalog, *, token_required: bool) -> None:
        """Read the tokens; ``unreadable`` says what is wrong with those that cannot be read."""
        self.token_required = token_required
        self._tokens: list[tuple[bytes, Sender]] = []
        self.unreadable: list[str] = []
        for source in catalog.sources.values():
            tokens, problems = read_all(source.whose, source.tokens, resolve_secret)
            self._tokens += [(_digest(token), sender_of(source)) for token in tokens]
            self.unreadable += problems
        default = catalog.sources.get(DEFAULT_SOURCE)
        self.default = Sender(DEFAULT_SOURCE, default.lane if default else Lane.STANDARD)
        self._with_format = {source.source: source for source in catalog.sources.values() if source.format}
        self._by_service = {service: sender_of(source) for source in catalog.sources.values() for service in source.services}

    def identify(self, authorization: str | None, andon_token: str | None) -> Sender:
        """Return the sender of a request according to its ``Authorization`` and ``X-Andon-Token`` values.

        Raises :class:`collector.rejection.Rejection`: 401 for a wrong token, or for a missing one if it is required; 503 for a token that
        matches none of the readable ones while others cannot be read.
        """
        token = andon_token
        if token is None and authorization is not None:
            scheme, _, value = authorization.partition(" ")
            token = value.strip() if scheme.lower() == "bearer" else ""
        if token is None:
            if self.token_required:
                raise _unauthenticated()
            return self.default
        if not token:
            raise _unauthenticated()
        given = _digest(token)
        found: Sender | None = None
        for digest, sender in self._tokens:
            if hmac.compare_digest(digest, given):
                found = sender
        if found is None:
            raise unproven("authorization") if self.unreadable else _unauthenticated()
        return found

    def document_source(self, name: str, sender: Sender) -> Source:
        """Return the source whose documents a sender may post: its own, or on loopback without a token one that has no token either.

        Raises :class:`collector.rejection.Rejection`: 404 for a source that takes no documents, 401 for another sender's.
        """
        source = self._with_format.get(name)
        if source is None:
            what = "no source of that name takes documents"
            raise reject(404, "unknown_source", what, field="source", what_to_do="add 'format:' to the source")
        if sender.source != name and (sender is not self.default or source.tokens):
            raise _unauthenticated()
        return source

    def told_by(self, sender: Sender, services: Iterable[str]) -> Sender:
        """Return the source of signals without a token: the one source whose ``services`` include all these names.

        ``services`` are ``service.name`` values or CloudEvents sources (a leading slash does not count).
        """
        if sender is not self.default:
            return sender
        found = {self._by_service.get(service.lstrip("/"), sender) for service in services}
        return found.pop() if len(found) == 1 else sender


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _unauthenticated() -> Exception:
    return reject(
        401,
        "unauthenticated",
        "a valid API token is required",
        field="authorization",
        what_to_do="send 'Authorization: Bearer <token of your source>'",
    )


def check_exposure(settings: Settings, catalog: Catalog) -> bool:
    """Return whether tokens are required. Raises :class:`core.errors.UsageError` for a collector open to the network."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise UsageError("TLS needs both a certificate and a key; set tls_certificate and tls_key")
    if is_loopback(settings.host) or settings.insecure:
        return False
    if settings.tls_certificate is None:
        raise UsageError(f"listening on {settings.host} needs TLS; set tls_certificate and tls_key, or --insecure on a network you trust")
    if not any(source.tokens for name, source in catalog.sources.items() if name != OWN_SOURCE):
        raise UsageError(f"listening on {settings.host} needs API tokens; give a source 'tokens', or --insecure on a network you trust")
    return True


def sender_of(source: Source) -> Sender:
    """Return the sender for a source that proves itself by other means (a signed webhook, a pull receiver)."""
    return Sender(source.source, source.lane)
