"""Looking at what stands in queues beside the reading: every 10 seconds, and mostly over an HTTP API by which a broker is managed.

What cannot be told is logged once, and never keeps messages from being read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from collector.brokers.reconnecting import cancel_until_done, without_password
from collector.polling.http_address import server_of
from collector.receiver import ReceiverContext
from core.errors import Retryable
from core.secrets import resolve_secret

LOOK_SECONDS = 10.0
ANSWER_SECONDS = 10.0
ANSWER_MAX_BYTES = 4 << 20


@asynccontextmanager
async def looking(look: Callable[[], Awaitable[None]], source: str) -> AsyncIterator[None]:
    """Look every 10 seconds until the block ends. ``look`` raises nothing."""

    async def for_ever() -> None:
        while True:
            await look()
            await asyncio.sleep(LOOK_SECONDS)

    task = asyncio.create_task(for_ever(), name=f"queues-{source}")
    try:
        yield
    finally:
        await cancel_until_done(task)


@dataclass
class SaidOnce:
    """What is wrong with the queues of a source, in the log when it changes."""

    context: ReceiverContext
    log: logging.Logger
    _said: dict[str, str] = field(default_factory=dict)
    """By what it is about, the words that were last logged."""

    def say(self, about: str, what: str, **fields: Any) -> None:
        """Log what is wrong if it is not what was said before; nothing, once it is right again (empty)."""
        words = f"{what} {fields}" if what else ""
        if words and self._said.get(about) != words:
            self.log.warning(what, extra={"fields": {"source": self.context.source.source, **fields}})
        self._said[about] = words


def why(error: Exception) -> str:
    """Return what an error says, without a password."""
    return without_password(str(error)) or type(error).__name__


class NoSuchThing(Retryable):
    """The API answers, and does not know what it was asked about."""


class ManagementApi:
    """A session with the API at an address (a reference to a secret). Raises ``httpx.HTTPError`` or :class:`Retryable` if it fails."""

    def __init__(self, reference: str, below: str = "") -> None:
        self._reference, self._below = reference, below

    async def __aenter__(self) -> Self:
        address = await asyncio.to_thread(resolve_secret, self._reference)
        server_of(address)
        parts = urlsplit(address)
        server = parts.netloc.rpartition("@")[2]
        self._client = httpx.AsyncClient(
            base_url=f"{parts.scheme}://{server}{parts.path.rstrip('/')}/{self._below}",
            auth=(unquote(parts.username or ""), unquote(parts.password or "")),
            headers={
                "origin": f"{parts.scheme}://{server}",  # without one, that of ActiveMQ refuses as it would a foreign page
                "accept-encoding": "identity",
            },
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def _asked(self, path: str, question: Any = None) -> Any:
        """Return what it answers, read as JSON, to GET or, with a question, to POST; within :data:`ANSWER_SECONDS` as a whole."""
        method, content = ("GET", None) if question is None else ("POST", msgspec.json.encode(question))
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._client.stream(method, path, content=content) as response:
                return msgspec.json.decode(await _body(response, path or method))
        except TimeoutError as error:  # the client's own limit is for each part of an answer
            raise httpx.ReadTimeout(f"no whole answer within {ANSWER_SECONDS:.0f} seconds") from error


async def _body(response: httpx.Response, asked: str) -> bytes:
    """Return an answer as it came: what is compressed, and more than once, may become more than any memory holds."""
    if response.status_code != httpx.codes.OK:
        kind = NoSuchThing if response.status_code == httpx.codes.NOT_FOUND else Retryable
        raise kind(f"the management API answers {response.status_code} to {asked}")
    if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
        raise Retryable(f"the management API answers compressed ({encoding[:40]}), although it was asked not to")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > ANSWER_MAX_BYTES:
            raise Retryable(f"the management API answers with more than {ANSWER_MAX_BYTES >> 20} MiB")
    return bytes(body)
