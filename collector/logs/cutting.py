"""Bytes of a log file as lines, and lines as records: a stack trace belongs to the line before it."""

from __future__ import annotations

from dataclasses import dataclass

from collector.format_settings import text_of
from core.pattern import Pattern

LINE_MAX_BYTES = 60 << 10
"""Of a line; a record of several lines is cut there. OTLP shortens what is longer than 64 KiB."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A record: where it begins and ends in the bytes that were cut, and its text; ``too_long`` holds what cannot be one."""

    begin: int
    end: int
    text: str = ""
    too_long: bytes = b""


@dataclass(frozen=True, slots=True)
class Cuts:
    """The records of a chunk, and how much of it they take. ``unfinished``: the last of them is a line that may go on behind it."""

    records: list[Cut]
    size: int
    unfinished: bool


@dataclass(frozen=True, slots=True)
class Cutter:
    """``encoding``: of the text; without it UTF-8, and what is not UTF-8 is Windows-1252. ``first_line``: of a record of several lines."""

    encoding: str | None
    first_line: Pattern | None

    def cut(self, chunk: bytes, *, quiet: bool = False, final: bool = False) -> Cuts:
        """Return the records of a chunk. Lines that may go on wait unless it is ``quiet``; an unfinished line, unless it is ``final``."""
        lines, size, unfinished = self._lines(chunk, final=final)
        if self.first_line is None:
            return Cuts(lines, size, unfinished)
        records: list[Cut] = []
        group: list[Cut] = []
        for line in lines:
            begins = bool(line.too_long or self.first_line.fits(line.text))
            if group and (begins or group[0].too_long or line.end - group[0].begin > LINE_MAX_BYTES):
                records.append(_joined(group))
                group = []
            group.append(line)
        if group and (quiet or final or group[0].too_long):
            records.append(_joined(group))
        elif group:
            size = group[0].begin
        return Cuts(records, size, unfinished)

    def skipped(self, chunk: bytes) -> tuple[int, bool]:
        """Return how much of a chunk still belongs to a line that is too long, and whether that line ends there."""
        newline = self._newline
        found = _find(chunk, newline, 0)
        return (len(chunk) - len(chunk) % len(newline), False) if found < 0 else (found + len(newline), True)

    @property
    def _newline(self) -> bytes:
        if self.encoding is None:
            return b"\n"
        return "\n\n".encode(self.encoding)[len("\n".encode(self.encoding)) :]  # the second has no byte order mark before it

    def _lines(self, chunk: bytes, *, final: bool) -> tuple[list[Cut], int, bool]:
        newline = self._newline
        lines: list[Cut] = []
        begin, unfinished = 0, False
        while begin < len(chunk):
            found = _find(chunk, newline, begin)
            unfinished = found < 0
            end = len(chunk) if unfinished else found + len(newline)
            if unfinished and not final and end - begin <= LINE_MAX_BYTES:
                return lines, begin, False
            lines.append(self._line(chunk, begin, end))
            begin = end
        return lines, begin, unfinished

    def _line(self, chunk: bytes, begin: int, end: int) -> Cut:
        raw = chunk[begin:end]
        if len(raw) > LINE_MAX_BYTES:
            return Cut(begin, end, too_long=raw[:LINE_MAX_BYTES])
        try:
            text = text_of(raw, self.encoding)
        except ValueError:
            text = raw.decode(self.encoding or "utf-8", "replace")
        # a file that is truncated under its writer begins with NULs
        return Cut(begin, end, text.strip("\0").rstrip("\r\n").removeprefix("\ufeff"))


def _joined(lines: list[Cut]) -> Cut:
    if len(lines) == 1:
        return lines[0]
    return Cut(lines[0].begin, lines[-1].end, "\n".join(line.text for line in lines))


def _find(chunk: bytes, newline: bytes, start: int) -> int:
    """Return where a newline is; one of several bytes begins where a character does."""
    found = chunk.find(newline, start)
    while found % len(newline) and found >= 0:
        found = chunk.find(newline, found + 1)
    return found
