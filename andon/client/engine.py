"""What commands ask a running engine itself; everything else they read from the store (``store.reads.connection``)."""

from __future__ import annotations

from datetime import datetime

import httpx

from core.config import Settings
from core.errors import AndonError, UsageError
from store.recovery.freeze import Frozen

FREEZE_SECONDS = 150.0
"""The engine freezes between two ticks, and a tick that catches up takes some ten seconds."""


def now_of(settings: Settings) -> datetime:
    """Return the engine's time, aware; simulated if the engine runs on simulated time. Raises :class:`AndonError` if it does not say."""
    try:
        return datetime.fromisoformat(httpx.get(f"{settings.engine_url}/healthz", timeout=10.0).json()["now"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AndonError(f"the engine at {settings.engine_url} does not tell the time ({type(error).__name__}: {error})") from error


def readiness_of(settings: Settings) -> str:
    """Return in a sentence whether the engine is able to work, or how far it is behind.

    Raises :class:`AndonError` if it does not answer.
    """
    try:
        problems = httpx.get(f"{settings.engine_url}/readyz", timeout=10.0).json()["problems"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise AndonError(f"the engine at {settings.engine_url} does not answer ({type(error).__name__}: {error})") from error
    return "; ".join(problems) or "ready"


def frozen_by(settings: Settings) -> Frozen:
    """Make the engine freeze its store. Raises :class:`UsageError` if it does not."""
    try:
        token = (settings.data / "secrets" / "actions").read_text(encoding="ascii").strip()
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{settings.engine_url}/api/v1/freeze", headers=headers, timeout=FREEZE_SECONDS)
        if answer.status_code == 200:
            return Frozen(**answer.json())
        said = str(answer.json()["error"])
    except (OSError, httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        said = f"{type(error).__name__}: {error}"
    raise UsageError(
        f"the engine has the store in {settings.data} open and does not freeze it ({settings.engine_url} says: {said});"
        " give its --engine-port, or stop it first"
    )
