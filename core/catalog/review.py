"""What all cross-checks share: the definitions, their positions, and the list of errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from core.catalog.definition import IDENTIFIER_PATTERN
from core.catalog.positions import Diagnostic, Document
from core.catalog.reading import Reading
from core.catalog.validation_errors import ERRORS_MAX, suggestion
from core.errors import WrongSetting
from core.secrets import is_reference

CheckExpression = Callable[[str, str | Reading], str | None]
"""``(signal kind: span, log or event; path, expression or reading)`` → what is wrong with it, or None."""

CheckDue = Callable[[str, Collection[str]], str | None]
"""``(due expression, names of the facts of type time)`` → what is wrong with it, or None."""

CheckSettings = Callable[[dict[str, Any]], WrongSetting | None]
"""A plug-in's part of a source (``receiver:``), or a channel, as written → the first setting that the plug-in cannot use, or None."""


ListQueues = Callable[[dict[str, Any]], list[str] | None]
"""``receiver:`` of a source → the queues and topics whose state it tells (``^`` begins a pattern), or None if that is not known."""


@dataclass(frozen=True)
class Validators:
    """Validators for the parts of a catalog that only other stages understand; a part without a validator is accepted unchecked."""

    expression: CheckExpression | None = None
    due: CheckDue | None = None
    receiver: CheckSettings | None = None
    format: CheckSettings | None = None
    resubmit: CheckSettings | None = None
    channel: CheckSettings | None = None
    queues: ListQueues | None = None


@dataclass
class Review:
    """The state of one check.

    ``known`` holds the ids of every noun, including those whose file has other errors; ``incomplete`` holds the nouns for which a file's id
    could not be read: references to them are not validated.
    """

    known: dict[str, set[str]]
    incomplete: set[str] = field(default_factory=set)
    validators: Validators = field(default_factory=Validators)
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def refers(self, document: Document, path: Sequence[str | int], noun: str, wanted: str | None, where: str = "") -> None:
        """Report an error if ``wanted`` is not an id of ``noun``. None and the empty text refer to nothing."""
        if wanted and wanted not in self.known[noun] and noun not in self.incomplete:
            self.unknown(document, path, f"{noun} '{wanted}' is not defined{where}", wanted, self.known[noun])

    def unknown(
        self, document: Document, path: Sequence[str | int], message: str, word: str, known: Iterable[str], *, at_key: bool = False
    ) -> None:
        """Report an unknown word, with the nearest known one."""
        meant = suggestion(word, known) if len(self.errors) < ERRORS_MAX else ""
        self.errors.append(document.diagnostic(path, message + meant, at_key=at_key))

    def wrong(self, document: Document, path: Sequence[str | int], message: str, *, at_key: bool = False) -> None:
        """Report an error."""
        self.errors.append(document.diagnostic(path, message, at_key=at_key))

    def validated(self, document: Document, path: Sequence[str | int], error: str | None) -> None:
        """Report what validating an expression found; a ``column 5:`` at its beginning becomes part of the position."""
        if error is None:
            return
        found = re.match(r"column (\d+): ", error)
        message = error[found.end() :] if found and tuple(path) in document.inside else error
        self.errors.append(document.diagnostic(path, message, at=int(found[1]) if found else 1))

    def settings(
        self, document: Document, path: Sequence[str | int], check: CheckSettings | None, given: dict[str, Any], what: str
    ) -> None:
        """Report what a plug-in cannot use in ``given``, which is at ``path``; ``what`` says whose settings they are."""
        if check is not None and (wrong := check(given)) is not None:
            self.wrong(document, (*path, *wrong.path), f"{what}: {wrong}", at_key=True)

    def doubtful(self, document: Document, path: Sequence[str | int], message: str) -> None:
        """Report a warning: the catalog works, but perhaps not as intended."""
        self.warnings.append(document.diagnostic(path, message, at_key=True))

    def names(self, document: Document, path: Sequence[str | int], names: Iterable[str], noun: str) -> None:
        """Check the names that a definition gives to its parts."""
        for name in names:
            if not re.fullmatch(IDENTIFIER_PATTERN, name) or len(name) > 64:
                message = (
                    f"'{name}' is not a valid name for a {noun}; use at most 64 lower-case letters and digits, joined by '-', '_' or '.'"
                )
                self.wrong(document, (*path, name), message, at_key=True)

    def time_zone(self, document: Document, path: Sequence[str | int], name: str) -> None:
        """Check the name of a time zone."""
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # an unknown zone is a KeyError; a path or a folder gives one of the others
            self.wrong(document, path, f"time zone '{name}' is not known; write an IANA name such as 'Europe/Berlin' or 'UTC'")

    def secret(self, document: Document, path: Sequence[str | int], reference: str) -> None:
        """Check the form of a reference to a secret; the secret itself never belongs in a catalog and is not shown."""
        if not is_reference(reference):
            self.wrong(document, path, "a catalog must not contain a secret; write env:NAME or file:PATH")

    def calendars(self, document: Document, path: Sequence[str | int], value: str | list[str] | None) -> None:
        """Check the calendar ids of ``path``."""
        for index, name in enumerate(listed(value)):
            self.refers(document, (*path, index) if isinstance(value, list) else path, "calendar", name, " in calendars/")


def listed(value: str | Sequence[str] | None) -> list[str]:
    """Return a value or a list as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
