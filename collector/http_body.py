"""Reads a request body within bounds of size and time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect, Request

from collector.content import HTTP_BODY_MAX_BYTES, SMALL_MAX_BYTES, Content
from collector.rejection import Rejection, refused
from core.errors import Full
from core.http.body import SlowBodyError, read_parts

IN_FLIGHT_MAX_BYTES = 24 << 20
"""Bytes of all small bodies that are being read or handled at one moment; more is refused with a hint to come back."""
LARGE_IN_FLIGHT_MAX_BYTES = 40 << 20
"""The same of large ones, which so never keep a small one out."""
FREE_BYTES = 16 << 10
"""A body that is no larger always has its place: the bound on connections is theirs."""


class InFlight:
    """Counts the bytes of the requests at work in this process, by every road."""

    def __init__(self, max_bytes: int = IN_FLIGHT_MAX_BYTES, large_max_bytes: int = LARGE_IN_FLIGHT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.large_max_bytes = large_max_bytes
        self.size = 0
        self.large_size = 0

    def count(self, before: int, after: int) -> None:
        """Count a body that has grown. Raises :class:`core.errors.Full` where it is one too many; it is counted all the same."""
        small, large = _shares(after)
        small_before, large_before = _shares(before)
        self.size += small - small_before
        self.large_size += large - large_before
        if small > small_before and self.size > max(self.max_bytes, small):
            raise Full("too many requests at once", 1)
        if large > large_before and self.large_size > max(self.large_max_bytes, large):
            raise Full("too many large requests at once", 1)

    def forget(self, size: int) -> None:
        """Stop counting a body."""
        small, large = _shares(size)
        self.size -= small
        self.large_size -= large


def _shares(size: int) -> tuple[int, int]:
    if size > SMALL_MAX_BYTES:
        return 0, size
    return max(0, size - FREE_BYTES), 0


class Body:
    """One request's body: ``async with Body(request, in_flight) as body: content = await body.read()``."""

    def __init__(self, request: Request, in_flight: InFlight, max_bytes: int = HTTP_BODY_MAX_BYTES) -> None:
        self._request = request
        self._in_flight = in_flight
        self._max_bytes = max_bytes
        self._content = Content()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._in_flight.forget(self._content.size)
        self._content.close()

    async def read(self) -> Content:
        """Return the body as it was sent, which is there until the block ends. Raises :class:`Rejection` (413, 408, 400) and :class:`core.errors.Full`."""
        announced = self._request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise self._too_large()
        try:
            await read_parts(self._request, self._add)
        except SlowBodyError as error:
            raise refused(408, "slow_client", str(error), field="body") from error
        except ClientDisconnect as error:
            raise refused(400, "bad_length", "the connection ended before the body did", field="content-length") from error
        return self._content

    def _add(self, part: bytes) -> None:
        size = self._content.size
        self._content.add(part)
        self._in_flight.count(size, size + len(part))
        if self._content.size > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> Rejection:
        return refused(
            413, "too_large", f"the body is larger than {self._max_bytes} bytes", field="body", what_to_do="send smaller batches"
        )
