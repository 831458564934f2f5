"""Sends quarantined input to the collector again, as its sender did.

Same path, same bytes, same encoding, with the source's credentials.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from andon.client.collector import collector_client, collector_url
from collector.http.webhook_signatures import sign
from core.catalog.catalog import Catalog
from core.clock import Clock
from core.config import Settings
from core.errors import AndonError, UsageError
from core.secrets import resolve_secret

if TYPE_CHECKING:
    from store.reads.connection import Reader

_PATHS = {"traces": "/v1/traces", "logs": "/v1/logs", "metrics": "/v1/metrics", "event": "/v1/events"}
_TIMEOUT_SECONDS = 30.0


class Replayer:
    """Replays inputs to the collector that the settings name.

    ``token`` is a secret reference (``env:NAME``, ``file:PATH``); without it, the first token that the catalog gives the input's source is
    used, if this machine can read it. A webhook is signed again with the newest secret of its source.
    """

    def __init__(self, client: Reader, settings: Settings, catalog: Catalog, clock: Clock, token: str | None = None) -> None:
        """``client`` reads the engine's read endpoint."""
        self._client = client
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._token = token

    def replay(self, quarantine_id: str) -> str:
        """Send one input again and return a line that says it was accepted.

        Raises :class:`core.errors.AndonError` if it is rejected again, in whole or in part, and if the id is unknown, the input was not
        kept whole or did not arrive at the collector's HTTP or gRPC port, a credential is missing, or the collector does not answer.
        """
        from store.reads.quarantine import quarantined_input

        found = quarantined_input(self._client, quarantine_id)
        detail: dict[str, Any] = json.loads(found["detail"] or "{}")
        _require_whole(found, detail)
        headers = {"content-type": str(found["content_type"]), **detail.get("headers", {})}
        if encoding := detail.get("encoding"):
            headers["content-encoding"] = str(encoding)
        if found["kind"] == "webhook":
            path = f"/v1/webhooks/{found['source']}"
            headers = self._signed(found, headers)
        else:
            path = _path(found)
            headers |= self._credentials(str(found["source"]))
        try:
            with collector_client(self._settings, _TIMEOUT_SECONDS) as collector:
                answer = collector.post(path, content=found["body"], headers=headers)
        except httpx.HTTPError as error:
            raise AndonError(
                f"the collector does not answer at {collector_url(self._settings)} ({type(error).__name__}); start it or give --http-port"
            ) from error
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise AndonError(
                f"{quarantine_id}: the collector does not accept it without a valid credential for source '{found['source']}';"
                " give --token env:NAME or file:PATH"
            )
        return _outcome(quarantine_id, answer)

    def _credentials(self, source: str) -> dict[str, str]:
        if self._token is not None:
            return {"authorization": f"Bearer {resolve_secret(self._token)}"}
        known = self._catalog.sources.get(source)
        for reference in known.tokens if known else ():
            try:
                return {"authorization": f"Bearer {resolve_secret(reference)}"}
            except UsageError:
                continue
        return {}

    def _signed(self, found: dict[str, Any], headers: dict[str, str]) -> dict[str, str]:
        source = self._catalog.sources.get(str(found["source"]))
        if source is None:
            raise AndonError(
                f"{found['quarantine_id']}: its source '{found['source']}' is not in the catalog; give the right one with --catalog"
            )
        return sign(source, headers, found["body"], int(self._clock.now().timestamp()))


def _require_whole(found: dict[str, Any], detail: dict[str, Any]) -> None:
    quarantine_id = found["quarantine_id"]
    if detail.get("sha256"):
        raise AndonError(
            f"{quarantine_id} was too large to be kept whole ({detail.get('size_bytes')} bytes); its sender has to send it again"
        )
    if not found["body"]:
        raise AndonError(f"{quarantine_id} contains no input ({found['reason']}); there is nothing to send")


def _path(found: dict[str, Any]) -> str:
    """Return the path at which the input arrived."""
    kind = str(found["kind"])
    if kind not in _PATHS:
        raise AndonError(f"{found['quarantine_id']} did not arrive over HTTP or gRPC; inspect it and have its sender send it again")
    return _PATHS[kind]


def _outcome(quarantine_id: str, answer: httpx.Response) -> str:
    if answer.is_success:
        text = answer.text.strip()
        if "quarantin" in text and '"quarantined":[]' not in text:
            raise AndonError(f"{quarantine_id}: partly rejected again: {_printable(text)}")
        return f"{quarantine_id}: accepted"
    try:
        body = answer.json()
        reason = str(body.get("error") or answer.text) + (f"; kept as {body['quarantine_id']}" if body.get("quarantine_id") else "")
    except ValueError:
        reason = answer.content.decode("utf-8", "replace")
    raise AndonError(f"{quarantine_id}: rejected again ({answer.status_code}): {_printable(reason)}")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()[:500]
