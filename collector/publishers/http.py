"""HTTP: posts the body to an address; only a 2xx answer means that it was taken, and redirects are not followed.

The identity is the header ``idempotency-key``.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
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
REASON_BYTES = 200


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
        headers = {**publication.headers, "idempotency-key": publication.identity, "user-agent": "andon", "accept-encoding": "identity"}
        if publication.content_type:
            headers["content-type"] = publication.content_type
        if target.token:
            headers["authorization"] = f"Bearer {await asyncio.to_thread(resolve_secret, target.token)}"
        _, host, port = server_of(address)
        try:
            to = httpx.URL(address)
        except httpx.InvalidURL as error:  # whose words repeat a part of the address
            raise Retryable("that is no address; write https://host/path where 'url' says it is") from error
        reached = (await asyncio.to_thread(check_target, host, port, link_local=target.allow_link_local))[0]
        verify = await asyncio.to_thread(trusted, target.ca_file)
        headers["host"] = urlsplit(address).netloc.rpartition("@")[2]
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=ANSWER_SECONDS, verify=verify) as client:
            extensions = {"sni_hostname": host} if reached != host else {}
            request = client.build_request(
                target.method,
                to.copy_with(host=reached),
                content=publication.body,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                extensions=extensions,
            )
            try:
                answer = await client.send(request, stream=True)
                await _judged(host, answer)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise Retryable(f"{host} cannot be reached: {error}") from error
            except httpx.LocalProtocolError as error:  # a header of the message, before anything is sent
                raise Permanent(f"HTTP cannot say it: {error}") from error


PUBLISHER = HttpPublisher()


async def _judged(host: str, answer: httpx.Response) -> None:
    """Return if an answer says that the message was taken."""
    if answer.is_success:
        return
    # it may have done a part of it, or sends on to what it made, or has a message with this key already
    if answer.is_redirect or answer.status_code in {408, 409} or answer.status_code >= 500:
        raise OSError(f"{host} answers HTTP {answer.status_code}")
    raise Permanent(f"{host} refuses it: HTTP {answer.status_code} {await _reason(answer)}")


async def _reason(answer: httpx.Response) -> str:
    """Return the beginning of what a refusal says: it may go on without end."""
    said = b""
    with suppress(httpx.HTTPError):
        async for part in answer.aiter_raw():
            said += part
            if len(said) >= REASON_BYTES:
                break
    return " ".join(said[:REASON_BYTES].decode("utf-8", "replace").split())
