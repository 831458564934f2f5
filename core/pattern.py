"""Regular expressions of a catalog, in RE2's syntax: as the store reads them, and in time that grows with a text's length alone.

Python's own can take minutes over one line, which anybody may write.
"""

from __future__ import annotations

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_HINTS = {
    "invalid perl operator": "; RE2 has no look-around: write it without",
    "invalid escape sequence": r"; RE2 has no backreferences, and '\z' for the end",
    "bad repetition operator": "; RE2 never goes back, so that no repetition need be possessive: leave the second sign out",
}


class Pattern:
    """A regular expression. Raises ``ValueError`` that says what is wrong with it. ``groups``: how many it has."""

    def __init__(self, text: str) -> None:
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except (re2.error, UnicodeEncodeError) as error:
            what = error.args[0].decode("utf-8", "replace") if isinstance(error, re2.error) else "it has half a character"
            hint = next((hint for sign, hint in _HINTS.items() if what.startswith(sign)), "")
            raise ValueError(f"'{text}' is not a valid regular expression (RE2): {what}{hint}") from error
        self.groups: int = self._compiled.groups

    def fits(self, text: str) -> bool:
        """Return whether it is found anywhere in a text."""
        return self._compiled.search(_encoded(text)) is not None

    def value(self, text: str) -> str | None:
        """Return what its first group holds where it is first found; None if it is not found, or its group was left out."""
        found = self._compiled.search(_encoded(text))
        value: bytes | None = None if found is None else found[1]
        return None if value is None else value.decode("utf-8", "replace")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # of JSON that spells half a character
