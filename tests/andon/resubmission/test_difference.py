"""What people see of a change before they confirm it."""

from __future__ import annotations

import time

import pytest

from andon.resubmission.difference import COMPARED_MAX, LINES_MAX, difference


def test_a_short_text_is_compared_line_by_line() -> None:
    assert difference("a\nb\nc", "a\nx\nc") == ["--- original", "+++ edited", "@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("UNB\r\nBGM\r\n", "UNB\nBGM\n", ["-UNB␍", "-BGM␍", "+UNB", "+BGM", " "]),
        ("a\x1db", "a\nb", ["-a␝b", "+a", "+b"]),
        ("a\n", "a", [" a", "-"]),
        ("a\u2028b", "ab", ["-a\\u2028b", "+ab"]),
        ("a\tb", "a b", ["-a␉b", "+a b"]),
    ],
)
def test_what_nobody_sees_is_written_out(before: str, after: str, told: list[str]) -> None:
    assert difference(before, after)[3:] == told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (["b"], ["x"], ["@@ from line 601: 1 line replaced by 1 line @@", "-b", "+x"]),
        ([], ["x", "y"], ["@@ from line 601: 0 lines replaced by 2 lines @@", "+x", "+y"]),
        (["b", "c"], [], ["@@ from line 601: 2 lines replaced by 0 lines @@", "-b", "-c"]),
        ([], [], []),
    ],
)
def test_of_a_long_one_only_where_it_differs(old: list[str], new: list[str], told: list[str]) -> None:
    around = ["a"] * 600
    assert difference("\n".join([*around, *old, *around]), "\n".join([*around, *new, *around])) == told


def test_no_text_takes_long() -> None:
    lines = [str(number) for number in range(199)]
    before = time.process_time()
    told = difference("\n".join(lines * 1_500), "\n".join(lines[::-1] * 75))
    assert time.process_time() - before < 5  # it was many minutes
    assert len(told) == LINES_MAX
    assert len(lines) * 1_500 * 75 > COMPARED_MAX


def test_a_line_without_end_is_cut() -> None:
    assert max(map(len, difference("a", "b" * 100_000))) == 2_000
