"""Stored texts where Streamlit would read Markdown: nothing of them is markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dashboard.components.words import plain

HOSTILE = [
    "**bold**",
    "[x](javascript:alert(1))",
    "![i](http://evil)",
    "`code`",
    "# title",
    "<b>x</b>",
    "$x$",
    ":material/home:",
    "- list",
    "1. one",
    "a\n\nb",
    "~~x~~",
    "|a|b|",
    "&lt;",
]


def test_no_sign_of_markdown_is_read_as_one() -> None:
    for text in HOSTILE:
        tokens = MarkdownIt("commonmark").enable("strikethrough").enable("table").parse(plain(text))
        kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
        assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}, (text, kinds)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_what_is_shown_is_what_was_stored(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").parse(plain(text))
    assert "".join(child.content for child in inline.children or ()) == text
    assert ":" not in plain(text).replace("\\:", ""), "Streamlit's own signs, too"


def test_lines_become_one() -> None:
    assert plain("a\nb") == "a b"
    assert plain(12) == "12"
