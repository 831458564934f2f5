"""Stored text is shown as it is and controls no terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from andon.terminal import print_frame, printable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4711", "4711"),
        (17, "17"),
        (None, ""),
        (pd.NaT, ""),
        (datetime(2026, 3, 27, 15, 50, 1, tzinfo=UTC), "2026-03-27 15:50:01 UTC"),
        (pd.Timestamp("2026-03-27 15:50:01"), "2026-03-27 15:50:01 UTC"),
        ("a\x1b[31mb\nc", "a�[31mb�c"),
    ],
)
def test_a_value_is_one_line_of_text(value: object, text: str) -> None:
    assert printable(value) == text


def test_a_table_keeps_identifiers_whole_and_styles_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_frame(pd.DataFrame({"id": ["x" * 120], "name": ["[red]late[/red]"], "other": ["unasked"]}), ["id", "name"])
    head, _, row = capsys.readouterr().out.splitlines()[:3]
    assert head.split()[::2] == ["id", "name"]
    assert "x" * 120 in row
    assert "[red]late[/red]" in row
    assert "unasked" not in row
