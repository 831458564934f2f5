"""What the formats of EDI share: they differ in their dialect alone."""

from __future__ import annotations

from typing import Any, ClassVar

from collector.edi.interchange import Dialect, InterchangeReader
from collector.format import Reader
from collector.format_settings import FormatSettings, parse_format, reading_text


class EdiFormat:
    """A format of EDI."""

    dialect: ClassVar[Dialect]

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(FormatSettings, settings)
        return reading_text(chosen.encoding, InterchangeReader(self.dialect, chosen.zone).documents)
