"""What people see of a change before they confirm it."""

from __future__ import annotations

import time

import pytest

from andon.resubmission.difference import COMPARED_MAX, LINES_MAX, difference


def test_a_short_text_is_compared_line_by_line() -> None:
    assert difference("a\nb\nc", "a\nx\nc") == ["--- original", "+++ edited", "@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (["b"], ["x"], ["@@ from line 601: 1 lines are 1 others @@", "-b", "+x"]),
        ([], ["x", "y"], ["@@ from line 601: 0 lines are 2 others @@", "+x", "+y"]),
        (["b", "c"], [], ["@@ from line 601: 2 lines are 0 others @@", "-b", "-c"]),
        ([], [], ["@@ from line 1201: 0 lines are 0 others @@"]),
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
