"""The segments of an interchange, and one segment as a map of its elements.

Element 3 of a segment is ``"3"``. Of a composite, the first component has the name of the element, the second is ``"3-2"``, and so on.
Empty ones are left out, and one that is repeated is a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collector.format import add_alike

_AROUND = " \t\r\n\0\x1a\ufeff\xa0"
INFORMATION_SEPARATORS = "\x1c\x1d\x1e\x1f"
"""Control characters that are made to separate, which Python takes for blanks. Partners use them because no value has them."""
_RELEASED = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4"
"""Stand for released characters while a text is split: these are never characters of a text."""
_NAMES = [str(number) for number in range(200)]


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that separate; an empty one is not used."""

    element: str
    component: str
    terminator: str
    repetition: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name and its elements as they were sent; ``at`` and ``end`` are its place in the text."""

    elements: list[str]
    at: int
    end: int

    @property
    def name(self) -> str:
        """Return the tag."""
        return self.elements[0]

    def element(self, number: int) -> str:
        """Return one element; an empty text if there is none."""
        return self.elements[number] if number < len(self.elements) else ""


def _hidden(raw: str, separators: Separators) -> str:
    """Return a segment without its release characters; what they release does not separate until it is shown as people read it."""
    for stand_in, character in zip(_RELEASED, separators.release + _of(separators), strict=False):
        raw = raw.replace(separators.release + character, stand_in)
    return raw


def _is_released(text: str, at: int, begin: int, release: str) -> bool:
    """Return whether an odd number of release characters stands before a place."""
    before = at
    while before > begin and text[before - 1] == release:
        before -= 1
    return bool((at - before) % 2)


def _of(separators: Separators) -> str:
    return separators.terminator + separators.element + separators.component + separators.repetition


def segments(text: str, at: int, separators: Separators) -> Iterator[Segment]:
    """Yield the segments from a place on. Line ends within one are left out: some systems wrap lines at 80 characters.

    The last one may lack its terminator; its ``end`` is then that of the text.
    """
    terminator, release = separators.terminator, separators.release
    ends_lines = terminator in "\r\n"
    while at < len(text):
        end = text.find(terminator, at)
        while release and end > 0 and text[end - 1] == release and _is_released(text, end, at, release):
            end = text.find(terminator, end + 1)
        if end < 0:
            end = len(text)
        raw = text[at:end].strip(_AROUND)
        if raw:
            if release and release in raw:
                raw = _hidden(raw, separators)
            if not ends_lines and ("\n" in raw or "\r" in raw):
                raw = raw.replace("\r", "").replace("\n", "")
            elements = raw.split(separators.element)
            if elements[0] == "BIN":  # binary data of a stated length, in which nothing separates
                end = _end_of_binary(text, at, end, elements, separators)
                elements = elements[:2]
            elements[0] = elements[0].strip()
            yield Segment(elements, at, end)
        at = end + 1


def _end_of_binary(text: str, at: int, end: int, elements: list[str], separators: Separators) -> int:
    try:
        length = int(elements[1])
    except (IndexError, ValueError):
        return end
    begin = text.find(separators.element, text.find(separators.element, at) + 1) + 1
    found = text.find(separators.terminator, begin + max(0, length))
    return found if found >= 0 else len(text)


def as_map(segment: Segment, separators: Separators) -> dict[str, Any]:
    """Return the elements of a segment by their numbers."""
    found: dict[str, Any] = {}
    component, repetition = separators.component, separators.repetition
    for number, raw in enumerate(segment.elements):
        if not number or not raw:
            continue
        name = _NAMES[number] if number < len(_NAMES) else str(number)
        if component not in raw and not (repetition and repetition in raw):
            if value := _shown(raw, separators):
                found[name] = value
            continue
        for one in raw.split(repetition) if repetition else (raw,):
            for part, text in enumerate(one.split(component), 1):
                if value := _shown(text, separators):
                    add_alike(found, name if part == 1 else f"{name}-{part}", value)
    return found


def _shown(text: str, separators: Separators) -> str:
    """Return one value as people read it."""
    if not text.isascii() and separators.release:
        for stand_in, character in zip(_RELEASED, separators.release + _of(separators), strict=False):
            text = text.replace(stand_in, character)
    return text.strip(_AROUND)
