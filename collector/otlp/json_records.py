"""OTLP/JSON record by record: what cannot be read is set aside, and the rest passes. Called only if something cannot be read.

Members that OTLP does not have are ignored within a record, as its specification asks. Above the records they are set aside and told:
``resource_spans`` or ``instrumentationLibrarySpans`` hold data that would otherwise be gone without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from collector.json_guard import without_wrapping
from collector.otlp.json import convert
from collector.otlp.json_types import ProtobufStruct, struct_of
from collector.otlp.records import BadRecords
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection, ValidationError
from core.signal import SignalKind

JSON = "application/json"
_ABOUT_CONTENT = {"bad_json:type", "bad_json:value"}
_Document = dict[str, Any]


def read(kind: SignalKind, body: bytes) -> tuple[bytes, list[BadRecords]]:
    """Return an OTLP/JSON request as protobuf without what cannot be read of it, and that by fault, each a request in OTLP/JSON.

    Raises :class:`collector.rejection.Rejection` (400) if nothing can be read: it is not JSON, or a resource or a scope is wrong.
    """
    try:
        return convert(kind, body), []
    except Rejection as rejection:
        if rejection.error.reason not in _ABOUT_CONTENT:
            raise
        try:
            document = msgspec.json.decode(without_wrapping(body))
        except (msgspec.DecodeError, UnicodeError):  # after the place that was complained of
            raise rejection from None
        if not isinstance(document, dict):
            raise
        bad = _Sorter(kind).sort_out(document)
        return convert(kind, msgspec.json.encode(document)), bad


class _Sorter:
    """Takes what cannot be read out of a document."""

    def __init__(self, kind: SignalKind) -> None:
        self._levels: list[tuple[str, type[ProtobufStruct]]] = []
        """The name of the holder of each level, and the struct of its elements: resources, scopes, records."""
        message = REQUESTS[kind].DESCRIPTOR
        self._structs = [struct_of(message)]
        while len(self._levels) < 3:
            field = next(each for each in message.fields if each.is_repeated and each.message_type is not None)
            message = field.message_type
            self._levels.append((field.json_name, struct_of(message)))
        self._bad: dict[str, _Group] = {}

    def sort_out(self, document: _Document) -> list[BadRecords]:
        """Remove what cannot be read from ``document``, and return it."""
        self._strip(document, struct_of_level=self._structs[0], place=[])
        self._descend(document, 0, [])
        return [group.bad_records() for group in self._bad.values()]

    def _descend(self, holder: _Document, level: int, place: list[_Document]) -> None:
        name, struct = self._levels[level]
        elements = holder.get(name)
        if not isinstance(elements, list):
            return  # whoever reads the rest says what is wrong
        if level == 2:
            holder[name] = [element for index, element in enumerate(elements) if self._is_good(index, element, [*place, holder])]
            return
        for element in elements:
            if isinstance(element, dict):
                self._strip(element, struct_of_level=struct, place=[*place, holder])
                self._descend(element, level + 1, [*place, holder])

    def _strip(self, holder: _Document, struct_of_level: type[ProtobufStruct], place: list[_Document]) -> None:
        """Take the members out of a holder that OTLP does not have there."""
        for name in holder.keys() - set(struct_of_level.__struct_encode_fields__):
            value = holder.pop(name)
            error = ValidationError(
                "otlp_unknown_member",
                f"OTLP/JSON has no member '{name[:64]}' there",
                name[:64],
                f"send {', '.join(level for level, _ in self._levels)}; see the JSON encoding of the OTLP specification",
            )
            self._group(error).add([*place, {**self._without_elements(holder), name: value}], self._levels, 1)

    def _is_good(self, index: int, record: Any, place: list[_Document]) -> bool:
        name, struct = self._levels[2]
        try:
            msgspec.convert(record, struct).to_protobuf()
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at ")
            reason = "bad_json:type"
        except (ValueError, OverflowError) as error:
            message, path, reason = str(error), "", "bad_json:value"
        else:
            return True
        field = f"{name}[{index}]{path.strip('`').removeprefix('$')}"
        error_of_record = ValidationError(
            reason, f"not an OTLP/JSON record: {message}", field, "see the JSON encoding of the OTLP specification"
        )
        self._group(error_of_record).add(
            [*place[:-1], {**self._without_elements(place[-1]), name: [record]}], self._levels, _signals(record)
        )
        return False

    def _group(self, error: ValidationError) -> _Group:
        return self._bad.setdefault(error.reason, _Group(error))

    def _without_elements(self, holder: _Document) -> _Document:
        names = {name for name, _ in self._levels}
        return {name: value for name, value in holder.items() if name not in names}


class _Group:
    """What has one fault, each below a copy of its scope and resource."""

    def __init__(self, error: ValidationError) -> None:
        self._error = error
        self._document: _Document = {}
        self._count = 0

    def add(self, place: list[_Document], levels: list[tuple[str, Any]], count: int) -> None:
        """Add the last of ``place``, which are the holders around it from the request on."""
        self._count += count
        *outer, last = place
        for (name, _), holder in reversed(list(zip(levels, outer, strict=False))):
            last = {**{key: value for key, value in holder.items() if key not in {level for level, _ in levels}}, name: [last]}
        for name, value in last.items():
            if name == levels[0][0] and isinstance(value, list):
                self._document.setdefault(name, []).extend(value)
            else:
                self._document[name] = value

    def bad_records(self) -> BadRecords:
        """Return them as a request."""
        return BadRecords(self._error, msgspec.json.encode(self._document), self._count, JSON)


def _signals(record: Any) -> int:
    """Return how many signals a record is: of a metric its data points, if they can be found."""
    return max(1, sum(map(len, _points(record))))


def _points(record: Any) -> Iterator[list[Any]]:
    for value in record.values() if isinstance(record, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("dataPoints"), list):
            yield value["dataPoints"]
