"""What a reading of the catalog is as one SQL expression over a signal's columns: ``correlator/sql/extraction.sql.j2``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.catalog.reading import NUMBER_FORMATS, Reading, reading_of
from core.time_format import ANY, NOTHING
from correlator.paths import Found, Signal, find
from correlator.statement import statement

_ROOTS = {"attributes", "resource", "data", "extensions", "body"}


def rooted(path: str) -> str:
    """Return a path of a match with its root: a bare name is an attribute."""
    return path if re.split(r"[.\[]", path)[0] in _ROOTS else f"attributes.{path}"


def text(kind: Signal, place: str | Reading, *, several: bool = False) -> str:
    """Return an expression for the text that a reading gives; if it may give ``several``, for a list of them in JSON."""
    reading = reading_of(place)
    time_format = reading.time_format or (ANY if reading.time_zone else None)
    return _rendered(
        "value", kind, reading, several=several, number=NUMBER_FORMATS.get(reading.format or ""), time=time_format, zone=reading.time_zone
    )


def moment(kind: Signal, place: str | Reading) -> str:
    """Return an expression for the time that a reading gives, in UTC; NULL where it can read none."""
    reading = reading_of(place)
    return _rendered("moment", kind, reading, time=reading.time_format or ANY, zone=reading.time_zone or "UTC", several=False, number=None)


def condition(kind: Signal, path: str, wanted: bool | Sequence[str]) -> str:
    """Return an expression for whether something is at a path (or is not), or one of its values is or begins with a wanted one."""
    return _rendered(
        "condition",
        kind,
        Reading(path=path),
        several=True,
        number=None,
        time=None,
        zone=None,
        present=wanted if isinstance(wanted, bool) else None,
        exact=() if isinstance(wanted, bool) else tuple(each for each in wanted if not each.endswith("*")),
        prefixes=() if isinstance(wanted, bool) else tuple(each[:-1] for each in wanted if each.endswith("*")),
    )


def _rendered(asked: str, kind: Signal, reading: Reading, **more: object) -> str:
    found: tuple[Found, ...] = tuple(find(kind, path) for path in reading.paths)
    return statement("extraction", asked=asked, found=found, pattern=reading.pattern, nothing=NOTHING, **more).strip()
