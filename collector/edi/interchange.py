"""The messages of a body: any number of interchanges one after another, each with its groups and messages.

Partners send envelopes that are not by the letter, and a monitor must read them all the same. What is wrong with a message that could be
read is told in it, under ``problems``. What is lost (a message that breaks off, text that belongs to nothing) and counts that say that
something is missing become bad documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from collector.edi.segments import Segment, Separators, as_map, segments
from collector.edi.tree import Layout, tree_of
from collector.format import BadDocument, Document
from collector.format_settings import rfc3339
from collector.json_guard import NODES_MAX
from collector.rejection import ValidationError

_GAP = " \t\r\n\0\x1a\ufeff\xa0"
_STRAY_MAX = 200
_ENVELOPE_MAX = 500
"""Characters of a segment of an envelope, and segments of its head: each document of the interchange has them."""
_HEAD_MAX = 4
_HEAD_TIMES = 20
_HEAD_ALLOWED = 64 << 10
"""By how many times its own length, and by how many bytes beyond that, an interchange may grow because each message has its envelope."""
_SEGMENTS_MAX = NODES_MAX // 2
"""Of a message, that are kept in memory: with more, it is too large in any case."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """X12 or EDIFACT.

    ``levels``: the segments that open and close an interchange, a group and a message, and the element with the control number in the one
    that opens. ``found``: where the next interchange begins in a text, at or after a place (-1: nowhere). ``separators``: those of an
    interchange, and where its segments begin; raises ``ValueError``. ``type``, ``number`` and ``made``: what a message calls itself, its
    document's own number, and the local date and time at which it was made, from its envelope and itself. ``more``: what is added to it.
    """

    name: str
    levels: tuple[tuple[str, str, int], tuple[str, str, int], tuple[str, str, int]]
    layout: Layout
    found: Callable[[str, int], int]
    separators: Callable[[str, int], tuple[Separators, int]]
    type: Callable[[Mapping[str, Any]], str]
    number: Callable[[Mapping[str, Any]], str]
    made: Callable[[Mapping[str, Any]], tuple[str, str]]
    more: Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class _Level:
    """An open interchange or group: what opened it, the segments of its head, their bytes in a document, and its parts so far."""

    opened: Segment
    head: dict[str, Any]
    control: str
    head_bytes: int = 0
    parts: int = 0

    def add(self, name: str, values: dict[str, Any]) -> None:
        """Put a segment into the head."""
        self.head[name] = values
        self.head_bytes = len(msgspec.json.encode(self.head))


@dataclass(slots=True)
class _Reading:
    """Where the reader is."""

    text: str
    separators: Separators
    begin: int
    interchange: _Level | None = None
    group: _Level | None = None
    message: list[Segment] = field(default_factory=list)
    number: int = 0
    last: int = 0
    repeated: int = 0

    def bad(self, reason: str, what: str, lost_from: int, end: int) -> BadDocument:
        """Return what is wrong at the last segment, with its number in the interchange and its place in the body, and what is lost."""
        lost = self.text[lost_from : end + 1].strip(_GAP)
        where = f"segment {self.number}, character {self.last + 1}"
        return ValidationError(f"edi_{reason}", f"{what} ({where})", where), lost.encode()


class InterchangeReader:
    """Reads the documents of a body in one dialect. ``zone`` is that of times in envelopes, which name none."""

    def __init__(self, dialect: Dialect, zone: ZoneInfo | None) -> None:
        self._dialect = dialect
        self._zone = zone
        (self._opens, self._closes), (self._group, self._group_ends), (self._message, self._message_ends) = (
            level[:2] for level in dialect.levels
        )
        self._controls = {level[0]: level[2] for level in dialect.levels}
        self._envelopes = {"UNA", *(name for level in dialect.levels for name in level[:2])}

    def documents(self, text: str) -> Iterator[Document | BadDocument]:
        """Yield the documents of a text, in order, and what is wrong."""
        at = 0
        while (begin := self._dialect.found(text, at)) >= 0:
            if stray := text[at:begin].strip(_GAP):
                yield self._stray(stray, at)
            try:
                separators, at = self._dialect.separators(text, begin)
            except ValueError as error:
                where = f"segment 1, character {begin + 1}"
                yield ValidationError("edi_envelope", f"{error} ({where})", where), text[begin : begin + _STRAY_MAX].encode()
                at = begin + 3
                continue
            at = yield from self._interchange(_Reading(text, separators, at, last=at), at)
        if stray := text[at:].strip(_GAP):
            yield self._stray(stray, at)

    def _stray(self, stray: str, at: int) -> BadDocument:
        where = f"character {at + 1}"
        message = f"this is no {self._dialect.name}: {self._opens} was expected here ({where})"
        return ValidationError("edi_stray", message, where), stray.encode()

    def _interchange(self, reading: _Reading, at: int) -> Generator[Document | BadDocument, None, int]:
        """Yield the documents up to the end of the interchange that begins at a place; return where it ends."""
        end = at
        for segment in segments(reading.text, at, reading.separators):
            name = segment.elements[0]
            if reading.message and name not in self._envelopes:
                reading.number, reading.last = reading.number + 1, segment.at
                reading.message[_SEGMENTS_MAX:] = [segment]
                continue
            if name in {self._opens, "UNA"} and reading.number:
                yield from self._cut_off(reading, f"{name} comes", segment.at - 1)
                return segment.at
            reading.number, reading.last = reading.number + 1, segment.at
            end = min(segment.end + 1, len(reading.text))
            if name == self._closes:
                yield from self._close_message(reading, segment)
                yield from self._unclosed_group(reading, segment)
                yield from self._close(reading, segment, reading.interchange)
                return end
            yield from self._take(reading, segment)
        yield from self._cut_off(reading, "the text ends", len(reading.text))
        return len(reading.text)

    def _take(self, reading: _Reading, segment: Segment) -> Iterator[Document | BadDocument]:
        name = segment.name
        if name == self._message:
            yield from self._close_message(reading, segment)
            reading.message = [segment]
        elif reading.message and name in {self._message_ends, self._group_ends}:
            reading.message.append(segment)
            yield from self._close_message(reading, segment)
        if name in {self._opens, self._group} and segment.end - segment.at > _ENVELOPE_MAX:
            what = f"{name} has more than {_ENVELOPE_MAX} characters; what follows is read without it"
            yield reading.bad("envelope", what, segment.at, segment.end)
        elif name == self._opens:
            reading.interchange = self._level(reading, segment)
        elif name == self._group:
            yield from self._unclosed_group(reading, segment)
            reading.group = self._level(reading, segment)
            if reading.interchange:
                reading.interchange.parts += 1
        elif name == self._group_ends:
            yield from self._close(reading, segment, reading.group)
            reading.group = None
        elif not reading.message and name != self._message_ends:
            yield from self._between(reading, segment)

    def _between(self, reading: _Reading, segment: Segment) -> Iterator[Document | BadDocument]:
        """Keep a segment of the envelope. One that answers an interchange is a document of its own."""
        level = reading.group or reading.interchange
        is_long = segment.end - segment.at > _ENVELOPE_MAX
        if level is None or level.parts or is_long or len({*level.head, segment.name}) > _HEAD_MAX:
            yield reading.bad("stray", f"{segment.name} belongs to no message", segment.at, segment.end)
            return
        if segment.name == "TA1":
            yield from self._repeat(reading, segment)
        level.add(segment.name, as_map(segment, reading.separators))
        if segment.name == "TA1":
            yield self._document(reading, dict(level.head), [], [])

    def _level(self, reading: _Reading, segment: Segment) -> _Level:
        values = as_map(segment, reading.separators)
        level = _Level(segment, {}, _first(values.get(str(self._controls[segment.name]), "")))
        level.add(segment.name, values)
        return level

    def _repeat(self, reading: _Reading, at: Segment) -> Iterator[BadDocument]:
        """Count what one more document has of its envelope, which is left out once it would be most of what short messages become."""
        levels = [level for level in (reading.interchange, reading.group) if level and level.head]
        reading.repeated += sum(level.head_bytes for level in levels)
        if not levels or reading.repeated <= _HEAD_TIMES * (at.end - reading.begin) + _HEAD_ALLOWED:
            return
        opened = levels[-1].opened
        what = f"its messages are so short beside {opened.name} that it makes them {_HEAD_TIMES} times as long; they are without it from here on"
        yield reading.bad("envelope", what, opened.at, opened.end)
        for level in levels:
            level.head, level.head_bytes = {}, 0

    def _close(self, reading: _Reading, segment: Segment, level: _Level | None) -> Iterator[BadDocument]:
        """Compare what an envelope's end says with what was in it."""
        if level is None:
            return
        wrong = _miscounted(segment, level.parts, "messages or groups", level.control)
        if wrong:
            yield reading.bad("count", wrong, segment.at, segment.end)

    def _unclosed_group(self, reading: _Reading, at: Segment) -> Iterator[BadDocument]:
        if reading.group:
            yield reading.bad("count", f"there is no {self._group_ends} before {at.name}", at.at, at.end)

    def _close_message(self, reading: _Reading, at: Segment) -> Iterator[Document | BadDocument]:
        """End the open message: with its own end, or because something else came."""
        message, reading.message = reading.message, []
        if not message:
            return
        level = reading.group or reading.interchange
        if level:
            level.parts += 1
        problems = [] if level else [f"there is no {self._opens} before it"]
        if message[-1].name == self._message_ends:
            last = message.pop()
            control = _first(as_map(message[0], reading.separators).get(self._number_of_message, ""))
            wrong = _miscounted(last, len(message) + 1, "segments", control)
            problems += [wrong] if wrong else []
        else:
            if message[-1].name == self._group_ends:
                message.pop()
            problems.append(f"there is no {self._message_ends} before {at.name}")
        yield from self._repeat(reading, at)
        yield self._checked(reading, message, problems)

    @property
    def _number_of_message(self) -> str:
        return str(self._controls[self._message])

    def _checked(self, reading: _Reading, message: list[Segment], problems: list[str]) -> Document | BadDocument:
        begin, end = message[0].at, message[-1].end
        separators = reading.separators
        values = sum(
            reading.text.count(one, begin, end) for one in (separators.element, separators.component, separators.repetition) if one
        )
        if values + len(message) > NODES_MAX // 2:
            return reading.bad("too_large", f"a message has more than {NODES_MAX // 2} values", begin, end)
        head: dict[str, Any] = {}
        for level in (reading.interchange, reading.group):
            head |= level.head if level else {}
        return self._document(reading, head, message, problems)

    def _document(self, reading: _Reading, head: dict[str, Any], message: list[Segment], problems: list[str]) -> Document:
        dialect = self._dialect
        data = head | tree_of(message, reading.separators, dialect.layout)
        data |= dialect.more(data)
        if problems:
            data["problems"] = problems
        written = msgspec.json.encode(data)
        control = [level.control for level in (reading.interchange, reading.group) if level]
        if message:
            control.append(_first(data[self._message].get(self._number_of_message, "")))
        kind = dialect.type(data)
        content = hashlib.blake2b(written, digest_size=8).hexdigest()
        date, time = dialect.made(data)
        made = rfc3339(date, time, self._zone)
        return Document(written, kind, "/".join([kind, *control, content])[:300], made, dialect.number(data))

    def _cut_off(self, reading: _Reading, why: str, end: int) -> Iterator[BadDocument]:
        """Tell that an interchange breaks off, with the message that is lost by it."""
        if reading.message:
            what = f"a message breaks off after {len(reading.message)} segments: {why} before {self._message_ends}"
            yield reading.bad("cut_off", what, reading.message[0].at, reading.message[-1].end)
        elif reading.interchange:
            yield reading.bad("cut_off", f"the interchange breaks off: {why} before {self._closes}", reading.last, end)


def _miscounted(last: Segment, parts: int, what: str, control: str) -> str:
    """Return what is wrong with the count and the control number in the segment that closes something."""
    said, number = last.element(1).strip(), last.element(2).strip()
    if not said.isdecimal() or (said.lstrip("0") or "0") != str(parts):  # of thousands of digits Python makes no number
        return f"{last.name} counts {said[:20] or 'no'} {what}, there are {parts}"
    if number.lstrip("0") != control.lstrip("0"):
        return f"{last.name} has the control number '{number[:40]}', the beginning has '{control[:40]}'"
    return ""


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)
