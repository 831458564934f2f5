"""What nobody sees of an identifier does not make it another one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.business_key import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("0815\r\n", "0815"),
        ("\ufeff0815", "0815"),
        ("08\u200b15", "0815"),
        ("PO\u00a04711\u00a0", "PO 4711"),
        ("\u3000\t4711 \n", "4711"),
        ("a\x00b", "ab"),
        ("e\u0301", "\u00e9"),
        (" \u200b\u00a0 ", ""),
        ("A  B", "A  B"),
    ],
)
def test_only_what_is_seen_counts(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(st.text())
def test_what_is_seen_stays(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert visible(text).isprintable() or any(unicodedata.category(each)[0] == "C" or each in "\t\n" for each in visible(text))
