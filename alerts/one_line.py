"""Text from outside within a line of ours."""

from __future__ import annotations

import re

_TEXT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str, limit: int = _TEXT) -> str:
    """Return text that cannot break out of its line or reverse the reading direction, at most ``limit`` characters."""
    clean = _CONTROL.sub(" ", text).strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
