"""Reads the YAML files of ``andon sla test``; every mistake is told with its place, as ``andon check`` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from core.catalog.complaints import problems_of
from core.catalog.load import CatalogErrors, read_content
from core.catalog.positions import Document, Position, Problem, UnreadableError
from core.errors import UsageError
from slas.unit_test import UnitTest


@dataclass(frozen=True)
class Written:
    """A test and where everything of it stands."""

    file: Path
    test: UnitTest
    document: Document

    @property
    def title(self) -> str:
        """The test's own words, else the file's name."""
        return self.test.test or self.file.stem.replace("-", " ")


def read_tests(file: Path) -> list[Written]:
    """Return the tests of a file. Raises :class:`UsageError` with the place and the words of ``andon check`` for what is not allowed."""
    try:
        text = read_content(file).decode("utf-8-sig")
        # twice: once with the places of everything, once as plain values
        marked = [document for document in YAML(typ="rt", pure=True).load_all(text) if document is not None]
        documents = [document for document in YAML(typ="safe", pure=True).load_all(text) if document is not None]
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    except UnreadableError as error:
        raise _wrong(file, error.position, error.message) from error
    except UnicodeDecodeError as error:
        raise _wrong(file, Position(), f"byte 0x{error.object[error.start]:02x} is not UTF-8; give a YAML file of tests") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position()
        raise _wrong(file, position, f"this is not YAML: {error.problem or error.context}") from error
    except YAMLError as error:
        raise _wrong(file, Position(), f"this is not YAML: {' '.join(str(error).split())}") from error
    if not documents:
        raise _wrong(file, Position(), "there is no test in it; write 'given:' and 'expect:'")
    return [_validated(file, document, places) for document, places in zip(documents, marked, strict=True)]


def _wrong(file: Path, position: Position, message: str) -> CatalogErrors:
    return CatalogErrors([Problem(str(file), *position, message)])


def _validated(file: Path, value: Any, marked: Any) -> Written:
    document = Document(str(file), value)
    _note_positions(document, marked, ())
    if not isinstance(value, dict):
        raise _wrong(file, document.values[()], "a test must be a mapping; write 'given:' and 'expect:'")
    try:
        test = UnitTest.model_validate(value)
    except ValidationError as error:
        raise CatalogErrors(problems_of(error, document, UnitTest)) from error
    return Written(file, test, document)


def _note_positions(document: Document, marked: Any, path: tuple[str | int, ...]) -> None:
    """Note where everything of a document stands, as the reader of catalogs does."""
    if not path:
        document.values[path] = Position(marked.lc.line + 1, marked.lc.col + 1) if hasattr(marked, "lc") else Position()
    if isinstance(marked, CommentedMap):
        for key in marked:
            document.keys[(*path, key)] = _position(marked.lc.key(key))
            document.values[(*path, key)] = _position(marked.lc.value(key))
            _note_positions(document, marked[key], (*path, key))
    elif isinstance(marked, CommentedSeq):
        for index, item in enumerate(marked):
            document.values[(*path, index)] = _position(marked.lc.item(index))
            _note_positions(document, item, (*path, index))


def _position(place: tuple[int, int]) -> Position:
    return Position(place[0] + 1, place[1] + 1)
