"""IDocs as flat files: a control record and data records, each with its fields at fixed places, a line each or end to end.

Source: the record types of SAP's port version 3 (EDI_DC40, EDI_DD40).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector.documents.idoc_segments import CONTROL
from collector.documents.xml_tree import DEPTH_MAX
from collector.format import BadDocument, add_alike
from collector.json_guard import NODES_MAX
from collector.rejection import ValidationError

CONTROL_LENGTH = 524
DATA_LENGTH = 1063
_HEAD_LENGTH = 63
_RELEASE = re.compile(r"(?<=.{4})[0-9]{3}$")
Fields = tuple[tuple[str, int], ...]


def flat_idocs(text: str, segments: Mapping[str, Fields]) -> Iterator[tuple[str, Any] | BadDocument]:
    """Yield the IDocs of a text, as ``elements`` of ``xml_tree.py`` does. ``segments``: the fields of each, with their lengths."""
    idoc: _Idoc | None = None
    for number, record in enumerate(_records(text), 1):
        if record.startswith("EDI_DC"):
            if idoc is not None:
                yield idoc.whole()
            idoc = _Idoc(number, record)
        elif idoc is None:
            where = f"record {number}"
            message = f"this is no flat IDoc: a control record EDI_DC40 was expected here ({where})"
            yield ValidationError("idoc_control", message, where), record.encode()
        elif len(record) < _HEAD_LENGTH:
            where = f"record {number}"
            yield (
                ValidationError("idoc_record", f"a data record is cut off after {len(record)} characters ({where})", where),
                record.encode(),
            )
        else:
            idoc.add(record, segments)
    if idoc is not None:
        yield idoc.whole()


def _records(text: str) -> Iterator[str]:
    text = text.strip("\r\n\0\x1a\ufeff")
    if "\n" in text or len(text) <= CONTROL_LENGTH:
        yield from (line.rstrip("\r") for line in text.split("\n") if line.strip("\r \0\x1a"))
        return
    at = 0
    while at < len(text):
        length = CONTROL_LENGTH if text.startswith("EDI_DC40", at) else DATA_LENGTH
        yield text[at : at + length]
        at += length


class _Idoc:
    """An IDoc while its records are read: each belongs to the one that it names, else to the last one of a lower level."""

    def __init__(self, number: int, record: str) -> None:
        control = _fields(record, CONTROL)
        self._number = number
        self._records = [record]
        self._root: dict[str, Any] = {"EDI_DC40": control}
        self._by_number: dict[str, tuple[int, dict[str, Any]]] = {}
        self._wrong = ""
        self._levels: list[tuple[int, dict[str, Any]]] = []
        self._values = len(control)

    def add(self, record: str, segments: Mapping[str, Fields]) -> None:
        """Take a data record."""
        self._records.append(record)
        name = _name_of(record[:30].strip())
        number, parent, level = record[49:55].strip(), record[55:61].strip(), record[61:63].strip()
        values = _fields(record[_HEAD_LENGTH:], segments.get(name, ()))
        self._values += len(values) + 1
        if self._values > NODES_MAX // 2:
            self._wrong = self._wrong or f"an IDoc has more than {NODES_MAX // 2} values"
        if self._wrong:
            return
        depth = int(level) if level.isdecimal() else 1
        while self._levels and self._levels[-1][0] >= depth:
            self._levels.pop()
        above = (len(self._levels), self._levels[-1][1]) if self._levels else (0, self._root)
        within, holder = self._by_number.get(parent.lstrip("0"), above) if parent.strip("0") else above
        if within >= DEPTH_MAX:
            self._wrong = f"its record {len(self._records)} is nested deeper than {DEPTH_MAX} levels in an IDoc"
            return
        add_alike(holder, name, values)
        self._levels.append((depth, values))
        self._by_number[number.lstrip("0")] = within + 1, values

    def whole(self) -> tuple[str, Any] | BadDocument:
        """Return it, or why it is no document."""
        if self._wrong:
            where = f"record {self._number}"
            return ValidationError("idoc_too_large", f"{self._wrong} ({where})", where), "\n".join(self._records).encode()
        return "IDOC", self._root


def _name_of(name: str) -> str:
    """Return the name of a segment's type: a file has that of its definition, ``E2EDK01005`` for ``E1EDK01``."""
    name = _RELEASE.sub("", name)
    return re.sub(r"^([EZ]?)(E|Z)2", r"\g<1>\g<2>1", name)


def _fields(record: str, fields: Fields) -> dict[str, Any]:
    """Return the fields of a record that are not blank; what is beyond them is ``SDATA``."""
    found: dict[str, Any] = {}
    at = 0
    for name, length in fields:
        if value := record[at : at + length].strip():
            found[name] = value
        at += length
    if rest := record[at:].rstrip():
        found["SDATA"] = rest
    return found
