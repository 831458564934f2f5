"""A text from outside cannot begin another line of a message."""

from __future__ import annotations

import pytest

from alerts.one_line import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb", "a b"),
        ("  a\x00\x1b[31mb ", "a [31mb"),
        ("\u202eevil\u2066", "evil"),
        ("a\u2028b\x85c", "a b c"),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 200, "x" * 200),
        ("", ""),
    ],
)
def test_a_text_from_outside_stays_in_its_line(text: str, line: str) -> None:
    assert one_line(text) == line
