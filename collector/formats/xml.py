"""XML: one document for the whole, or one for each element at a path.

``data`` has the element by its local name: ``data.Order.Customer.Name``. Attributes are ``@name``, text beside them is ``#text``, several
elements of one name are a list (``data.Order.Line[].Item``). The event's type is the element's name. XML with a document type declaration,
and so with entities of its own, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import Field

from collector.documents.xml_tree import elements
from collector.format import BadDocument, Document, Reader
from collector.format_settings import FormatSettings, parse_format


class XmlSettings(FormatSettings):
    """``each``: where the documents are in the XML, by local names from the root (``Orders/Order``; ``*`` for any).

    Without it, the whole is one. ``encoding`` is what the XML says of itself, and else UTF-8.
    """

    each: str = Field(default="", pattern=r"^([^/\s]+(/[^/\s]+)*)?$")


class Xml:
    """The format ``xml``."""

    name = "xml"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(XmlSettings, settings)

        def read(body: bytes) -> Iterator[Document | BadDocument]:
            for found in elements(body, chosen.each, chosen.encoding):
                if isinstance(found[0], str):
                    yield Document(msgspec.json.encode({found[0]: found[1]}), found[0])
                else:
                    yield found[0], found[1]

        return read


FORMAT = Xml()
