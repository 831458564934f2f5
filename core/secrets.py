"""Secrets: a catalog names them (``env:NAME``, ``file:PATH``) and never contains one; the process that needs a secret reads it.

An unreadable secret affects only what it is for (the senders of one source, the messages of one channel): it does not make the catalog
invalid, it is logged once, and it is tried again until it can be read.
"""

from __future__ import annotations

import base64
import logging
import os
import shlex
import stat
from collections.abc import Callable, Collection, Iterable
from typing import TypeGuard, TypeVar

from core.errors import UsageError
from core.telemetry import CATALOG_LOGGER, M, Telemetry

OPEN_TO_OTHERS = 0o066
"""The mode bits that let a file's group or everybody read or write it."""
MAXIMUM_BYTES = 64 << 10

logger = logging.getLogger(CATALOG_LOGGER)
T = TypeVar("T")


def is_reference(text: object) -> TypeGuard[str]:
    """Return whether this has the form of a reference to a secret."""
    scheme, _, name = text.partition(":") if isinstance(text, str) else ("", "", "")
    return scheme in {"env", "file"} and bool(name.strip()) and name.isprintable()


def resolve_secret(reference: str) -> str:
    """Read ``env:NAME`` or ``file:PATH``.

    Raises :class:`UsageError` if it is missing, empty or malformed, or in a file that others than its owner may open.
    """
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        value, remedy = os.environ.get(name, ""), "set it and start again"
        try:
            value.encode()
        except UnicodeEncodeError as error:  # bytes from the system that are not UTF-8 are read as lone surrogates
            raise UsageError(f"secret {reference}: it is not UTF-8; write the secret as text") from error
    elif scheme == "file":
        try:
            value, remedy = _content_of(name), "write the secret into it"
        except OSError as error:
            raise UsageError(f"secret {reference}: {error.strerror}; create the file or change the reference") from error
        except ValueError as error:
            raise UsageError(f"secret {reference}: {error}") from error
    else:
        raise UsageError(f"secret '{scheme}…': write env:NAME or file:PATH, never the secret itself")
    if not value:
        raise UsageError(f"secret {reference} is empty; {remedy}")
    return value


def resolve_key(reference: str) -> bytes:
    """Read a signing secret as Standard Webhooks defines it: what follows ``whsec_`` is base64; any other text is the key itself.

    Raises :class:`UsageError` as :func:`resolve_secret` does, and if it contains no key.
    """
    secret = resolve_secret(reference)
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:  # characters or a length that base64 does not have
        raise UsageError(f"secret {reference}: what follows 'whsec_' must be base64") from error
    if not key:
        raise UsageError(f"secret {reference}: nothing follows 'whsec_'; write the key as base64")
    return key


def _content_of(name: str) -> str:
    """Return the text of a file, or raise ValueError that says why not. A pipe is not waited for: nobody may ever write to it."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("this is not a regular file; write the secret into one")
        if stat.S_IMODE(mode) & OPEN_TO_OTHERS:
            raise ValueError(f"users other than its owner may open {name}; chmod 600 {shlex.quote(name)}")
        content = os.read(descriptor, MAXIMUM_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAXIMUM_BYTES:
        raise ValueError("the file is longer than 64 KiB; a secret is one line of text")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError("the file is not UTF-8; write the secret as text") from error


def read_all(owner: str, references: Iterable[str], read: Callable[[str], T]) -> tuple[list[T], list[str]]:
    """Return the secrets that can be read, and what is wrong with the others; ``owner`` says whose they are."""
    found: list[T] = []
    problems: list[str] = []
    for reference in references:
        try:
            found.append(read(reference))
        except UsageError as error:
            problems.append(f"{owner}: {error}")
    return found, problems


class SecretNews:
    """Reports unreadable secrets: once in the log, and in ``andon_secrets_unreadable`` for as long as it lasts."""

    def __init__(self, telemetry: Telemetry, consequence: str) -> None:
        self._telemetry = telemetry
        self._consequence = consequence
        self._told: set[str] = set()

    def tell(self, lacking: Collection[str]) -> None:
        """Take over what is wrong now, as :func:`read_all` returns it."""
        self._telemetry.set(M.SECRETS_UNREADABLE, len(lacking))
        if new := sorted(set(lacking) - self._told):
            logger.error("a secret cannot be read; %s", self._consequence, extra={"fields": {"error": "\n".join(new)}})
        if gone := self._told - set(lacking):
            logger.info("%s readable again", "a secret is" if len(gone) == 1 else f"{len(gone)} secrets are")
        self._told = set(lacking)
