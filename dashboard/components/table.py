"""Read-only tables as HTML: every cell is escaped unless it already is :class:`markupsafe.Markup`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st
from markupsafe import Markup

from dashboard.components.time_format import Zone, utc

Row = Mapping[Any, Any]
Phone = Literal["", "cards", "lines"]
"""How a phone shows a row: as it is, as a card with every cell below its column's title, or in lines.

The first line has the ``key`` and the ``lead``, the second the others. What is ``minor`` is left out unless it is an exception; a number
and what is ``named`` stand behind their column's title.
"""


@dataclass(frozen=True)
class Column:
    """One column: its title, and what gives a row's cell.

    ``kind`` is a class of ``style.css`` (``number``, ``soft``, ``wide``; of lines on a phone ``lead``, ``minor``, ``named``).
    ``href``: where a click on its head leads, to the same table in another order; ``order``: how the rows are sorted by it (``ascending``,
    ``descending``, '' if they are not).
    """

    title: str
    cell: Callable[[Any], object]
    kind: str = ""
    href: str = ""
    order: str = ""


def link(href: str, words: object) -> Markup:
    """Return a link inside the dashboard."""
    return Markup('<a href="{}">{}</a>').format(href, words)


def time(zone: Zone, moment: object, seconds: bool = False) -> Markup:
    """Return a time in the viewer's zone, with UTC on hover."""
    return Markup('<time title="{}">{}</time>').format(utc(moment), zone.show(moment, seconds))


def html(columns: Iterable[Column], rows: Iterable[Row], label: str = "", *, phone: Phone = "") -> Markup:
    """Return the table."""
    columns = list(columns)
    head = Markup("").join(map(_head, columns))
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(column, column.cell(row), phone) for column in columns)) for row in rows
    )
    return Markup(
        '<div class="andon-table{}" role="region" tabindex="0" aria-label="{}"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(f" {phone}" if phone else "", label, head, body)


def _cell(column: Column, shown: object, phone: Phone) -> Markup:
    title = Markup(' data-title="{}"').format(column.title) if phone and column.title else ""
    return Markup('<td class="{}"{}>{}</td>').format(column.kind, title, shown)


def _head(column: Column) -> Markup:
    if not column.href:
        return Markup('<th class="{}" scope="col">{}</th>').format(column.kind, column.title)
    return Markup('<th class="{}" scope="col"{}><a href="{}" title="Sort by this column">{}</a></th>').format(
        column.kind, Markup(' aria-sort="{}"').format(column.order) if column.order else "", column.href, column.title
    )


def show(columns: Iterable[Column], rows: Iterable[Row], label: str = "", *, phone: Phone = "") -> None:
    """Draw the table."""
    st.html(html(columns, rows, label, phone=phone))
