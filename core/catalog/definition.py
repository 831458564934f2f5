"""What every catalog noun shares."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

IDENTIFIER_PATTERN = r"^[a-z][a-z0-9]*([-_.][a-z0-9]+)*$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN, max_length=64)]
"""The id of a definition: lower case, digits, ``-``, ``_`` and ``.`` between words."""


class Definition(BaseModel):
    """A part of the catalog. Unknown keys are errors; instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Severity(StrEnum):
    """How loud an incident is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
