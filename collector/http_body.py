"""Reads a request body within bounds of size and time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect, Request

from collector.admission import HTTP_BODY_MAX_BYTES
from collector.rejection import Rejection, refused
from core.errors import Full
from core.http.body import SlowBodyError, parts_of

IN_FLIGHT_MAX_BYTES = 64 << 20
"""Bytes of all bodies that are being read or handled at one moment; more is refused with a hint to come back."""


class InFlight:
    """Counts the bytes of the requests at work in this process."""

    def __init__(self, max_bytes: int = IN_FLIGHT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.size = 0


class Body:
    """One request's body: ``async with Body(request, in_flight) as body: raw = await body.read()``."""

    def __init__(self, request: Request, in_flight: InFlight, max_bytes: int = HTTP_BODY_MAX_BYTES) -> None:
        self._request = request
        self._in_flight = in_flight
        self._max_bytes = max_bytes
        self._size = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._in_flight.size -= self._size

    async def read(self) -> bytes:
        """Return the raw body. Raises :class:`Rejection` (413, 408, 400) and :class:`core.errors.Full`."""
        announced = self._request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        try:
            async for part in parts_of(self._request):
                self._add(len(part))
                parts.append(part)
        except SlowBodyError as error:
            raise refused(408, "slow_client", str(error), field="body") from error
        except ClientDisconnect as error:
            raise refused(400, "bad_length", "the connection ended before the body did", field="content-length") from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _add(self, size: int) -> None:
        self._size += size
        self._in_flight.size += size
        if self._size > self._max_bytes:
            raise self._too_large()
        if self._in_flight.size > self._in_flight.max_bytes and self._in_flight.size > self._size:
            raise Full("too many requests at once", 1)

    def _too_large(self) -> Rejection:
        return refused(
            413, "too_large", f"the body is larger than {self._max_bytes} bytes", field="body", what_to_do="send smaller batches"
        )
