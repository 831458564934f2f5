"""Sources that cannot be read, and what was missing of some, are told where they are listed."""

from __future__ import annotations

from datetime import timedelta

from collector.own_points import record_of
from collector.source_troubles import SourceTroubles
from core.clock import to_milliseconds
from store.client import Store
from store.loading.decoder import decode
from tests.dashboard.shown import View, no_foreign_markup, words
from tests.dashboard.synthetic import NOW


def test_a_source_that_cannot_be_read_says_why_and_one_with_gaps_what_was_missing(view: View, filled: Store) -> None:
    troubles, at = SourceTroubles(), to_milliseconds(NOW - timedelta(minutes=3))
    troubles.read("wms", at, "FileNotFoundError: /srv/<b>in</b>")
    troubles.read("tms", at)
    for number in range(2):
        troubles.gap("mes", "the numbers of its sender have a gap", {"place": f"DE0{number}"}, at)
    record = record_of(troubles.due(at), at)
    rows = decode(record.kind, [record], at)
    filled.insert_raw(rows.table, rows.content, "RowBinary", {}, rows.columns)
    try:
        test = view("sources", filled)
        shown = words(test)
    finally:
        filled.command(f"DELETE FROM {rows.table} WHERE slice = {at}")
    assert "Cannot be read: Warehouse management, Regensburg and Rockford" in shown
    assert ": FileNotFoundError: /srv/&lt;b&gt;in&lt;/b&gt;<" in shown
    assert "2 gaps, last at " in shown
    assert ": the numbers of its sender have a gap (place DE01)" in shown
    no_foreign_markup(test)
