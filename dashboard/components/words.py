"""Stored words shown where Streamlit would read Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&])")


def plain(text: object) -> str:
    """Return the text with every sign of Markdown escaped."""
    return _MARKS.sub(r"\\\1", str(text)).replace("\n", " ")
