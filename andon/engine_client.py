"""What commands ask a running engine itself; all else they read from the store (``store.reads.connection``)."""

from __future__ import annotations

from datetime import datetime

import httpx

from core.config import Settings
from core.errors import AndonError


def now_of(settings: Settings) -> datetime:
    """Return the engine's time, aware: simulated where it runs on simulated time. Raises :class:`AndonError` when it does not say."""
    try:
        return datetime.fromisoformat(httpx.get(f"{settings.engine_url}/healthz", timeout=10.0).json()["now"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AndonError(f"the engine at {settings.engine_url} does not say what time it is ({type(error).__name__}: {error})") from error
