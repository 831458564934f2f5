"""Files people open in a spreadsheet: no text in them is ever run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from dashboard.components import export, filters
from dashboard.components.time_format import Zone
from dashboard.data import Data, Unreachable
from dashboard.page import Context
from store.client import Store
from tests.dashboard.shown import View, words

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


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1234567.89, "1234567.89"), (0.1 + 0.2, "0.3"), (1e20, "100000000000000000000"), (1e-7, "0.0000001"), (5.0, "5"), (-0.05, "-0.05"),
        (123456789012.34, "123456789012.34"), (906.600000000001, "906.6"), (float("nan"), ""),
    ],
)  # fmt: skip
def test_an_amount_is_written_out(number: float, written: str) -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"value": [number], "n": [1]})).decode("utf-8-sig"))))
    assert read == [["value", "n"], [written, "1"]]


def test_every_row_says_what_it_is_of_and_every_cell_is_a_number_or_a_text() -> None:
    frame = pd.DataFrame(
        {
            "seen": [pd.Timestamp("2026-11-24 09:30"), pd.NaT],
            "value": [{"EUR": 5.5}, {"USD": 3.0, "": 1.0}],
            "customers": [["a", "b"], []],
            "n": [1, 2],
        }
    )
    sheet = export.told(frame, {"as_of": "now", "filters": "flow=x"}, ZoneInfo("Europe/Berlin"))
    assert sheet.to_dict("list") == {
        "as_of": ["now", "now"],
        "filters": ["flow=x", "flow=x"],
        "seen": ["2026-11-24T10:30:00+01:00", ""],
        "value_no_currency": [0.0, 1.0],
        "value_EUR": [5.5, 0.0],
        "value_USD": [0.0, 3.0],
        "customers": ["a; b", ""],
        "n": [1, 2],
    }


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("transactions", ["transactions"]), ("incidents", ["incidents"]), ("slas", ["slas", "next-deadlines"]), ("sources", ["sources", "quarantine"]),
        ("kpis", ["kpis", "kpis-by-day", "kpis-by-cause"]), ("interfaces", ["interfaces"]),
    ],
)  # fmt: skip
def test_every_list_of_a_page_is_offered_with_its_period_and_filters(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch, page: str, names: list[str]
) -> None:
    written: list[pd.DataFrame] = []
    csv_of = export.csv
    monkeypatch.setattr(export, "csv", lambda frame: (written.append(frame), csv_of(frame))[1])
    test = view(page, filled, flow="order-to-cash", period="7d")
    words(test)
    assert len(written) == len(names)
    for frame in written:
        assert set(frame["filters"]) == {"flow=order-to-cash"}
        assert frame["as_of"].iloc[0].startswith("2026-11-24T")
    if page in {"transactions", "kpis"}:
        assert {tuple(frame[["period_from", "period_to"]].iloc[0]) for frame in written} == {
            ("2026-11-17T10:30:00+01:00", "2026-11-24T10:30:00+01:00")
        }


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Callable[[], bytes]] = []
    monkeypatch.setattr(DeltaGenerator, "download_button", lambda _self, _label, data, *_, **__: given.append(data))
    monkeypatch.setattr(st, "query_params", {})

    def frame() -> pd.DataFrame:
        raise Unreachable("the engine ended a query that is beyond its limits; ask for less")

    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    export.offer(Context(Data(Settings(data=tmp_path), clock), Catalog(), clock, Zone()), frame, "transactions")
    read = list(csv.DictReader(io.StringIO(given[0]().decode("utf-8-sig"))))
    assert [row["not_made"] for row in read] == ["the engine ended a query that is beyond its limits; ask for less"]


def test_the_file_of_own_days_says_which(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[pd.DataFrame] = []
    monkeypatch.setattr(export, "csv", lambda frame: (written.append(frame), b"")[1])
    words(view("transactions", filled, period="own", **{"from": "2026-11-19", "to": "2026-11-20"}))
    assert set(zip(written[0]["period_from"], written[0]["period_to"], strict=True)) == {
        ("2026-11-19T00:00:00+01:00", "2026-11-21T00:00:00+01:00")
    }
    assert {f"{day:.10}" for day in written[0]["started_at"]} == {"2026-11-19", "2026-11-20"}


def test_the_address_says_what_is_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "query_params", {"flow": "o2c", "zone": "UTC", "wall": "1", "plant": "", "customer": "ACME; Co"})
    assert filters.stated() == "customer=ACME; Co; flow=o2c"
