"""How somebody's action reaches the engine: one POST to its action API, from a page or the command line."""

from __future__ import annotations

from typing import Any

import httpx

from core.config import Settings
from core.errors import AndonError, Permanent, Retryable

TIMEOUT_SECONDS = 30.0
"""Longer than a step of a runbook may take to ask somebody else."""
_SAID = 300


def post_action(settings: Settings, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    """Post to ``/api/v1/<path>`` of the engine and return its answer.

    Raises :class:`Permanent` or :class:`Retryable` with the engine's own message; nothing was changed then, unless it says that it may be.
    """
    headers = {"Authorization": f"Bearer {token}"}
    try:
        reply = httpx.post(f"{settings.engine_url}/api/v1/{path}", json=body, headers=headers, timeout=TIMEOUT_SECONDS)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Retryable(f"the engine at {settings.engine_url} did not answer: {error}; nothing was changed, try again") from error
    except httpx.HTTPError as error:
        said = f"the engine at {settings.engine_url} took it and did not answer: {str(error) or type(error).__name__}"
        raise Retryable(f"{said}; it may have been done: look at the history before you try again") from error
    if reply.is_success:
        answer: dict[str, Any] = reply.json()
        return answer
    kind: type[AndonError] = Retryable if reply.status_code >= 500 else Permanent
    raise kind(f"{_message(reply)} (HTTP {reply.status_code})")


def _message(reply: httpx.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return reply.text[:_SAID] or reply.reason_phrase
    if isinstance(body, dict):
        return str(body.get("detail") or body.get("message") or body.get("error") or body)[:_SAID]
    return str(body)[:_SAID]
