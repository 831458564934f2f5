"""What a polling receiver cannot wait out."""

from __future__ import annotations

from core.errors import Retryable


class PausedError(Retryable):
    """The source cannot be read until somebody repairs it."""
