"""What of a business identifier nobody sees, and so nobody means: the same in what is stored and in what is searched for."""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = "[\\x00-\\x08\\x0b-\\x1f\\x7f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"
"""Control characters, soft hyphens, zero-width characters and byte order marks, as a regular expression: dropped anywhere."""
BLANKS = "[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""Blanks other than the ASCII ones, as a regular expression: each counts as a space."""
AROUND = " \t\n"
"""Dropped at both ends."""


def visible(text: str) -> str:
    """Return what people see of an identifier, in Unicode's composed form (NFC)."""
    return re.sub(BLANKS, " ", unicodedata.normalize("NFC", re.sub(INVISIBLE, "", text))).strip(AROUND)
