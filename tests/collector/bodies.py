"""The files in memory that bodies of requests are kept in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def open_bodies() -> int:
    """Return how many files this process has open for bodies: it may close others at any time."""
    found = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += "memfd:andon-body" in str(file.readlink())
    return found
