"""HTTP: posts the body to an address; only a 2xx answer means that it was taken, and redirects are not followed.

The identity is the header ``idempotency-key``.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from collector.plugin_settings import Reference
from collector.polling.http_address import server_of
from collector.publisher import Publication, PublisherSettings, publisher_settings
from core.egress import check_target, trusted
from core.errors import Permanent, Retryable
from core.secrets import resolve_secret

ANSWER_SECONDS = 15.0


class HttpTarget(PublisherSettings):
    """Settings under ``resubmit:``. ``url``: a reference to a secret that holds it; ``token``: to one that is sent as bearer token."""

    url: Reference
    method: Literal["POST", "PUT"] = "POST"
    token: Reference | None = None
    ca_file: str | None = None
    allow_link_local: bool = False


class HttpPublisher:
    """Posts one message."""

    name = "http"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        publisher_settings(HttpTarget, settings)

    def place(self, settings: dict[str, Any]) -> str:
        """Return the method and where the address is."""
        target = publisher_settings(HttpTarget, settings)
        return f"{target.method} {target.url}"

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Post it, and wait for the answer."""
        target = publisher_settings(HttpTarget, settings)
        address = await asyncio.to_thread(resolve_secret, target.url)
        headers = {**publication.headers, "idempotency-key": publication.identity, "user-agent": "andon"}
        if publication.content_type:
            headers["content-type"] = publication.content_type
        if target.token:
            headers["authorization"] = f"Bearer {await asyncio.to_thread(resolve_secret, target.token)}"
        _, host, port = server_of(address)
        reached = (await asyncio.to_thread(check_target, host, port, link_local=target.allow_link_local))[0]
        verify = await asyncio.to_thread(trusted, target.ca_file)
        headers["host"] = urlsplit(address).netloc.rpartition("@")[2]
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=ANSWER_SECONDS, verify=verify) as client:
            extensions = {"sni_hostname": host} if reached != host else {}
            to = httpx.URL(address).copy_with(host=reached)
            request = client.build_request(target.method, to, content=publication.body, headers=headers, extensions=extensions)
            try:
                answer = await client.send(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise Retryable(f"{host} cannot be reached: {error}") from error
        if answer.is_success:
            return
        # it may have done a part of it, or sends on to what it made, or has a message with this key already
        if answer.is_redirect or answer.status_code in {408, 409} or answer.status_code >= 500:
            raise OSError(f"{host} answers HTTP {answer.status_code}")
        raise Permanent(f"{host} refuses it: HTTP {answer.status_code} {' '.join(answer.text[:200].split())}")


PUBLISHER = HttpPublisher()
