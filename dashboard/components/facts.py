"""The facts of a transaction in words, and what is wrong with them. The original text of a fact is kept; nothing is repaired."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from core.catalog.flow import Flow
from core.money import amount
from core.time_text import read_time
from dashboard import definitions
from dashboard.components.time_format import Zone

NUMBERS = ("decimal", "integer")


def number(text: str) -> float | None:
    """Return the number in a fact's text, parsed as the clocks parse it; None if it is not a number."""
    found = float(pd.to_numeric(text, errors="coerce"))
    return found if math.isfinite(found) else None


def shown(flow: Flow | None, facts: Mapping[str, str], zone: Zone) -> list[tuple[str, str]]:
    """Return the title and text of each fact. A currency is shown with its amount, provided the amount is a number."""
    taken: set[str] = set()
    words: list[tuple[str, str]] = []
    for name, text in facts.items():
        known = flow.facts.get(name) if flow else None
        said = _time(text, zone) if known and known.type == "time" else text
        if known and known.type in NUMBERS and known.currency and (value := number(text)) is not None:
            said = amount(value, facts.get(known.currency, ""))
            taken.add(known.currency)
        words.append((name, said))
    return [(definitions.fact_title(flow, name), said) for name, said in words if name not in taken]


def _time(text: str, zone: Zone) -> str:
    """Return a time with an offset in the viewer's zone, and any other text as it is: local time of some calendar, or no time at all."""
    try:
        moment = read_time(text)
        return zone.show(moment) if moment.tzinfo else text
    except (ValueError, OverflowError):  # the year 1 has no local time west of Greenwich
        return text


def _is_time(text: str) -> bool:
    try:
        read_time(text)
    except (ValueError, OverflowError):
        return False
    return True


def faults(flow: Flow | None, facts: Mapping[str, str]) -> list[str]:
    """Return what cannot be used: texts that should be times or numbers, and amounts without a currency."""
    found = []
    for name, known in flow.facts.items() if flow else ():
        text = facts.get(name, "")
        named = definitions.fact_title(flow, name)
        if known.type == "time" and text and not _is_time(text):
            found.append(f"{named} is '{text}', which is not a time: promises by it have no due time. Say its format in the catalog.")
        if known.type not in NUMBERS or not text:
            continue
        if number(text) is None:
            found.append(f"{named} is '{text}', which is not a number. Wherever it is used as money, it counts as 0.")
        elif known.currency and not facts.get(known.currency):
            found.append(
                f"{named} ({text}) has no currency because the fact {known.currency} is missing. It is not added to other amounts."
            )
    return found
