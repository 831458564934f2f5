"""What the formats of EDI share: they differ in their dialect alone."""

from __future__ import annotations

from typing import Any, ClassVar

from collector.edi.interchange import Dialect, InterchangeReader
from collector.format import Reader
from collector.format_settings import WINDOWS, FormatSettings, parse_format, reading_text

_ENVELOPE_NAME_MAX = 120
"""Characters: more than any envelope has in its name. What is answered repeats it for each message."""


def linked(envelope: str, number: str, kind: str, answered: tuple[str, Any, str] | None) -> dict[str, Any]:
    """Return the names by which an acknowledgement and what it acknowledges are found together.

    ``envelope`` and ``number`` are those of this message. ``answered``: the envelope that it answers, the segments (one or a list) that
    each name one of the ``kind`` in it, and the element with the number; of a name that no envelope has, nothing is found.
    """
    more: dict[str, Any] = {"envelope": envelope, "reference": f"{envelope}/{number}"}
    if answered is not None and len(answered[0]) <= _ENVELOPE_NAME_MAX:
        theirs, named, element = answered
        ones = named if isinstance(named, list) else [named]
        more["acknowledges"] = {"envelope": theirs, kind: [f"{theirs}/{one.get(element, '')}" for one in ones]}
    return more


class EdiFormat:
    """A format of EDI."""

    dialect: ClassVar[Dialect]

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(FormatSettings, settings)
        return reading_text(chosen.encoding, InterchangeReader(self.dialect, chosen.zone).documents, self.encoding_of)

    def encoding_of(self, _body: bytes) -> str:
        """Return the encoding of a body that is not UTF, where the settings name none."""
        return WINDOWS
