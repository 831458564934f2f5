"""SQL kept in files, ``<folder>/<name>.sql.j2``, one statement a file, rendered by one Jinja environment.

A template takes what SQL cannot bind: names of tables and columns out of the code's own lists, whether a condition is asked for at all, and
what a catalog says, for a view cannot bind anything (``literal``, ``literals``). Other values bind as ClickHouse parameters, ``{name:Type}``.
So no braces of Jinja's, ``{{ }}``, ``{% %}`` and ``{# #}``, occur in the SQL itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_RENDERED_AT_MOST = 512


def literal(value: str) -> str:
    """Return a string as SQL, for a view, whose text cannot have parameters."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literals(values: Iterable[str]) -> str:
    """Return an array of strings as SQL."""
    return f"[{', '.join(map(literal, values))}]"


def environment_of(folder: Path) -> Environment:
    """Return the environment in which the files of ``folder`` are rendered: an undefined name is an error."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - what is rendered is SQL, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"literal": literal, "literals": literals}
    return environment


def statements(folder: Path) -> Callable[..., str]:
    """Return a function that renders ``<folder>/<name>.sql.j2`` with named parameters, once for the same ones.

    It raises :class:`jinja2.TemplateNotFound` for an unknown name, :class:`jinja2.UndefinedError` for a parameter that is not given.
    """
    environment = environment_of(folder)

    @lru_cache(_RENDERED_AT_MOST)
    def statement(name: str, /, **parameters: Hashable) -> str:
        return environment.get_template(f"{name}.sql.j2").render(parameters)

    return statement
