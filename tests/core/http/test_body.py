"""A body in time: slow senders are ended, and large bodies are not, as long as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from core.http.body import BYTES_PER_SECOND, GRACE_SECONDS, READ_SECONDS, SlowBodyError, read_parts


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop whose time goes on at once to when something is due."""

    seconds = 0.0

    def time(self) -> float:
        return self.seconds

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined] # as below
            self.seconds = max(self.seconds, self._scheduled[0]._when)  # type: ignore[attr-defined] # as below
        super()._run_once()  # type: ignore[misc] # asyncio's own loop, which typeshed does not describe inside


def read(*sent: tuple[float, bytes | None]) -> tuple[list[bytes], float]:
    """Read a body whose parts come after so many seconds each, None: the connection ends; return them and the seconds it took."""
    parts, left = [], list(sent)

    async def receive() -> dict[str, Any]:
        pause, part = left.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.disconnect"} if part is None else {"type": "http.request", "body": part, "more_body": bool(left)}

    async def run() -> float:
        await read_parts(Request({"type": "http", "method": "POST", "headers": []}, receive), parts.append)
        return asyncio.get_running_loop().time()

    return parts, in_virtual_time(run)


def in_virtual_time(run: Callable[[], Coroutine[Any, Any, float]]) -> float:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(run())


def test_parts_are_handed_on_as_they_come() -> None:
    parts, seconds = read((0, b"one"), (GRACE_SECONDS - 1, b"two"), (0, b""))
    assert [part for part in parts if part] == [b"one", b"two"]
    assert seconds == GRACE_SECONDS - 1


@pytest.mark.parametrize("parts", [[(GRACE_SECONDS + 1, b"late")], [(0, b"x"), (GRACE_SECONDS + 1, b"x")], [(1, b"x")] * 20])
def test_a_body_that_stalls_or_trickles_is_ended(parts: list[tuple[float, bytes]]) -> None:
    with pytest.raises(SlowBodyError, match="took longer than 30 s, or came slower than 1024 bytes per second"):
        read(*parts)


def test_a_slow_line_has_its_time_as_long_as_it_keeps_the_rate() -> None:
    part = bytes(BYTES_PER_SECOND)
    seconds = READ_SECONDS - GRACE_SECONDS
    assert read(*[(1, part)] * int(seconds))[1] == seconds
    with pytest.raises(SlowBodyError):
        read(*[(1.5, part)] * int(seconds))


def test_no_body_takes_longer_than_the_longest_however_fast_it_comes() -> None:
    part = bytes(100 * BYTES_PER_SECOND)
    with pytest.raises(SlowBodyError):
        read(*[(1, part)] * int(READ_SECONDS + 1))


def test_a_sender_that_goes_is_told_apart_from_a_slow_one() -> None:
    with pytest.raises(ClientDisconnect):
        read((0, b"x"), (1, None))
