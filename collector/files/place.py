"""Where files are: a folder on this machine, or on another one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

FILE_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was seen: its path below the folder, its size in bytes, and when it was written (any number that changes with it)."""

    path: str
    size: int
    written: int

    @property
    def name(self) -> str:
        """Return its name without the folders above it."""
        return self.path.rpartition("/")[2]

    @property
    def shown(self) -> str:
        """Return its path as text: a name may have bytes that are none."""
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Place(Protocol):
    """A folder.

    ``ConnectionError``: it cannot be reached; any other ``OSError``: the folder, or this one file, cannot be read or changed.
    """

    def files(self) -> AsyncIterator[Found]:
        """Yield the regular files in it, and below it if the settings say so, in any order; links are none."""
        ...

    async def read(self, file: Found) -> bytes | None:
        """Return the content of a file; None if it is not as it was seen any more."""
        ...

    async def move(self, file: Found, to: str) -> bool:
        """Move a file into a folder below this one, under a name that is free there; False if it is not as it was seen any more."""
        ...

    async def delete(self, file: Found) -> bool:
        """Delete a file; False if it is not as it was seen any more."""
        ...

    async def changed(self, seconds: float) -> None:
        """Return when something in it may have changed, and at the latest after ``seconds``."""
        ...
