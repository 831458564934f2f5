"""SAP IDocs, as XML or flat: orders, confirmations, deliveries, invoices, shipments, and the status of other IDocs.

Each IDoc is an event of the type of its message (``ORDERS``). Its ``data`` has the segments and fields by name: the number of an order is
``data.IDOC.E1EDK01.BELNR``. Segments with a qualifier are under it (``data.IDOC.E1EDK02.001.BELNR``, ``data.IDOC.E1EDKA1.WE.PARTN``),
those of an item are within it (``data.IDOC.E1EDP01[].E1EDP19.002.IDTNR``). The control record is ``data.IDOC.EDI_DC40``.

A flat file names no fields. Those of the usual segments are known; more are named in the settings, and what is beyond the known ones is
``SDATA``, as it was sent. An IDoc is known by the system, client and number of its control record and by its content, so that one that is
sent again is the same event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from pydantic import Field, PositiveInt

from collector.documents.flat_idoc import flat_idocs
from collector.documents.idoc_segments import NUMBERS, QUALIFIERS, SEGMENTS
from collector.documents.xml_tree import elements
from collector.format import BadDocument, Document, Reader, add_alike
from collector.format_settings import FormatSettings, parse_format, reading_text, rfc3339

_CONTROL = "EDI_DC40"


class IdocSettings(FormatSettings):
    """``segments``: the fields of segments in flat files, in order, with their lengths: ``Z1ORDER: {PROJECT: 12, PLANT: 4}``.

    ``encoding`` of XML is what it says of itself.
    """

    segments: dict[str, dict[str, PositiveInt]] = Field(default_factory=dict)


class Idoc:
    """The format ``idoc``."""

    name = "idoc"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(IdocSettings, settings)
        known = {**SEGMENTS, **{name: tuple(fields.items()) for name, fields in chosen.segments.items()}}

        def documents(found: Iterator[tuple[str, Any] | BadDocument]) -> Iterator[Document | BadDocument]:
            for one in found:
                yield _document(one[1], chosen) if isinstance(one[0], str) else (one[0], one[1])

        flat = reading_text(chosen.encoding, lambda text: documents(flat_idocs(text, known)))

        def read(body: bytes) -> Iterator[Document | BadDocument]:
            return documents(elements(body, "//IDOC", chosen.encoding, attributes=False)) if _is_xml(body) else flat(body)

        return read


FORMAT = Idoc()


def _is_xml(body: bytes) -> bool:
    return body[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")


def _document(idoc: Any, settings: IdocSettings) -> Document:
    segments = _by_qualifier(idoc) if isinstance(idoc, dict) else {}
    control = segments.get(_CONTROL)
    control = control if isinstance(control, dict) else {}
    written = msgspec.json.encode({"IDOC": segments})
    kind = _field(control, "MESTYP") or _field(control, "IDOCTYP") or "IDOC"
    content = hashlib.blake2b(written, digest_size=8).hexdigest()
    identity = "/".join([kind, *(_field(control, name) for name in ("SNDPOR", "SNDPRN", "MANDT", "DOCNUM")), content])
    made = rfc3339(_field(control, "CREDAT"), _field(control, "CRETIM"), settings.zone)
    number = next((found for segment, field in NUMBERS if (found := _field(segments.get(segment), field))), "")
    return Document(written, kind, identity, made, number)


def _field(segment: Any, name: str) -> str:
    if isinstance(segment, list):
        segment = segment[0]
    value = segment.get(name, "") if isinstance(segment, Mapping) else ""
    return value if isinstance(value, str) else ""


def _by_qualifier(segment: dict[str, Any]) -> dict[str, Any]:
    """Return a segment with the qualified ones within it under their qualifiers."""
    found: dict[str, Any] = {}
    for name, value in segment.items():
        inner = [_by_qualifier(one) if isinstance(one, dict) else one for one in (value if isinstance(value, list) else [value])]
        qualifier = QUALIFIERS.get(name)
        if qualifier is None:
            found[name] = inner if len(inner) > 1 else inner[0]
            continue
        under: dict[str, Any] = {}
        for one in inner:
            add_alike(under, _field(one, qualifier), one)
        found[name] = under
    return found
