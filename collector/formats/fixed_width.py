"""Fixed width: each line is a document, its fields at fixed places.

``data.ORDER_NO`` is the field ``ORDER_NO``, without the blanks around it; blank ones are left out. A line that is longer than its fields
goes to quarantine; one that is shorter has lost its blanks at the end, and is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import Field, PositiveInt

from collector.documents.lines import bad_line, lines_of
from collector.format import BadDocument, Document, Reader
from collector.format_settings import FormatSettings, parse_format, reading_text

FIELDS_MAX = 2_000


class FixedWidthSettings(FormatSettings):
    """``fields``: their names in order, with their widths in characters. ``skip``: lines to leave out at the beginning."""

    fields: dict[str, PositiveInt] = Field(min_length=1, max_length=FIELDS_MAX)
    skip: int = Field(default=0, ge=0)


class FixedWidth:
    """The format ``fixed_width``."""

    name = "fixed_width"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(FixedWidthSettings, settings)
        places, width = [], 0
        for name, length in chosen.fields.items():
            places.append((name, width, width + length))
            width += length

        def documents(text: str) -> Iterator[Document | BadDocument]:
            for number, line in lines_of(text, chosen.skip):
                if len(line.rstrip()) > width:
                    yield bad_line("fixed_width", number, f"has {len(line.rstrip())} characters, its fields have {width}", line)
                else:
                    values = {name: line[begin:end].strip() for name, begin, end in places}
                    yield Document(msgspec.json.encode({name: value for name, value in values.items() if value}))

        return reading_text(chosen.encoding, documents)


FORMAT = FixedWidth()
