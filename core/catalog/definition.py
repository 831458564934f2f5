"""What every catalog noun shares."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

IDENTIFIER_PATTERN = r"^[a-z][a-z0-9]*([-_.][a-z0-9]+)*$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN, max_length=64)]
"""The id of a definition: words of lower-case letters and digits, joined by ``-``, ``_`` or ``.``."""


def readable(identifier: str) -> str:
    """Return ``Order to cash`` for ``order-to-cash``: what people read if a definition has no title."""
    return identifier.replace("-", " ").replace("_", " ").capitalize()


class Definition(BaseModel):
    """A part of the catalog. Unknown keys are errors; instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def definition_hash(*texts: str) -> int:
    """Return 63 bits that change when one of the texts changes; never 0 or 1."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode()).digest()[:8], "big") >> 1 | 2


class Severity(StrEnum):
    """How severe an incident is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
