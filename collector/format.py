"""The contract of a format: how the bytes of a message, a file or an upload become documents.

A source names its format (``format: x12``, or ``format: {type: csv, delimiter: ";"}``). Without one, a body is what its content type says,
and else JSON or text. A format does no I/O while settings are validated, keeps no state between bodies, and never raises for what is in
one: the part that cannot be read becomes a :data:`BadDocument`, and the others are read all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from collector.rejection import ValidationError


@dataclass(frozen=True, slots=True)
class Document:
    """One document: ``data`` is JSON within the limits of :mod:`collector.json_guard`.

    ``type``: what it calls itself (``ORDERS``, ``850``). ``id``: what tells it from every other document of its source and is the same
    when it is sent again; empty if it does not say. ``time``: when it was made, as RFC 3339 writes it; empty if it does not say.
    ``subject``: its own number, such as that of an order; empty if it has none.
    """

    data: bytes
    type: str = ""
    id: str = ""
    time: str = ""
    subject: str = ""


BadDocument = tuple[ValidationError, bytes]
"""What is wrong and where (line, or segment and position), and the part of the body that is lost by it."""
Reader = Callable[[bytes], Iterator[Document | BadDocument]]
"""Reads the documents of one body, in order."""


@runtime_checkable
class Format(Protocol):
    """One file in ``formats/`` that exports ``FORMAT``."""

    name: str

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Does no I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...


def add_alike(holder: dict[str, Any], name: str, value: Any) -> None:
    """Put a value of a document under a name: one alone is itself, several alike are a list."""
    if name not in holder:
        holder[name] = value
    elif isinstance(holder[name], list):
        holder[name].append(value)
    else:
        holder[name] = [holder[name], value]
