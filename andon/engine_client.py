"""How commands read from a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.config import Settings, own_secret
from core.errors import AndonError


@contextmanager
def reading(settings: Settings) -> Iterator[Any]:
    """Yield a client of the engine's read endpoint. Raises :class:`AndonError` that says how to start it when nothing answers."""
    from store.reads.connection import connect

    try:
        client = connect(settings.engine_url, "andon", own_secret(settings.data, "reader"))
    except Exception as error:  # boundary: the client library raises many types for one meaning
        message = f"the engine does not answer at {settings.engine_url} ({type(error).__name__}); start it with 'andon up' or give --engine-port and --data"
        raise AndonError(message) from error
    try:
        yield client
    finally:
        client.close()
