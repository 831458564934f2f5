"""What a page shows, and that nothing stored became markup."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.page import Context
from store.client import Store

View = Callable[..., AppTest]


def words(test: AppTest) -> str:
    assert not test.exception, test.exception
    return "\n".join(str(element.proto.body) for element in test.get("html")) + "\n".join(str(element.value) for element in test.markdown)


def first_of(store: Store, table: str, column: str, where: str = "1") -> str:
    return str(store.rows(f"SELECT {column} AS found FROM {table} FINAL WHERE {where} ORDER BY {column} DESC LIMIT 1")[0]["found"])


def files_offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], pd.DataFrame]]:
    """Return, by its name, what makes each file that a page offers; filled when the page is drawn."""
    found: dict[str, Callable[[], pd.DataFrame]] = {}

    def offer(_context: Context, frame: Any, name: str, note: str = "", **_period: Any) -> None:
        found[name] = frame if callable(frame) else lambda: frame
        st.caption(note)

    monkeypatch.setattr("dashboard.components.export.offer", offer)
    return found


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def no_foreign_markup(test: AppTest) -> None:
    tags = _Tags()
    for element in test.get("html"):
        tags.feed(str(element.proto.body))
    read_as_markdown = [
        str(element.value) for kind in (test.markdown, test.subheader, test.caption, test.metric, test.toast) for element in kind
    ]
    read_as_markdown += [element.label for kind in (test.expander, test.tabs, test.metric) for element in kind]
    for raw in ("<script>window.hit", "**bold**", "](javascript", "$x$"):
        assert raw not in "\n".join(read_as_markdown)
    for tag, attributes in tags.found:
        assert tag not in {"script", "img", "iframe"}, tag
        assert not any(name.startswith("on") for name, _ in attributes), attributes
        assert not any((value or "").lower().startswith("javascript:") for name, value in attributes if name in {"href", "src"})


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._label, self._in_cell = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "div" and (given.get("class") or "").startswith("andon-table"):
            self._label = given.get("aria-label") or ""
            self.found[self._label] = []
        elif self._label and tag == "tr":
            self.found[self._label].append([])
        elif self._label and tag in {"th", "td"}:
            self.found[self._label][-1].append("")
            self._in_cell = True
        elif self._in_cell and tag == "br":
            self.found[self._label][-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td"}:
            self._in_cell = False
        elif tag == "table":
            self._label = ""

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.found[self._label][-1][-1] += data


def tables(test: AppTest) -> dict[str, list[dict[str, str]]]:
    """Return the rows of every table by its label: the words of each cell by the title of its column, line by line."""
    parser = _Tables()
    parser.feed(words(test))
    return {label: [dict(zip(head, row, strict=True)) for row in rows] for label, (head, *rows) in parser.found.items()}
