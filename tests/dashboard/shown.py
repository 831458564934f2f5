"""What a page shows, and that nothing stored became markup."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

from streamlit.testing.v1 import AppTest

from store.client import Store

View = Callable[..., AppTest]


def words(test: AppTest) -> str:
    assert not test.exception, test.exception
    return "\n".join(str(element.proto.body) for element in test.get("html")) + "\n".join(str(element.value) for element in test.markdown)


def first_of(store: Store, table: str, column: str, where: str = "1") -> str:
    return str(store.rows(f"SELECT {column} AS found FROM {table} FINAL WHERE {where} ORDER BY {column} DESC LIMIT 1")[0]["found"])


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
