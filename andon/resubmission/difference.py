"""What is different between two texts, for people, in lines; whatever the texts are, in little time."""

from __future__ import annotations

import difflib
from itertools import chain, islice, takewhile

from core.plural import counted

LINES_MAX = 80
LINE_CHARACTERS = 2_000
COMPARED_MAX = 250_000
"""Lines of one text times lines of the other. To align more can take minutes, and what is published again comes from anybody."""


def difference(before: str, after: str) -> list[str]:
    """Return a unified diff, at most :data:`LINES_MAX` lines of it; of long texts, what was and what is where they differ, not aligned.

    Only a line feed ends a line, and a character that nobody would see is written out: two messages that differ in their line ends alone
    are two messages. Empty for equal texts.
    """
    old, new = before.split("\n"), after.split("\n")
    if before == after:
        return []
    if len(old) * len(new) <= COMPARED_MAX:
        lines = difflib.unified_diff(old, new, "original", "edited", lineterm="")
    else:
        begin = _alike(old, new)
        end = _alike(old[begin:][::-1], new[begin:][::-1])
        gone, come = old[begin : len(old) - end], new[begin : len(new) - end]
        half = LINES_MAX // 2
        place = f"@@ from line {begin + 1}: {counted(len(gone), 'line')} replaced by {counted(len(come), 'line')} @@"
        lines = chain([place], (f"-{line}" for line in gone[:half]), (f"+{line}" for line in come[:half]))
    return [_visible(line[:LINE_CHARACTERS]) for line in islice(lines, LINES_MAX)]


def _visible(line: str) -> str:
    """Return a line with control pictures (``␍``), and codes of what has none, in place of what cannot be seen."""
    return "".join(each if each.isprintable() else chr(0x2400 + ord(each)) if each < " " else f"\\u{ord(each):04x}" for each in line)


def _alike(old: list[str], new: list[str]) -> int:
    """Return how many lines are the same at the beginning of both."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
