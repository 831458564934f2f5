"""Pydantic's errors in words: where, what is wrong, and what to write instead."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from core.catalog.calendar import TIME_OF_DAY_PATTERN
from core.catalog.definition import IDENTIFIER_PATTERN
from core.catalog.positions import Diagnostic, Document, Path
from core.duration import DURATION_PATTERN, PERCENTAGE_PATTERN

_FORMS = {
    IDENTIFIER_PATTERN: "an id; use lower-case words joined by '-', '_' or '.', such as 'order-to-cash'",
    DURATION_PATTERN: "a duration; write, for example, '15 minutes' or '16 working hours' (a working day has no fixed length)",
    PERCENTAGE_PATTERN: "a percentage; write, for example, '60%'",
}
_TIMES_OF_DAY = {"start", "end", "cut_off"}
_WITH_UNIT = {
    "warn": "'{}%' or a duration such as '2 hours'",
    "within": "'{0} minutes' or '{0} working hours'",
    "every": "'{0} minutes' or '{0} hours'",
    "repeat_every": "'{0} minutes' or '{0} hours'",
}
ERRORS_MAX = 50
"""Errors of form reported per file: nobody reads more, and each costs a search for the word that was meant."""
COMPARED_MAX = 1_000
"""Number of known names searched for the one that was meant."""
_KINDS = {
    "string_type": "text",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "list_type": "a list ([a, b])",
    "tuple_type": "a list ([a, b])",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a date (2026-01-31)",
    "date_parsing": "a date (2026-01-31)",
    "date_from_datetime_parsing": "a date (2026-01-31)",
    "date_from_datetime_inexact": "a date (2026-01-31)",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or the known names, or nothing if none are known."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6) if len(names) <= COMPARED_MAX else []
    if close:
        return f"; did you mean '{close[0]}'?"
    if not names:
        return "; none is defined"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; known: {listed}"


def diagnostics_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Diagnostic]:
    """Return one error per position, in the order of the document."""
    places: dict[Path, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        places.setdefault(written(document.value, details), []).append(details)
    # A union reports every member that did not fit; the deepest position is the member that was meant.
    around = {path[:length] for path in places for length in range(len(path))}
    wanted = [path for path in places if not (path in around and _is_union(places[path]))]
    errors = [_diagnostic(path, places[path], document, model) for path in wanted[:ERRORS_MAX]]
    if len(wanted) > ERRORS_MAX:
        more = f"{len(wanted) - ERRORS_MAX:,} more errors in this file are not shown; correct those above first"
        errors.append(document.diagnostic(wanted[ERRORS_MAX], more, at_key=True))
    return errors


def _is_union(details: list[ErrorDetails]) -> bool:
    return all(each["type"] in _KINDS or each["type"] == "literal_error" for each in details)


def written(value: Any, details: ErrorDetails) -> Path:
    """Return the part of pydantic's location that is a path in the document; names of union members are left out."""
    path: list[str | int] = []
    parts = list(details["loc"])
    for index, part in enumerate(parts):
        if part == "[key]":
            break
        if isinstance(value, Mapping) and part in value:
            value = value[str(part)]
            path.append(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            path.append(part)
        elif details["type"] == "missing" and index == len(parts) - 1:
            path.append(part)
    return tuple(path)


def _diagnostic(path: Path, details: list[ErrorDetails], document: Document, model: type[BaseModel]) -> Diagnostic:
    first = details[0]
    name = str(path[-1]) if path else "the file"
    if first["type"] == "extra_forbidden":
        return document.diagnostic(path, f"unknown key '{name}'{suggestion(name, known_keys(model, path[:-1]))}", at_key=True)
    if first["type"] == "missing":
        return document.diagnostic(path, f"key '{name}' is missing; add it", at_key=True)
    if all(each["type"] in _KINDS for each in details):
        return document.diagnostic(path, _wrong_kind(path, [str(each["type"]) for each in details], first["input"]))
    # A union of text and other kinds: the error for the kind that was tried is the useful one.
    formed = next(each for each in details if each["type"] not in _KINDS)
    return document.diagnostic(path, _wrong_form(_subject(path), formed))


def _subject(path: Path) -> str:
    if not path:
        return "the file"
    return f"item {path[-1] + 1} of '{path[-2]}'" if isinstance(path[-1], int) and len(path) > 1 else f"'{path[-1]}'"


def _wrong_kind(path: Path, kinds: list[str], given: Any) -> str:
    wanted = " or ".join(dict.fromkeys(_KINDS[kind] for kind in kinds))
    if given is None:
        return f"{_subject(path)} is empty; write {wanted}"
    if path and path[-1] in _WITH_UNIT and isinstance(given, int | float) and not isinstance(given, bool):
        return f"{_subject(path)} needs a unit; write {_WITH_UNIT[str(path[-1])].format(given)}"
    if path and path[-1] in _TIMES_OF_DAY and isinstance(given, int) and not isinstance(given, bool):
        return _no_time_of_day(given)
    if "string_type" in kinds and isinstance(given, bool | int | float):
        shown = str(given).lower() if isinstance(given, bool) else str(given)
        return f'{_subject(path)} must be {wanted}; put it in quotes: "{shown}"'
    shown = "a mapping" if isinstance(given, dict) else "a list" if isinstance(given, list) else f"'{given}'"
    return f"{_subject(path)} must be {wanted}, not {shown}"


def _no_time_of_day(given: str | int) -> str:
    """Other YAML readers take an unquoted 8:00 for 480, so a number may be meant in minutes; quotes are always right."""
    meant = ""
    if isinstance(given, int):
        meant = f"{given:02}:00" if given <= 24 else f"{given // 60:02}:{given % 60:02}"
    elif found := re.fullmatch(r"(\d{1,2})[:.h]?(\d\d)?(?::\d\d)?", given.strip()):
        meant = f"{int(found[1]):02}:{found[2] or '00'}"
    if not re.fullmatch(TIME_OF_DAY_PATTERN, meant):
        return f"'{given}' is not a time of day; write hours and minutes in quotes, such as \"08:00\" (at most 24:00)"
    return f"'{given}' is not a time of day; write it as \"{meant}\", in quotes"


def _wrong_form(subject: str, details: ErrorDetails) -> str:
    given, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case "string_pattern_mismatch":
            meant = str(given).replace("business", "working")
            if context["pattern"] == DURATION_PATTERN and meant != given and re.fullmatch(DURATION_PATTERN, meant):
                return f"'{given}' is not a duration; did you mean '{meant}'?"
            if context["pattern"] == TIME_OF_DAY_PATTERN:
                return _no_time_of_day(given)
            form = _FORMS.get(str(context["pattern"]), f"in the right form; it must match {context['pattern']}")
            said = f"'{given}' is not {form}"
        case "literal_error" | "enum":
            allowed = [part.strip(" '") for part in str(context["expected"]).replace(" or ", ",").split(",")]
            said = f"{subject} cannot be '{given}'{suggestion(str(given), allowed)}"
        case "too_short" | "string_too_short":
            said = f"{subject} is empty; write at least one"
        case "string_too_long":
            said = f"{subject} has more than {context['max_length']} characters; shorten it"
        case "value_error":
            said = f"{subject}: {details['msg'].removeprefix('Value error, ')}".removeprefix(f"{_subject(())}: ")
        case _:
            said = f"{subject}: {details['msg'][0].lower()}{details['msg'][1:]}"
    return said


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that a definition may have at ``path``, as they are written."""
    found: Any = model
    for part in path:
        found = _inside(found, part)
    fields = next((each.model_fields for each in _members(found) if isinstance(each, type) and issubclass(each, BaseModel)), {})
    return [each.alias or name for name, each in fields.items()]


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union or of an annotated type, or the type itself."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [each for member in get_args(annotation) for each in _members(member)]
    return [annotation]


def _inside(annotation: Any, part: str | int) -> Any:
    for member in _members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            field = next((each for name, each in member.model_fields.items() if part in (name, each.alias)), None)
            if field is not None:
                return field.annotation
        elif get_origin(member) in (list, dict) and isinstance(part, int) == (get_origin(member) is list):
            return get_args(member)[-1]
    return None
