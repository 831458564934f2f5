"""What the contract of receivers needs to know of one of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest


class Outside(Protocol):
    """The system that a receiver reads, with something in it only when it is put there."""

    settings: dict[str, Any]

    def put(self, names: list[str]) -> None:
        """Add one thing to read for each name."""
        ...

    def name_of(self, event: dict[str, Any]) -> str:
        """Return the name that was put, from the event made of it."""
        ...


@dataclass(frozen=True)
class Harness:
    """``settings`` are valid; ``nowhere`` is an address at which nothing answers, or a folder that is not there.

    ``acknowledges``: whether its system is told what was taken, and keeps what was not.
    """

    settings: dict[str, Any]
    required: tuple[str, ...]
    nowhere: str
    outside: Callable[[pytest.FixtureRequest, pytest.MonkeyPatch, Path], AbstractContextManager[Outside]]
    acknowledges: bool = True
