"""Settings that formats share: in which encoding and time zone a partner writes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import field_validator

from collector.format import BadDocument, Document, Reader
from collector.plugin_settings import PluginSettings, known_zone, parsed
from collector.rejection import ValidationError
from core.time_text import read_time

WINDOWS = "cp1252"
_LOOKED_AT = 64
"""Bytes, to tell UTF-16."""


class FormatSettings(PluginSettings):
    """``encoding``: of the text; without it UTF-8 or UTF-16, and what is neither is read as Windows-1252.

    ``time_zone``: of the times that say when a document was made, which name none; without it an event has the time at which it came.
    """

    encoding: str | None = None
    time_zone: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            return name if name is None else _encoding_of_lines(name)
        except (LookupError, ValueError) as error:
            raise ValueError(f"encoding '{name}' is not known; write one such as utf-8, latin-1, cp1252 or utf-16") from error

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return known_zone(name)

    @property
    def zone(self) -> ZoneInfo | None:
        """Return the time zone."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


def _encoding_of_lines(name: str) -> str:
    """Return an encoding's own name. Raises ``LookupError`` or ``ValueError`` if it is none in which a text has lines."""
    mark = len("\n".encode(name))  # an encoding of bytes, such as hex, is none of a text; the first newline may come with a byte order mark
    newline, line, both = (f"\n{text}".encode(name)[mark:] for text in ("\n", "a" * 100, f"{'a' * 100}\n{'a' * 100}"))
    if both != line + newline + line or len(line) != 100 * len(newline):
        raise ValueError(f"'{name}' writes a text as a whole, or a newline as something else")
    return codecs.lookup(name).name


Chosen = TypeVar("Chosen", bound=FormatSettings)


def parse_format(kind: type[Chosen], settings: dict[str, Any]) -> Chosen:
    """Return a source's ``format:``, typed. Raises :class:`core.errors.WrongSetting` that names the field."""
    return parsed(kind, settings, "format")


def text_of(body: bytes, encoding: str | None, otherwise: str = WINDOWS) -> str:
    """Return a body as text, without a byte order mark. Raises ``ValueError`` if it is not in the encoding that was named.

    ``otherwise``: the encoding of what is not UTF, where none was named.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding in {None, "utf-16"}:
        return body.decode("utf-16")
    if encoding is None:
        if (unmarked := _unmarked_utf16(body)) is not None:
            return unmarked
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return body.decode(otherwise, "replace")
    try:
        return body.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not {encoding}; name the right one as the format's encoding") from error


def _unmarked_utf16(body: bytes) -> str | None:
    """Return a text in UTF-16 without a byte order mark, known by every second byte of its beginning being NUL; None for any other."""
    beginning = body[:_LOOKED_AT]
    for encoding, high, low in (("utf-16-le", beginning[1::2], beginning[::2]), ("utf-16-be", beginning[::2], beginning[1::2])):
        if len(body) % 2 == 0 and len(high) > 1 and not high.strip(b"\0") and b"\0" not in low:
            try:
                return body.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


def reading_text(
    encoding: str | None,
    documents: Callable[[str], Iterator[Document | BadDocument]],
    otherwise: Callable[[bytes], str] = lambda _: WINDOWS,
) -> Reader:
    """Return what reads the documents of a body that is text; one that is none in its encoding is a bad document.

    ``otherwise``: in which encoding a body says that it is; it counts where none was named, and the body is not UTF.
    """

    def read(body: bytes) -> Iterator[Document | BadDocument]:
        try:
            text = text_of(body, encoding, otherwise(body))
        except ValueError as error:
            yield ValidationError("bad_text", str(error), "body"), body
            return
        yield from documents(text)

    return read


def rfc3339(date: str, time: str, zone: ZoneInfo | None) -> str:
    """Return a local date (``YYYYMMDD`` or ``YYMMDD``) and time (``HHMM`` or longer) as RFC 3339 writes it.

    Empty for what is none, and without a zone.
    """
    if zone is None or not date.isdecimal() or len(date) not in {6, 8} or not (time[:4].isdecimal() and len(time) >= 4):
        return ""
    century = "" if len(date) == 8 else "20" if date < "80" else "19"
    clock = time[:6] if len(time) >= 6 and time[:6].isdecimal() else time[:4]
    try:
        return read_time(f"{century}{date}{clock}").replace(tzinfo=zone).isoformat()
    except ValueError:
        return ""
