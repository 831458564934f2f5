"""Reads the body of a request within bounds of time: who sends slowly holds a connection no longer than others need for a large one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request

READ_SECONDS = 30.0
BYTES_PER_SECOND = 1 << 10
GRACE_SECONDS = 5.0
"""How far a body may be behind its least rate: a start of TLS, a pause of a mobile network."""


class SlowBodyError(Exception):
    """The body did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(f"the body did not arrive within {READ_SECONDS:.0f} s, or slower than {BYTES_PER_SECOND} bytes a second")


async def read_parts(request: Request, take: Callable[[bytes], None]) -> None:
    """Give a body to ``take`` as it arrives. Raises :class:`SlowBodyError`, and ``ClientDisconnect`` where the connection ends before it."""
    began, size = asyncio.get_running_loop().time(), 0
    try:
        async with asyncio.timeout_at(began + min(READ_SECONDS, GRACE_SECONDS)) as limit:
            async for part in request.stream():
                take(part)
                size += len(part)
                limit.reschedule(began + min(READ_SECONDS, GRACE_SECONDS + size / BYTES_PER_SECOND))
    except TimeoutError as error:
        raise SlowBodyError from error
