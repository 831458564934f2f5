"""XML as JSON, safely: no entity of the document's own, nothing from outside, and bounds on what it becomes.

An element with text alone is that text. One with attributes or others within it is a map: attributes as ``@name``, its text as ``#text``;
several elements of one name are a list. Names are local: prefixes and namespaces are left out.

Refused: a document type declaration, which is what attacks with entities need; more than 60 levels; more values in one document than an
event may have; a tag or comment of more than 1 MiB. The parser is the standard library's; it keeps no tree, and elements are handed on as
they end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from collector.format import BadDocument, add_alike
from collector.json_guard import NODES_MAX
from collector.rejection import Rejection, ValidationError, unusable

DEPTH_MAX = 60
VALUES_MAX = NODES_MAX // 2
_CHUNK_BYTES = 1 << 20
"""Parsed at a time. Smaller ones would make a long tag expensive: the parser begins it anew with each."""
_OF_TWO_BYTES = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
"""What begins so is UTF-16, half of whose characters are NULs that belong to it."""
Element = tuple[str, Any]
"""Its local name, and what it says."""


def elements(body: bytes, path: str, encoding: str | None, *, attributes: bool = True) -> Iterator[Element | BadDocument]:
    """Yield the elements at a path (local names, ``Orders/Order``; ``*`` for any; empty for the whole document), in order.

    ``//IDOC``: wherever they are. XML in which there is nothing that could hold one is a bad document: it is something else, or wrapped in
    something. What breaks the XML off comes last; the elements before it are read. ``encoding`` overrides what the XML says of itself.
    """
    body = body if body.startswith(_OF_TWO_BYTES) else body.strip(b" \t\r\n\0")
    parser = expat.ParserCreate(encoding)
    reading = _Reading(path, body, parser, attributes=attributes)
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = reading.doctype
    try:
        for at in range(0, len(body) or 1, _CHUNK_BYTES):
            parser.Parse(body[at : at + _CHUNK_BYTES], at + _CHUNK_BYTES >= len(body))
            if at + _CHUNK_BYTES < len(body) and at + _CHUNK_BYTES - parser.CurrentByteIndex > _CHUNK_BYTES:
                raise unusable("xml_limits", "a tag or comment has more than 1 MiB")
            yield from reading.taken()
        if reading.wrong:
            error = ValidationError("xml_path", reading.wrong, "", "name in the source's format where the documents are")
            yield _bad(error, parser), body
    except expat.ExpatError as wrong:
        yield from reading.taken()
        what = f"the XML breaks off: {expat.ErrorString(wrong.code)}"
        yield _bad(ValidationError("xml_syntax", what, "", "send well-formed XML"), parser), body
    except Rejection as rejection:
        yield from reading.taken()
        yield _bad(rejection.error, parser), body
    except (LookupError, ValueError) as wrong:  # the encoding that the XML names
        yield _bad(ValidationError("xml_encoding", str(wrong)), parser), body


def _bad(error: ValidationError, parser: expat.XMLParserType) -> ValidationError:
    where = f"line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}"
    return ValidationError(error.reason, f"{error.message} ({where})", where, error.what_to_do)


class _Reading:
    """The open elements; what is complete at the path is handed on."""

    def __init__(self, path: str, body: bytes, parser: expat.XMLParserType, *, attributes: bool) -> None:
        self._where = path
        self._is_anywhere = path.startswith("//")
        self._path = [part for part in path.split("/") if part] or ["*"]
        self._has_place = False
        self._root = ""
        self._body = body
        self._parser = parser
        self._begins = 0
        self._found: list[Element | BadDocument] = []
        self._number = 0
        self._attributes = attributes
        self._names: list[str] = []
        self._open: list[dict[str, Any]] = []
        self._texts: list[list[str]] = []
        self._values = 0

    @property
    def wrong(self) -> str:
        """Return what is wrong with XML that was read to its end; empty if nothing is, as where a list has no items."""
        if self._number or self._has_place:
            return ""
        return f"there is no element at '{self._where}': the XML is one {self._root}"

    def taken(self) -> list[Element | BadDocument]:
        """Return what was complete since the last call."""
        found, self._found = self._found, []
        return found

    def doctype(self, *_: object) -> None:
        raise unusable(
            "xml_dtd", "a document type declaration is not read", what_to_do="leave it out; entities of its own are refused, too"
        )

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._names.append(name)
        if len(self._names) > DEPTH_MAX:
            raise unusable("xml_limits", f"the XML is nested deeper than {DEPTH_MAX} levels")
        if not self._open and not self._is_at_path():
            self._root = self._root or name[:100]
            self._has_place = self._has_place or (not self._is_anywhere and self._is_at(self._path[:-1]))
            return
        if not self._open:
            self._begins = self._parser.CurrentByteIndex
        self._values += 1 + len(attributes)
        content: dict[str, Any] = {}
        if self._attributes and self._values <= VALUES_MAX:
            for key, value in attributes.items():
                if not key.startswith("xmlns"):
                    content[f"@{key.rpartition(':')[2]}"] = value
        self._open.append(content)
        self._texts.append([])

    def text(self, text: str) -> None:
        if self._texts and self._values <= VALUES_MAX:
            self._texts[-1].append(text)

    def end(self, _: str) -> None:
        name = self._names.pop()
        if not self._open:
            return
        content, text = self._open.pop(), "".join(self._texts.pop()).strip()
        value: Any = content or text
        if content and text:
            content["#text"] = text
        if self._open:
            if self._values <= VALUES_MAX:
                add_alike(self._open[-1], name, value)
            return
        self._number += 1
        if self._values > VALUES_MAX:
            lost = self._body[self._begins : self._parser.CurrentByteIndex]
            message = f"the element {name} number {self._number} has more than {VALUES_MAX} values"
            self._found.append((ValidationError("xml_limits", message, name, "name a path within it, with 'each'"), lost))
        else:
            self._found.append((name, value))
        self._values = 0

    def _is_at_path(self) -> bool:
        return self._names[-1] == self._path[-1] if self._is_anywhere else self._is_at(self._path)

    def _is_at(self, path: list[str]) -> bool:
        return len(self._names) == len(path) and all(wanted in {"*", name} for wanted, name in zip(path, self._names, strict=True))
