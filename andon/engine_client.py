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


def readiness_of(settings: Settings) -> str:
    """Return in a sentence whether the engine is able to do its work, or what it is behind with. Raises :class:`AndonError` without an answer."""
    try:
        problems = httpx.get(f"{settings.engine_url}/readyz", timeout=10.0).json()["problems"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AndonError(f"the engine at {settings.engine_url} does not answer ({type(error).__name__}: {error})") from error
    return "; ".join(problems) or "ready"
