"""What of a definition with errors is still valid, so that its other mistakes are told at once and not after the next attempt."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.catalog.definition import Definition
from core.catalog.positions import Diagnostic, Path
from core.catalog.validation_errors import ERRORS_MAX, known_keys, written

T = TypeVar("T", bound=Definition)
_UNSAID = {"title", "owner", "system"}
"""Texts that cross-checks take as not said when they are empty."""


def salvage(value: Any, model: type[T], error: ValidationError) -> tuple[T | None, set[str]]:
    """Return a definition without the parts that ``error`` is about, and the names of the parts left out; None if too little is left."""
    value, left_out = copy.deepcopy(value), set[str]()
    for _ in range(ERRORS_MAX):
        found = [(details, written(value, details)) for details in error.errors(include_url=False)]
        wrong = {path[:2] for _, path in found}
        for details, path in found:
            if details["type"] == "extra_forbidden" and path:  # what was meant is not missing
                left_out.update(difflib.get_close_matches(str(path[-1]), known_keys(model, path[:-1]), n=1))
            if details["type"] == "missing" and path[-1] in _UNSAID:
                _say_nothing(value, path)
                left_out.add(str(path[-1]))
            elif not _stands_in(value, model, path, wrong) and not _leave_out(value, _part_of(path, details), left_out):
                return None, left_out
        try:
            return model.model_validate(value), left_out
        except ValidationError as following:
            error = following
    return None, left_out


def without_doubtful(errors: Collection[Diagnostic], left_out: Collection[str]) -> list[Diagnostic]:
    """Return the errors of a salvaged definition that do not speak of what was left out: those may be wrong."""
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in sorted(left_out)) or "(?!)")
    return [error for error in errors if not words.search(error.message)]


def _part_of(path: Path, details: ErrorDetails) -> Path:
    """Return the part to leave out: no item of a list, because that would move the others; around what is missing, the whole."""
    whole = path[:-1] if details["type"] == "missing" else path
    item = next((index for index, part in enumerate(whole) if isinstance(part, int)), len(whole))
    return whole[:item]


def _stands_in(value: Any, model: type[Definition], path: Path, wrong: Collection[Path]) -> bool:
    """Put a good item of a list without which there is no definition in the place of a wrong one; the others stay where they are."""
    if len(path) < 2 or not isinstance(path[1], int):
        return False
    known, items = model.model_fields.get(str(path[0])), value.get(path[0])
    if known is None or not known.is_required() or not isinstance(items, list):
        return False
    good = next((item for index, item in enumerate(items) if (path[0], index) not in wrong), None)
    if good is not None:
        items[path[1]] = good
    return good is not None


def _say_nothing(value: Any, path: Path) -> None:
    for part in path[:-1]:
        if isinstance(value, dict) and part not in value:
            return  # left out as a whole
        value = value[part]
    value[path[-1]] = ""


def _leave_out(value: Any, path: Path, left_out: set[str]) -> bool:
    """Delete a part, which may be gone already; return False for the whole definition."""
    if not path:
        return False
    for part in path[:-1]:
        if part not in value:
            return True
        value = value[part]
    value.pop(path[-1], None)
    left_out.add(str(path[-1]))
    return True
