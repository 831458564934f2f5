"""Regular expressions of a catalog: what is said of wrong ones, and that no text holds a processor."""

from __future__ import annotations

import time

import pytest

from core.pattern import Pattern


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(x", "'(x' is not a valid regular expression (RE2): missing ): (x"),
        ("(?=x)y", "invalid perl operator: (?=; RE2 has no look-around: write it without"),
        (r"(x)\1", r"invalid escape sequence: \1; RE2 has no backreferences, and '\z' for the end"),
        ("x*+y", "bad repetition operator: *+; RE2 never goes back, so that no repetition need be possessive: leave the second sign out"),
        ("(?:x{1000}){1000}", "invalid repetition size: {1000}"),
        ("\ud800", "it has half a character"),
    ],
)
def test_what_re2_cannot_read_is_refused_with_what_to_do(text: str, why: str):
    with pytest.raises(ValueError, match="is not a valid regular expression") as refused:
        Pattern(text)
    assert str(refused.value).endswith(why)


def test_the_first_group_of_the_first_place_is_the_value():
    assert Pattern(r"order (\d+)").value("ü order 4711, order 4712") == "4711"
    assert Pattern("order (ü+)").value("order üü") == "üü"
    assert Pattern(r"order (\d+)").value("none") is None
    assert Pattern(r"order (\d+)?").value("order ") is None
    assert Pattern(r"x(.)").value("\ud800x\ud800") == "?"


@pytest.mark.parametrize("text", ["(a+)+$", "(a|aa)+$", r"(\S+\s*)+:$", "(.*)*x"])
def test_a_line_holds_no_processor_whatever_the_pattern(text: str):
    pattern = Pattern(text)
    before = time.process_time()
    assert not pattern.fits("a" * 50_000 + "!")
    assert time.process_time() - before < 5  # Python's own takes longer than anybody waits from thirty characters on
