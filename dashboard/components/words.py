"""Stored texts shown where Streamlit would interpret Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&])")


def plain(text: object) -> str:
    """Return the text with all Markdown characters escaped."""
    return _MARKS.sub(r"\\\1", str(text)).replace("\n", " ")
