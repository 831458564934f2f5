"""What the collector needs from the rest of Andon, declared here because the collector needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.signal import Receipt, Record


class RecordJournal(Protocol):
    """Where accepted records are kept until the store has them."""

    async def append(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk. Raises :class:`core.errors.Full` and keeps none if there is no room."""
        ...
