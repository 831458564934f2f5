"""Files people open in a spreadsheet: no text in them is ever run."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from dashboard.components import export

SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁼", "⁺", "₊", "−"]
HIDDEN = [
    "", " ", "\u00a0", "\ufeff", "\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\u200e", "\u202e", "\u2066", "\u3000", "\u2003", "\u2028", "\u180e", "\u115f",
    "\u3164", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0020", "\x00", "\x0b", "\x1b", "\x7f", "\x85", "\ue000", "\ufeff \u200b\t",
]  # fmt: skip
FORMULAS = [hidden + sign + "1+1" for hidden in HIDDEN for sign in SIGNS]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\tx", "\rx", "\nx"])
def test_csv_never_starts_a_formula(text: str) -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"=name": [text], "n": [-1.5]})).decode("utf-8-sig"), newline="")))
    assert read == [["'=name", "n"], ["'" + text, "-1.5"]]


def test_no_width_and_nothing_unseen_hides_a_formula() -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"n": FORMULAS})).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in read[1:]] == ["'" + text for text in FORMULAS]


@pytest.mark.parametrize("text", ["4711", "a=b", "Ä-1", "\u200bname", "日本", "é@example.com", "'=1", "(-1)", "", " "])
def test_what_is_no_formula_is_left_as_it_is(text: str) -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"n": [text], "m": [-1.5]})).decode("utf-8-sig"), newline="")))
    assert read[1] == [text, "-1.5"]
