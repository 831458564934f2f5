"""Reads a request's body within time limits: a slow sender holds a connection no longer than others need for a large body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request

READ_SECONDS = 30.0
BYTES_PER_SECOND = 1 << 10
GRACE_SECONDS = 5.0
"""How far a body may fall behind the minimum rate: allows for a TLS handshake or a pause in a mobile network."""


class SlowBodyError(Exception):
    """The body did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(f"the body took longer than {READ_SECONDS:.0f} s, or came slower than {BYTES_PER_SECOND} bytes per second")


async def read_parts(request: Request, take: Callable[[bytes], None]) -> None:
    """Pass a body to ``take`` as it arrives. Raises :class:`SlowBodyError`, and ``ClientDisconnect`` if the connection ends first."""
    began, size = asyncio.get_running_loop().time(), 0
    try:
        async with asyncio.timeout_at(began + min(READ_SECONDS, GRACE_SECONDS)) as limit:
            # without request.stream(), which has no last part: a timer would be set once more for every body, most of which come in one
            # part
            while (message := await request.receive())["type"] == "http.request":
                part = message.get("body", b"")
                take(part)
                if not message.get("more_body", False):
                    return
                size += len(part)
                limit.reschedule(began + min(READ_SECONDS, GRACE_SECONDS + size / BYTES_PER_SECOND))
            raise ClientDisconnect
    except TimeoutError as error:
        raise SlowBodyError from error
