"""The lines of a text, for formats that write a document a line."""

from __future__ import annotations

import io
from collections.abc import Iterator

from collector.rejection import ValidationError

_ENDS = "\n\0\x1a"


def lines_of(text: str, skip: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers from 1, whatever ends them; ``skip`` of them are left out at the beginning."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if number > skip and line.strip(" \t" + _ENDS):
            yield number, line.strip(_ENDS)


def bad_line(reason: str, number: int, what: str, line: str) -> tuple[ValidationError, bytes]:
    """Return the bad document of a line."""
    return ValidationError(reason, f"line {number} {what}", f"line {number}"), line.encode()
