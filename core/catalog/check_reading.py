"""Checks of where a value is found, and how it is written there."""

from __future__ import annotations

import re

from core.catalog.flow import Place
from core.catalog.positions import Document, Path
from core.catalog.reading import Reading, reading_of
from core.catalog.review import Review
from core.pattern import Pattern

_EVERY_ELEMENT = re.compile(r"\s*(data|body|attributes|resource)\b[\w.\-/:@\[\]]*\[\][\w.\-/:@\[\]]*\s*", re.ASCII)
_NUMBERS = ("decimal", "integer")


def finds_several(place: Place) -> bool:
    """Return whether a path of a place names every element of a list."""
    return any(_EVERY_ELEMENT.fullmatch(path) for path in reading_of(place).paths)


def check_place(review: Review, document: Document, at: Path, signal: str, place: Place, type_: str) -> None:
    """Report what is wrong with the place of a value: ``type_`` is ``key``, or the type of its fact."""
    reading = reading_of(place)
    if not reading.paths or not all(path.strip() for path in reading.paths):
        review.wrong(document, at, "the path is empty; write, for example, 'data.orderId' or 'attributes.order.id'")
        return
    if finds_several(place) and (type_ != "key" or len(reading.paths) > 1):
        message = "'[]' finds several values, and this is one; write '[0]' for the first" + ("" if type_ == "key" else ", or make it a key")
        review.wrong(document, at, message)
        return
    if isinstance(place, Reading):
        _check_form(review, document, at, place, type_)
        if place.pattern is not None and not _check_pattern(review, document, (*at, "pattern"), place.pattern):
            return
    if review.validators.expression is not None:
        review.validated(document, at, review.validators.expression(signal, place))


def check_expression(review: Review, document: Document, at: Path, signal: str, text: str) -> None:
    """Report what is wrong with an expression that is no place of a value."""
    if not text.strip():
        review.wrong(document, at, "the expression is empty; write one over the signal's columns, or remove it")
    elif review.validators.expression is not None:
        review.validated(document, at, review.validators.expression(signal, text))


def _check_form(review: Review, document: Document, at: Path, reading: Reading, type_: str) -> None:
    wanted = "time" if reading.time_format else "number"
    if reading.format is not None and not (type_ == wanted or (wanted == "number" and type_ in _NUMBERS)):
        message = f"'{reading.format}' is how a {wanted} is written, and this is a {type_}; "
        review.wrong(
            document, (*at, "format"), message + (f"remove it, or declare the fact as a {wanted}" if type_ != "key" else "remove it")
        )
    if reading.time_zone is not None:
        review.time_zone(document, (*at, "time_zone"), reading.time_zone)
        if type_ != "time":
            review.wrong(document, (*at, "time_zone"), f"a time zone is of a time, and this is a {type_}; remove it", at_key=True)


def _check_pattern(review: Review, document: Document, at: Path, pattern: str) -> bool:
    before = len(review.errors)
    check_regex(review, document, at, pattern)
    if len(review.errors) == before and Pattern(pattern).groups != 1:
        message = "a pattern has one group in parentheses, which is the value; write others as '(?:…)'"
        review.wrong(document, at, message)
    return len(review.errors) == before


def check_regex(review: Review, document: Document, path: Path, pattern: str) -> None:
    """Report a regular expression that the store cannot read (RE2)."""
    try:
        Pattern(pattern)
    except ValueError as error:
        review.wrong(document, path, str(error))
        return
    if review.validators.expression is not None:
        quoted = pattern.replace("\\", "\\\\").replace("'", "\\'")
        review.validated(document, path, review.validators.expression("log", f"match(body, '{quoted}')"))
