"""Reads the YAML files of ``andon sla test``; every mistake is told with its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from core.errors import UsageError
from slas.unit_test import UnitTest


@dataclass(frozen=True)
class Written:
    """A test and where it stands: ``lines`` are those of its entries of ``expect``, counted from 1."""

    file: Path
    test: UnitTest
    lines: list[int]

    @property
    def title(self) -> str:
        """The test's own words, else the file's name."""
        return self.test.test or self.file.stem.replace("-", " ")


def read_tests(file: Path) -> list[Written]:
    """Return the tests of a file. Raises :class:`UsageError` with file and line for what cannot be read or is not allowed."""
    try:
        text = file.read_text(encoding="utf-8")
        # twice: once with the lines of everything, once as plain values
        marked = [document for document in YAML(typ="rt", pure=True).load_all(text) if document is not None]
        documents = [document for document in YAML(typ="safe", pure=True).load_all(text) if document is not None]
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{file}:{line}: {error.problem or error.context}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {' '.join(str(error).split())}") from error
    if not documents:
        raise UsageError(f"{file}: there is no test in it; write 'given:' and 'expect:'")
    return [_validated(file, document, lines) for document, lines in zip(documents, marked, strict=True)]


def _validated(file: Path, document: Any, marked: Any) -> Written:
    try:
        test = UnitTest.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        path = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
        message = problem["msg"].removeprefix("Value error, ")
        raise UsageError(f"{file}:{_line_of(marked, problem['loc'])}: {path + ': ' if path else ''}{message}") from error
    return Written(file, test, [_line_of(marked, ("expect", number)) for number in range(len(test.expect))])


def _line_of(document: Any, location: tuple[int | str, ...]) -> int:
    """Return the line of the deepest part of ``location`` that is there."""
    line, part = (document.lc.line + 1 if hasattr(document, "lc") else 1), document
    for step in location:
        try:
            line = int((part.lc.key(step) if isinstance(step, str) else part.lc.item(step))[0]) + 1
            part = part[step]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line
