"""How commands read from a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from core.config import Settings
from core.errors import AndonError

_NOT_AUTHENTICATED = 516
"""ClickHouse's number of a wrong user or password."""


@contextmanager
def reading(settings: Settings) -> Iterator[Any]:
    """Yield a client of the engine's read endpoint. Raises :class:`AndonError` that says what to do when it gives no answers.

    The secret is read, never made: a mistyped data folder must not come into being.
    """
    from store.reads.connection import connect

    secret = settings.data / "secrets" / "reader"
    try:
        password = secret.read_text(encoding="ascii").strip()
    except OSError:
        password = ""
    try:
        client = connect(settings.engine_url, "andon", password)
    except Exception as error:  # boundary: the client library raises many types for one meaning
        raise AndonError(_why(settings, error)) from error
    try:
        yield client
    finally:
        client.close()


def now_of(settings: Settings) -> datetime:
    """Return the engine's time, aware: simulated where it runs on simulated time. Raises :class:`AndonError` when it does not say."""
    try:
        return datetime.fromisoformat(httpx.get(f"{settings.engine_url}/healthz", timeout=10.0).json()["now"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AndonError(f"the engine at {settings.engine_url} does not say what time it is ({type(error).__name__}: {error})") from error


def _why(settings: Settings, error: Exception) -> str:
    url = settings.engine_url
    said = " ".join(str(error).split())
    if getattr(error, "code", None) == _NOT_AUTHENTICATED:
        secret = settings.data / "secrets" / "reader"
        refused = f"refuses the password in {secret}" if secret.exists() else f"wants a password, and there is no {secret}"
        return (
            f"the engine at {url} answers but {refused}: it runs with another data folder; give it with --data (the demo's is .andon-demo)"
        )
    if "NewConnectionError" in said or "NameResolutionError" in said:
        return f"no engine answers at {url}; start it with 'andon up' or give --engine-port"
    return f"the engine at {url} does not answer questions ({type(error).__name__}: {said[:200]})"
