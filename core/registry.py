"""Finds one-file plug-ins.

A plug-in is a module in a plural folder (``receivers/``, ``notifiers/``, ``pages/``) that exports one constant. The folder is scanned when
the process starts, never at import. Files that begin with ``_`` are ignored.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from types import ModuleType
from typing import TypeVar

from core.errors import AndonError

T = TypeVar("T")
logger = logging.getLogger("andon")


def files_of(package: ModuleType) -> list[str]:
    """Return the names of the plug-in files in ``package``, whether or not they can be imported here."""
    return [info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")]


def discover(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Return the plug-ins in ``package`` by their ``name``.

    Each module must export ``constant``, an instance of ``kind`` with a ``name`` attribute. A missing constant, a wrong type or a duplicate
    name raises :class:`AndonError` naming the file. A plug-in whose third-party package is missing is left out.
    """
    found: dict[str, T] = {}
    origins: dict[str, str] = {}
    for file in files_of(package):
        try:
            module = importlib.import_module(f"{package.__name__}.{file}")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in {package.__name__.partition(".")[0], "core"}:
                raise
            # An extra that is not installed disables one plug-in, not the process.
            fields = {"plugin": file, "missing": error.name}
            logger.warning("a plug-in is not available because its package is not installed", extra={"fields": fields})
            continue
        plugin = getattr(module, constant, None)
        if not isinstance(plugin, kind):
            raise AndonError(f"{module.__file__}: a plug-in must export {constant}, an instance of {kind.__name__}; add it")
        name: str = getattr(plugin, "name")  # noqa: B009 - the attribute is part of every plug-in contract
        if name in found:
            raise AndonError(f"{module.__file__}: the name '{name}' is already used by {origins[name]}; choose another")
        found[name] = plugin
        origins[name] = str(module.__file__)
    return found
