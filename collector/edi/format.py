"""What the formats of EDI share: they differ in their dialect alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from collector.edi.interchange import Dialect, InterchangeReader
from collector.format import BadDocument, Document, Reader
from collector.format_settings import FormatSettings, parse_format, text_of, unreadable


class EdiFormat:
    """A format of EDI."""

    dialect: ClassVar[Dialect]

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(FormatSettings, settings)
        reader = InterchangeReader(self.dialect, chosen.zone)

        def read(body: bytes) -> Iterator[Document | BadDocument]:
            try:
                text = text_of(body, chosen.encoding)
            except ValueError as error:
                yield unreadable(error, body)
                return
            yield from reader.documents(text)

        return read
