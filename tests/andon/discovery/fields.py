"""Sorts and fields as they are seen."""

from __future__ import annotations

from andon.discovery.proposal import Field, Sort


def sort(number: int, name: str = "placed", **other: object) -> Sort:
    given: dict[str, object] = {
        "kind": "event", "service": "", "destination": "", "operation": "", "conventional": False, "failed": False, "seen": 10,
        "sources": ("default",), "origins": ("/shop",),
    }  # fmt: skip
    return Sort(number=number, name=name, **{**given, **other})  # type: ignore[arg-type]


def field(number: int, of: Sort, path: str, **other: object) -> Field:
    given: dict[str, object] = {
        "signals": 10, "values": 10, "distinct_values": 10, "identifiers": 10, "numbers": 0, "fractions": 0, "times": 0, "padded": 0,
        "length": 6.0, "shape": "999999",
    }  # fmt: skip
    return Field(number=number, sort=of, path=path, **{**given, **other})  # type: ignore[arg-type]
