"""SQL in files, ``<folder>/<name>.sql.j2``, one statement per file, rendered by one Jinja environment.

A template inserts what SQL cannot bind: table and column names from the code's own lists, conditions that apply only sometimes, and values
of a catalog in a view, since a view cannot bind anything (``literal``, ``literals``). All other values are bound as ClickHouse parameters,
``{name:Type}``. So Jinja's own braces, ``{{ }}``, ``{% %}`` and ``{# #}``, do not occur in the SQL itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_RENDERED_AT_MOST = 512
_OF_JINJA = ("{{", "{%", "{#")
_SHARED = Path(__file__).parent / "sql"
"""Macros for the statements of every package."""


def literal(value: str) -> str:
    """Return a string as an SQL literal, for a view, whose text cannot have parameters."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literals(values: Iterable[str]) -> str:
    """Return an array of strings as an SQL literal."""
    return f"[{', '.join(map(literal, values))}]"


def environment_of(folder: Path) -> Environment:
    """Return the environment in which the files of ``folder`` are rendered: an undefined name is an error."""
    environment = Environment(
        loader=FileSystemLoader([folder, _SHARED]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - what is rendered is SQL, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"literal": literal, "literals": literals}
    return environment


def statements(folder: Path) -> Callable[..., str]:
    """Return a function that renders ``<folder>/<name>.sql.j2`` with named parameters; equal parameters are rendered only once.

    It raises :class:`jinja2.TemplateNotFound` for an unknown name, and :class:`jinja2.UndefinedError` for a parameter that is not given.
    """
    environment = environment_of(folder)
    loader = FileSystemLoader(folder)

    @lru_cache(_RENDERED_AT_MOST)
    def statement(name: str, /, **parameters: Hashable) -> str:
        file = f"{name}.sql.j2"
        text = loader.get_source(environment, file)[0]
        if not any(mark in text for mark in _OF_JINJA):
            return text.removesuffix("\n")  # as Jinja would, which takes milliseconds to compile each, at every start
        return environment.get_template(file).render(parameters)

    return statement
