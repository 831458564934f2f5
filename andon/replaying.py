"""Sends quarantined input to the collector again, byte for byte, as its sender did."""

from __future__ import annotations

import json
from typing import Any

import httpx

from core.config import Settings
from core.errors import AndonError

_PATHS = {"traces": "/v1/traces", "logs": "/v1/logs", "metrics": "/v1/metrics", "event": "/v1/events"}
_KIND_MARK = "otlp="
_TIMEOUT_SECONDS = 30.0


def replay_input(client: Any, quarantine_id: str, settings: Settings) -> str:
    """Send one input again and return a line that says what became of it.

    ``client`` reads the engine's read endpoint. Raises :class:`core.errors.AndonError` when the id is unknown, the input was not kept
    whole, its kind cannot be told, or the collector does not answer.
    """
    from store.reads.quarantine import quarantined_input

    found = quarantined_input(client, quarantine_id)
    detail: dict[str, Any] = json.loads(found["detail"] or "{}")
    if detail.get("sha256"):
        raise AndonError(
            f"{quarantine_id} was too large to be kept whole ({detail.get('size_bytes')} bytes); its sender has to send it again"
        )
    if not found["body"]:
        raise AndonError(f"{quarantine_id} holds no input ({found['reason']}); there is nothing to send")
    content_type = str(found["content_type"])
    address = f"{_scheme(settings)}://{settings.host}:{settings.http_port}{_path(found, content_type)}"
    headers = {"content-type": content_type.partition("; otlp=")[0]}
    if encoding := detail.get("encoding"):
        headers["content-encoding"] = str(encoding)
    try:
        answer = httpx.post(address, content=found["body"], headers=headers, timeout=_TIMEOUT_SECONDS, verify=False)  # noqa: S501 - own host
    except httpx.HTTPError as error:
        raise AndonError(f"the collector does not answer at {address} ({type(error).__name__}); start it or give --http-port") from error
    return _outcome(quarantine_id, answer)


def _scheme(settings: Settings) -> str:
    return "https" if settings.tls_certificate else "http"


def _path(found: dict[str, Any], content_type: str) -> str:
    """Return the path the input came to: by its kind, else by its content type."""
    _, _, marked = content_type.partition(_KIND_MARK)
    kind = marked or str(found["kind"]) or ("event" if "cloudevents" in content_type else "")
    if kind not in _PATHS:
        raise AndonError(f"{found['quarantine_id']}: its kind is not known (content type '{content_type}'); look at it and send it by hand")
    return _PATHS[kind]


def _outcome(quarantine_id: str, answer: httpx.Response) -> str:
    if answer.is_success:
        text = answer.text.strip()
        again = "quarantin" in text and '"quarantined":[]' not in text
        return f"{quarantine_id}: refused again in part: {text[:500]}" if again else f"{quarantine_id}: accepted"
    try:
        reason = str(answer.json().get("error") or answer.text)
    except ValueError:
        reason = answer.content.decode("utf-8", "replace")
    printable = "".join(character if character.isprintable() else " " for character in reason).strip()
    return f"{quarantine_id}: refused again ({answer.status_code}): {printable[:500]}"
