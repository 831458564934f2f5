"""Reads scenario files; every mistake is reported with its position, as ``andon check`` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from andon.rehearsal.scenario import Scenario
from core.catalog.load import CatalogErrors, read_content
from core.catalog.positions import Diagnostic, Document, Position, UnreadableError, read_documents
from core.catalog.validation_errors import diagnostics_of
from core.errors import UsageError


@dataclass(frozen=True)
class WrittenScenario:
    """A scenario and the position of everything in it."""

    file: Path
    scenario: Scenario
    document: Document

    @property
    def title(self) -> str:
        """The scenario's own title, else the file's name."""
        return self.scenario.test or self.file.stem.replace("-", " ")


def read_scenarios(file: Path) -> list[WrittenScenario]:
    """Return the scenarios of a file.

    Raises :class:`UsageError` with the position and wording of ``andon check`` for anything not allowed.
    """
    try:
        documents = read_documents(str(file), read_content(file))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    except UnreadableError as error:
        raise _wrong(file, error.position, error.message) from error
    if not documents:
        raise _wrong(file, Position(), "there is no test in it; write 'given:' and 'expect:'")
    return [_validated(file, document) for document in documents]


def _wrong(file: Path, position: Position, message: str) -> CatalogErrors:
    return CatalogErrors([Diagnostic(str(file), *position, message)])


def _validated(file: Path, document: Document) -> WrittenScenario:
    if not isinstance(document.value, dict):
        raise _wrong(file, document.values[()], "a test must be a mapping; write 'given:' and 'expect:'")
    try:
        scenario = Scenario.model_validate(document.value)
    except ValidationError as error:
        raise CatalogErrors(diagnostics_of(error, document, Scenario)) from error
    return WrittenScenario(file, scenario, document)
