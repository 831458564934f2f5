"""Free ports for whatever a test starts.

A port that the kernel gave to a probe may be anybody's a moment later: of a second test run, or of the next outgoing connection. So these
lie below the range from which connections get theirs (32768 and up on Linux, 49152 on macOS), and no two processes give the same ones: each
takes a block for itself, and holds its first port as the sign of that for as long as it lives.
"""

from __future__ import annotations

import functools
import itertools
import os
import socket
from collections.abc import Iterator

_FIRST, _END = 10_000, 32_000
_BLOCK = 200


def free_port() -> int:
    """Return a port on which nobody listens; the same one comes again only after all others of this process's block."""
    ports = _ports()
    return next(port for port in itertools.islice(ports, _BLOCK) if _bound(port, keep=False))


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@functools.cache
def _ports() -> Iterator[int]:
    """Return the ports of a block that is this process's alone, again and again."""
    blocks = range(_FIRST, _END, _BLOCK)
    start = os.getpid() % len(blocks)  # so that the blocks of ended runs are not taken up again at once
    block = next(first for first in (*blocks[start:], *blocks[:start]) if _bound(first, keep=True))
    return itertools.cycle(range(block + 1, block + _BLOCK))


_held: list[socket.socket] = []
"""The first port of the block: the kernel gives it back when this process ends, however it ends."""


def _bound(port: int, *, keep: bool) -> bool:
    """Whether a port can be had, on every address; ``keep`` it."""
    probe = socket.socket()
    try:
        probe.bind(("", port))
    except OSError:
        probe.close()
        return False
    if keep:
        _held.append(probe)
    else:
        probe.close()
    return True
