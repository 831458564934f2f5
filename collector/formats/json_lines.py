"""JSON lines: each line is a document in JSON.

``data`` is what the line says. A line that is no JSON goes to quarantine with its number; the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.documents.lines import bad_line, lines_of
from collector.format import BadDocument, Document, Reader
from collector.format_settings import FormatSettings, parse_format, reading_text
from collector.json_guard import check_json
from collector.rejection import Rejection


class JsonLines:
    """The format ``json_lines``."""

    name = "json_lines"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(FormatSettings, settings)
        return reading_text(chosen.encoding, _documents)


FORMAT = JsonLines()


def _documents(text: str) -> Iterator[Document | BadDocument]:
    for number, line in lines_of(text):
        try:
            yield Document(check_json(line.encode()))
        except Rejection as rejection:
            yield bad_line(rejection.error.reason, number, f"cannot be read: {rejection.error.message}", line)
