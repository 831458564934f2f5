"""The signals behind a transaction: its milestones', and all that share a trace with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from dashboard.components import signals
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from store.client import Store
from store.reads import detail
from store.statement import statement
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW


@pytest.fixture(autouse=True)
def _taken_out_again(filled: Store) -> Iterator[None]:
    """Sources lists what no flow uses; others look at it there."""
    yield
    filled.command("DELETE FROM events WHERE event_source IN ('/notes', '/many')")


def event(number: str, trace: str) -> dict[str, list[object]]:
    row = {"slice": 1, "source": "crm", "received_at": NOW, "event_source": "/notes", "id": number, "type": "crm.note", "time": NOW}
    return {name: [value] for name, value in {**row, "data": '{"note": "by trace alone"}', "trace_id": trace}.items()}


def test_an_event_that_shares_only_the_trace_is_on_the_sheet(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    filled.insert("events", event("note-1", identity))
    filled.insert("events", event("note-2", "0" * 32))
    shown = words(view("transactions", filled, id=identity))
    assert "note-1" in shown
    assert "by trace alone" in shown
    assert "note-2" not in shown


def test_events_of_a_trace_are_found_by_its_index(filled: Store) -> None:
    """A look at one transaction must not read every event there is."""
    named = [{"event_source": "/many", "id": f"{number:07}", "trace_id": f"{number:032x}"} for number in range(100_000)]
    filled.insert(
        "events", {name: [row[name] for row in named] for name in named[0]} | {"slice": [1] * len(named), "received_at": [NOW] * len(named)}
    )
    plan = filled.reader.query(
        f"EXPLAIN indexes = 1 {statement('detail/events', limit=detail.SIGNALS)}",
        parameters={"traces": [f"{4711:032x}"], "ids": ["/many 0000815"]},
    ).result_rows
    granules = [re.search(r"Granules: (\d+)/(\d+)", row[0]) for row in plan]
    least = [(int(found[1]), int(found[2])) for found in granules if found and int(found[2]) > 10]
    assert min(read for read, _ in least) <= 3, plan
    found = detail.events(filled.reader, trace_ids=(f"{4711:032x}",), signal_ids=("/many 0000815",))
    assert list(found["id"]) == ["0000815", "0004711"]


def test_the_sheet_says_how_many_signals_are_not_shown(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    spans = filled.rows(f"SELECT count() AS n FROM spans FINAL WHERE trace_id = '{identity}'")[0]["n"]
    monkeypatch.setattr(detail, "SIGNALS", 5)
    said = [caption.value for caption in view("transactions", filled, id=identity).caption]
    assert f"Showing the earliest 5 of {spans}." in said
    monkeypatch.setattr(signals, "_TRACES", 0)
    said = [caption.value for caption in view("transactions", filled, id=identity).caption]
    assert "Only 0 of its 1 trace are shown; signals of the others appear only if they are milestones." in said


class Counting(Data):
    """Answers with so many rows, and counts how often more than that is asked for."""

    def __init__(self, folder: Path, rows: int, there: int) -> None:
        super().__init__(Settings(data=folder), FakeClock(NOW))
        self.rows, self.there, self.counted = rows, there, 0

    def read(self, function: Any, *, slow: bool = False, **_: Any) -> Any:
        assert not slow
        if function is detail.how_many:
            self.counted += 1
            return self.there
        return pd.DataFrame({"n": range(self.rows)})


def found(folder: Path, rows: int, there: int, traces: tuple[str, ...] = ("t",), **ids: tuple[Any, ...]) -> tuple[signals._Found, int]:
    data = Counting(folder, rows, there)
    context = Context(data, Catalog(), FakeClock(NOW), Zone())
    return signals._found(context, "logs", detail.logs, traces, **ids), data.counted


def test_signals_are_counted_only_where_not_all_were_given(tmp_path: Path) -> None:
    few, counted = found(tmp_path, 3, 99)
    assert (few.total, counted) == (3, 0)
    many, counted = found(tmp_path, detail.SIGNALS, 9_000)
    assert (many.total, counted) == (9_000, 1)
    assert len(many.listed) == signals._LISTED


def test_without_a_trace_or_an_id_nothing_is_asked(tmp_path: Path) -> None:
    none, _ = found(tmp_path, 3, 3, traces=(), log_ids=())
    assert (none.total, none.rows.empty, none.listed) == (0, True, [])
    assert found(tmp_path, 3, 3, traces=(), log_ids=("l",))[0].total == 3


def test_attributes_are_escaped_and_bounded() -> None:
    shown = signals._pairs({f"<{number}>": "<b>" + "x" * 1000 for number in range(100)})
    assert shown.count('<span class="pair">') == 40
    assert "<b>" not in shown
    assert len(shown) < 40 * 400


def test_events_of_a_span_are_shown_with_their_attributes() -> None:
    row = {"events.name": ["exception", "<retry>"], "events.attributes": [{"exception.type": "Timeout"}, {}]}
    shown = signals._span_events(row)
    assert "<div><b>exception</b> " in shown
    assert "<i>exception.type</i>Timeout" in shown
    assert "&lt;retry&gt;" in shown
    assert signals._span_events({}) == ""
    assert signals._span_events({name: values * 20 for name, values in row.items()}).count("<div>") == 10
