"""Reading over connections that get lost: a broker's receiver reconnects for ever, and says once per attempt why it has to."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from collector.backoff import Backoff
from collector.receiver import ReceiverContext

_INSIST_SECONDS = 0.1


async def reconnect_for_ever(
    context: ReceiverContext,
    session: Callable[[Backoff], Awaitable[None]],
    errors: tuple[type[Exception], ...],
    log: logging.Logger,
    **fields: Any,
) -> None:
    """Run ``session``, which reads over one connection until it is lost, again and again until cancelled.

    ``session`` resets the backoff whenever something worked. ``errors`` are what a lost, refused or garbled connection raises; any other
    is raised here. ``fields`` say in the log what is read.
    """
    backoff = Backoff()
    fields = {"source": context.source.source, **fields}
    while True:
        try:
            await session(backoff)
            why = "the connection was closed"
        except asyncio.CancelledError:
            why = "the connection was closed"  # some clients cancel their own calls when the connection is lost
        except errors as error:  # whatever it was, the next attempt may work
            why = f"{type(error).__name__}: {without_password(str(error))}"
        finally:
            context.tell_up(up=False)
        _end_if_cancelled()
        context.tell_up(up=False, why=why)
        waiting = backoff.next()
        log.warning("the source cannot be read, trying again", extra={"fields": {**fields, "why": why, "wait_seconds": round(waiting, 1)}})
        await asyncio.sleep(waiting)


async def end_when_cancelled(reading: Coroutine[Any, Any, None]) -> None:
    """Await ``reading``; once cancelled, cancel it until it ends.

    Clients wait with ``asyncio.wait_for``, which before Python 3.12 loses a cancellation that comes together with an answer.
    """
    task = asyncio.create_task(reading)
    try:
        _end_if_cancelled()  # the client may have lost it while it connected
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await cancel_until_done(task)
        raise
    await task


async def cancel_until_done(task: asyncio.Task[None]) -> None:
    """Cancel a task that waits with a client until it ends, however often the client loses the cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_INSIST_SECONDS)
    await asyncio.gather(task, return_exceptions=True)  # whatever it ended with, nobody wants it any more


def _end_if_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def without_password(text: str) -> str:
    """Return a client's message without the password of an address in it: all up to its last ``@``, since a password may hold some, too."""
    return re.sub(r"(://[^:/@\s]{0,256}):\S{0,2048}@", r"\1:…@", text)
