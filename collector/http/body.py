"""Reads a request body within limits of size and time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect, Request

from collector.ingest.content import Content
from collector.ingest.in_flight import InFlight
from collector.rejection import Rejection, reject
from core.http.body import SlowBodyError, read_parts


class Body:
    """One request's body: ``async with Body(request, in_flight) as body: content = await body.read(max_bytes)``."""

    def __init__(self, request: Request, in_flight: InFlight) -> None:
        self._request = request
        self._in_flight = in_flight
        self._max_bytes = 0
        self._content = Content()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._in_flight.forget(self._content.size)
        self._content.close()

    async def read(self, max_bytes: int) -> Content:
        """Return the body as it was sent, which exists until the block ends.

        Raises :class:`Rejection` (413, 408, 400) and :class:`core.errors.Full`.
        """
        self._max_bytes = max_bytes
        announced = self._request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise self._too_large()
        try:
            await read_parts(self._request, self._add)
        except SlowBodyError as error:
            raise reject(408, "slow_client", str(error), field="body") from error
        except ClientDisconnect as error:
            raise reject(400, "bad_length", "the connection ended before the body did", field="content-length") from error
        return self._content

    def _add(self, part: bytes) -> None:
        size = self._content.size
        self._content.add(part)
        self._in_flight.count(size, size + len(part))
        if self._content.size > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> Rejection:
        return reject(413, "too_large", f"the body is larger than {self._max_bytes} bytes", field="body", what_to_do="send smaller batches")
