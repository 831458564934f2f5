"""Tables as HTML: cells are escaped, times have UTC on hover."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from dashboard.components import table
from dashboard.components.time_format import Zone

HOSTILE = "<script>x</script>\"'"


def test_every_cell_title_and_label_is_escaped_unless_it_is_markup() -> None:
    columns = [
        table.Column(HOSTILE, lambda row: row["text"], "key"),
        table.Column("Link", lambda row: Markup("<b>{}</b>").format(row["text"])),
    ]
    shown = table.html(columns, [{"text": HOSTILE}], HOSTILE)
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;x&lt;/script&gt;&#34;&#39;") == 4
    assert "<b>&lt;script&gt;" in shown


def test_rows_and_columns_stand_in_their_order_with_their_class() -> None:
    columns = (table.Column(name, lambda row, name=name: row[name], kind) for name, kind in (("a", "number"), ("b", "soft")))
    shown = table.html(columns, iter([{"a": 1, "b": 2}, {"a": 3, "b": None}]))
    assert '<th class="number" scope="col">a</th><th class="soft" scope="col">b</th>' in shown
    assert '<tr><td class="number">1</td><td class="soft">2</td></tr><tr><td class="number">3</td><td class="soft">None</td></tr>' in shown


def test_the_cells_of_a_card_carry_their_columns_title_if_it_has_one() -> None:
    columns = [table.Column("", lambda _: "lamp", "mark"), table.Column(HOSTILE, lambda row: row["a"], "soft")]
    shown = table.html(columns, [{"a": 1}], phone="cards")
    title = "&lt;script&gt;x&lt;/script&gt;&#34;&#39;"
    assert f'<td class="mark">lamp</td><td class="soft" data-title="{title}">1</td>' in shown
    assert 'class="andon-table cards"' in shown
    assert "data-title" not in table.html(columns, [{"a": 1}])


def test_a_table_without_rows_has_its_head() -> None:
    assert "<tbody></tbody>" in table.html([table.Column("a", str)], [])


def test_a_time_is_the_viewers_and_has_utc_on_hover() -> None:
    at = datetime(2026, 3, 27, 15, 5, 9, tzinfo=UTC)
    assert table.time(Zone("Europe/Berlin"), at) == '<time title="2026-03-27 15:05:09 UTC">27 Mar 16:05</time>'
    assert table.time(Zone("Europe/Berlin"), at, seconds=True) == '<time title="2026-03-27 15:05:09 UTC">27 Mar 16:05:09</time>'
    assert table.time(Zone(), None) == '<time title="">–</time>'


def test_a_link_is_escaped() -> None:
    assert table.link('a?x="&y', "<i>") == '<a href="a?x=&#34;&amp;y">&lt;i&gt;</a>'


def test_a_head_with_an_address_sorts_and_says_how_the_rows_stand() -> None:
    columns = [table.Column("Value", str, "number", 'a?x="', "descending"), table.Column("Due", str, "", "a?order=due")]
    shown = table.html(columns, [])
    assert '<th class="number" scope="col" aria-sort="descending"><a href="a?x=&#34;" title="Sort by this column">Value</a></th>' in shown
    assert '<th class="" scope="col"><a href="a?order=due"' in shown


def test_on_a_phone_a_row_may_be_two_lines() -> None:
    columns = [table.Column("Order", lambda _: "4711", "key"), table.Column("Value", lambda _: "9", "number")]
    shown = table.html(columns, [{}], phone="lines")
    assert 'class="andon-table lines"' in shown
    assert '<td class="key" data-title="Order">4711</td><td class="number" data-title="Value">9</td>' in shown
