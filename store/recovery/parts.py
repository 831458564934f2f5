"""The parts of the store's tables: their names, what they hold, and which of them are missing. Reads files, otherwise pure.

ClickHouse numbers whatever is inserted into a table; a part's name says which of these blocks it holds (``partition_first_last_level`` and,
after rows of it were deleted, a version). A merge makes one part of neighbours, so it covers their blocks. Whatever removes rows for good
(TTL, ``TRUNCATE``, ``DETACH``) leaves an empty part that covers theirs, and the engine lists covered and empty parts for
``old_parts_lifetime`` (eight minutes). So a part that is known, absent and not covered was lost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_NAME = re.compile(r"(?P<partition>[^_]+)_(?P<first>\d+)_(?P<last>\d+)_(?P<level>\d+)(?:_(?P<version>\d+))?")


@dataclass(frozen=True)
class Part:
    """A part and what it holds.

    ``since``, ``until``: when its rows were received, in milliseconds since 1970, if the table says so; else 0.
    """

    name: str
    rows: int = 0
    since: int = 0
    until: int = 0

    @cached_property
    def partition(self) -> str:
        """The partition that it belongs to."""
        return self.name.partition("_")[0]

    @cached_property
    def _numbers(self) -> tuple[int, int, int, int]:
        found = _NAME.fullmatch(self.name)
        if found is None:
            raise ValueError(f"'{self.name}' is not the name of a part")
        return int(found["first"]), int(found["last"]), int(found["level"]), int(found["version"] or 0)

    def covers(self, other: Part) -> bool:
        """Return whether this part is the other one or was made from it, perhaps among others."""
        first, last, level, version = self._numbers
        other_first, other_last, other_level, other_version = other._numbers
        inside = self.partition == other.partition and first <= other_first and other_last <= last
        return inside and other_level <= level and other_version <= version


def missing(known: Iterable[Part], there: Collection[Part]) -> list[Part]:
    """Return the known parts with rows that are missing: neither they, nor a part that covers them, nor all their sources exist."""
    names = {part.name for part in there}
    return [
        part
        for part in known
        if part.rows
        and part.name not in names
        and not any(one.covers(part) for one in there)
        and sum(one.rows for one in there if part.covers(one)) < part.rows
    ]


def is_part(name: str) -> bool:
    """Return whether a folder in a table is named like a part."""
    return _NAME.fullmatch(name) is not None


def parts_in(folder: Path) -> list[Part]:
    """Return the parts in a table's folder, without what they hold; none if there is no such folder."""
    try:
        names = [entry.name for entry in folder.iterdir() if is_part(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Part(name) for name in names if holds_something(folder / name)]


def holds_something(folder: Path) -> bool:
    """Return whether a part's folder exists and is not empty."""
    try:
        return any(True for _ in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
