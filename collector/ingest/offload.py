"""Validation of large bodies, offloaded to a separate process: one body at a time, so that its time and memory do not affect other senders.

The process receives a body as an open file and answers in frames (``offload_process.py``). It is started when first needed, or earlier; it
ends when its parent does, because nobody can ask it any more. A process that ends by itself is replaced, and the sender of its current body
is told to come back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from collector.cloud_events import BadEvent
from collector.ingest.content import Content
from collector.ingest.validation import Task, Validated, size_of
from collector.otlp.admission import Admitted
from collector.rejection import Rejection, ValidationError
from core.errors import Full

WAITING_MAX = 64
"""Requests waiting for the process, including the one being validated; further ones are told to come back."""
HELD_MAX_BYTES = 1 << 20
"""Validated data that is not on disk yet; while there is more than this, the next body waits."""
PATIENCE_SECONDS = 60.0
"""How long the process may be silent before it is ended."""
RETRY_AFTER_SECONDS = 1
_LOG = logging.getLogger("andon.collector")
# what the system's allocator returns, and when, is left to it only in small pieces
_MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}


class Frame(msgspec.Struct, omit_defaults=True):
    """A part of an answer: admitted OTLP, or events and what became of them.

    The last one ``ends`` it, or says why all of it was rejected.
    """

    admitted: list[Admitted] = []
    events: list[bytes | BadEvent] = []
    ends: bool = False
    status: int = 0
    error: ValidationError | None = None
    keep: bool = True


class Offload:
    """The process, and the queue in front of it. ``close`` ends the process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._held = 0
        self._room = asyncio.Event()
        self._room.set()
        self._child: _Child | None = None
        self._tasks: set[asyncio.Task[list[Validated]]] = set()

    @property
    def pid(self) -> int:
        """Return the process's id; 0 if there is none."""
        return self._child.process.pid if self._child else 0

    def start(self) -> None:
        """Start the process if it is not running."""
        if self._child is not None and self._child.process.poll() is not None:
            self._end()
        self._child = self._child or _Child()

    def close(self) -> None:
        """End the process."""
        self._end()

    @asynccontextmanager
    async def validated(self, task: Task, content: Content) -> AsyncIterator[list[Validated]]:
        """Yield the result for a body, which counts as held until the block ends.

        Raises :class:`Rejection` if the whole body is unusable, and :class:`core.errors.Full`.
        """
        if self._waiting >= WAITING_MAX:
            raise Full("too many large requests at once", RETRY_AFTER_SECONDS)
        file = content.lend()
        self._waiting += 1  # not in the task, which starts only after others may have come
        # The answer is read to its end even if nobody waits for it any more: the next request must not get this one's answer.
        asked = asyncio.create_task(self._in_turn(task, file))
        self._tasks.add(asked)
        asked.add_done_callback(self._tasks.discard)
        try:
            found = await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(self._forget)
            raise
        try:
            yield found
        finally:
            self._hold(-size_of(found))

    async def _in_turn(self, task: Task, file: int) -> list[Validated]:
        try:
            async with self._turn:
                await self._room.wait()
                found = await asyncio.to_thread(self._ask, task, file)
                self._hold(size_of(found))
                return found
        finally:
            self._waiting -= 1
            os.close(file)

    def _forget(self, asked: asyncio.Task[list[Validated]]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            self._hold(-size_of(asked.result()))

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > HELD_MAX_BYTES:
            self._room.clear()
        else:
            self._room.set()

    def _ask(self, task: Task, file: int) -> list[Validated]:
        self.start()
        child = self._child  # to its end, even if it is closed in the meantime
        assert child is not None  # noqa: S101 - started
        found: list[Validated] = []
        try:
            child.send(task, file)
            while True:
                frame = child.receive()
                if frame.error is not None:
                    raise Rejection(frame.status, frame.error, keep=frame.keep)
                found += frame.admitted
                found += frame.events
                if frame.ends:
                    return found
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            _LOG.error("the process for large bodies is replaced", extra={"fields": {"error": str(error) or "it ended"}})
            self._end()
            raise Full("a large request could not be validated", RETRY_AFTER_SECONDS) from error

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE_SECONDS)
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, **_MEMORY, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "collector.ingest.offload_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        self._decoder = msgspec.msgpack.Decoder(Frame)

    def send(self, task: Task, file: int) -> None:
        message = msgspec.msgpack.encode(task)
        socket.send_fds(self._socket, [len(message).to_bytes(4, "little")], [file])
        self._socket.sendall(message)

    def receive(self) -> Frame:
        return self._decoder.decode(received(self._socket, int.from_bytes(received(self._socket, 4), "little")))

    def end(self) -> None:
        self._socket.close()
        self.process.kill()
        self.process.wait()


def received(connection: socket.socket, size: int) -> bytes:
    """Return the next ``size`` bytes. Raises ``EOFError`` if the other side has ended."""
    parts: list[bytes] = []
    while size:
        part = connection.recv(size, socket.MSG_WAITALL)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
