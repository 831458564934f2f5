"""Sorts and fields as they are seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from andon.discovery.proposal import Field, Sort

_SORT = Sort(
    number=0, kind="event", service="", name="placed", destination="", operation="", conventional=False, failed=False, told_by="", seen=10,
    sources=("default",), origins=("/shop",),
)  # fmt: skip


def sort(number: int, name: str = "placed", **other: Any) -> Sort:
    return replace(_SORT, number=number, name=name, **other)


def field(number: int, of: Sort, path: str, **other: Any) -> Field:
    found = Field(
        number=number, sort=of, path=path, signals=10, values=10, distinct_values=10, identifiers=10, numbers=0, fractions=0, times=0,
        padded=0, length=6.0, shape="999999",
    )  # fmt: skip
    return replace(found, **other)
