"""The process that validates large bodies; see ``offload.py``. ``python -m collector.ingest.offload_process SOCKET``."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from collector.http.encoding import decode_to, is_plain
from collector.ingest.content import Bytes, Content, mapped
from collector.ingest.offload import Frame, received
from collector.ingest.validation import Task, validate
from collector.otlp.admission import Admitted
from collector.rejection import Rejection, ValidationError

MEMORY_MAX_BYTES = 192 << 20
"""Memory that a body may take in addition to what the process already uses; no body within the limits comes near it."""
NICENESS = 5
_FRAME_BYTES = 256 << 10


def main() -> None:
    """Answer until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # sent by a terminal: the parent decides when to end
    os.nice(NICENESS)
    limit = _data_bytes() + MEMORY_MAX_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    libc = ctypes.CDLL(None)
    decoder = msgspec.msgpack.Decoder(Task)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        while True:
            try:
                head, files, _, _ = socket.recv_fds(connection, 4, 1)
                task = decoder.decode(received(connection, int.from_bytes(head + received(connection, 4 - len(head)), "little")))
            except (EOFError, ConnectionError):
                return
            try:
                for frame in answers(task, files[0]):
                    message = msgspec.msgpack.encode(frame)
                    connection.sendall(len(message).to_bytes(4, "little"))
                    connection.sendall(message)
            except ConnectionError:
                return
            finally:
                os.close(files[0])
            libc.malloc_trim(0)


def answers(task: Task, file: int) -> Iterator[Frame]:
    """Yield the answer to a task in frames, the last of which marks the end."""
    frame, size = Frame(), 0
    try:
        with _decoded(task, file) as body:
            for validated in validate(task, body):
                if isinstance(validated, Admitted):
                    frame.admitted.append(validated)
                    size += len(validated.body) + sum(len(bad.body) for bad in validated.bad)
                else:
                    frame.events.append(validated)
                    size += len(validated if isinstance(validated, bytes) else validated[1])
                if size > _FRAME_BYTES:
                    yield frame
                    frame, size = Frame(), 0
    except Rejection as rejection:
        yield Frame(status=rejection.status, error=rejection.error, keep=rejection.keep)
    except MemoryError:
        error = ValidationError("too_costly", "validating the body takes too much memory", "body", "send smaller batches")
        yield Frame(status=400, error=error)
    else:
        frame.ends = True
        yield frame


@contextmanager
def _decoded(task: Task, file: int) -> Iterator[Bytes]:
    """Yield a task's body without its encoding; decoded data goes into an in-memory file, too."""
    if is_plain(task.encoding):
        yield mapped(file)
        return
    with Content() as content:
        decode_to(content.add, mapped(file), task.encoding, task.max_bytes)
        yield content.view()


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmData:")[2].split()[0]) << 10


if __name__ == "__main__":
    main()
