"""Key figures: promises to customers apart from others, what is compared, and money by currency."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from core.catalog.catalog import Catalog
from core.catalog.rates import Rates
from core.clock import FakeClock
from core.config import Settings
from dashboard.components import kpi_figures
from dashboard.components.kpi_figures import Figures
from dashboard.components.periods import Period
from dashboard.components.tiles import Tile
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from tests.dashboard.synthetic import NOW, catalog

PERIOD = Period(*(datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 9)), "October 2026", "September 2026")
WHOLE = pd.DataFrame(
    [("all", "", False, 10, 9, 8, 2, 50, 47, 6, 7200.0), ("all", "", True, 10, 8, 8, 4, 40, 38, 6, 3600.0)],
    columns=["by", "name", "before", "decided", "met", "transactions", "exceptions", "promised", "kept", "completed", "cycle_seconds"],
)  # fmt: skip
SLAS = pd.DataFrame(
    [("deliver-as-promised", False, 96.0, 4.0), ("deliver-as-promised", True, 90.0, 10.0), ("book-in-time", False, 98.0, 2.0)],
    columns=["sla", "before", "met", "missed"],
).assign(flow="order-to-cash")  # fmt: skip
MONEY = pd.DataFrame(
    [(0, "EUR", 40.0, 1_240_000.0, 0.0), (0, "USD", 2.0, 900.0, 0.0), (1, "EUR", 30.0, 0.0, 0.0)],
    columns=["before", "currency", "penalty", "missed", "protected"],
).assign(by="all", name="")
RISK = pd.DataFrame({"name": ["", ""], "currency": ["EUR", "USD"], "value": [5_000.0, 10.0], "transactions": [3, 1]})
FIGURES = Figures(kpi_figures.with_shares(WHOLE), SLAS, MONEY, RISK)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    clock = FakeClock(NOW)
    return Context(Data(Settings(data=tmp_path), clock), catalog(), clock, Zone("UTC"))


def told(context: Context, figures: Figures, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tile]:
    address: dict[str, Any] = {"period": "2026-10"}
    monkeypatch.setattr(st, "query_params", address)
    return {tile.label: tile for tile in kpi_figures.tiles(context, PERIOD, figures)}


def test_promises_to_customers_are_apart_and_coloured_by_their_budget(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(context, FIGURES, monkeypatch)
    customers, own = found["Promises to customers met"], found["Internal SLAs met"]
    assert (customers.value, customers.note, customers.kind) == ("96.0%", "4 missed, 3 allowed · +6.0 points against September 2026", "bad")
    assert customers.told == "4 missed of 100 decided; the objectives allow 3"
    assert (own.value, own.note, own.kind) == ("98.0%", "2 missed, 5 allowed", "ok")
    assert customers.href == "kpis?period=2026-10&behind=missed&promised=customer"
    assert own.href.endswith("promised=internal")


def test_a_file_has_every_figure_with_its_unit_and_all_digits(context: Context) -> None:
    found = kpi_figures.sheet(context, FIGURES).set_index(["figure", "unit"])
    assert found.loc[("on_time_in_full", "share"), "value"] == 47 / 50
    assert list(found.loc[("promises_to_customers_met", "share")]) == [0.96, 0.9]
    assert found.loc[("promises_to_customers_objective", "share"), "value"] == 0.97
    assert found.loc[("internal_slas_missed", "clocks"), "value"] == 2.0
    assert pd.isna(found.loc[("internal_slas_missed", "clocks"), "value_before"]), "nothing is known of it, which is not none"
    assert list(found.loc[("cycle_time_median", "seconds")]) == [7200.0, 3600.0]
    assert list(found.loc[("penalties", "EUR")]) == [40.0, 30.0]
    assert found.loc[("value_missed", "EUR"), "value"] == 1_240_000.0
    assert found.loc[("value_at_risk_now", "USD"), "value"] == 10.0
    alone = replace(
        FIGURES,
        whole=FIGURES.whole[~FIGURES.whole["before"]],
        money=MONEY[MONEY["before"] == 0],
        risk=pd.concat([RISK, pd.DataFrame({"name": [""], "currency": [""], "value": [0.0], "transactions": [2]})]),
    )
    rows = kpi_figures.sheet(context, alone)
    assert rows.loc[rows["figure"] == "penalties", "value_before"].isna().all(), "nothing is known of what was before"
    assert rows["unit"].all(), "what has no value has no currency"


def test_the_objective_of_several_slas_weighs_each_by_its_clocks(context: Context) -> None:
    rows = [row for row in SLAS.to_dict("records") if not row["before"]]
    assert kpi_figures.objective(context, rows) == pytest.approx(0.96), "97% and 95%, of 100 clocks each"
    assert kpi_figures.objective(context, []) is None


def test_on_time_in_full_counts_transactions_and_says_if_nothing_is_promised(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(context, FIGURES, monkeypatch)["On time in full"]
    assert (found.value, found.note) == ("94.0%", "−1.0 points against September 2026")
    assert told(replace(context, catalog=Catalog()), FIGURES, monkeypatch)["On time in full"].value == "–"


def test_exceptions_and_cycle_time_are_compared_with_the_period_before(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(context, FIGURES, monkeypatch)
    exceptions, cycle = found["Transactions with a missed SLA"], found["Cycle time, median"]
    assert (exceptions.value, exceptions.note) == ("25.0%", "−25.0 points against September 2026")
    assert (cycle.value, cycle.note) == ("2 h", "+100.0% against September 2026")
    assert cycle.href.endswith("behind=slowest")


def test_money_keeps_currencies_apart_and_comes_last(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(context, FIGURES, monkeypatch)
    assert [tile.value for tile in list(found.values())[-kpi_figures.MONEY :]] == ["€40 + $2", "€1.24M + $900", "none", "€5.00k + $10"]
    assert found["Penalties"].note == "€30 in September 2026"
    assert found["Value at risk now"].note == "4 transactions"


def test_money_is_one_amount_where_the_catalog_has_rates_of_the_last_day(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The period is October; the rate of November is that of what is at risk now."""
    rates = Rates(currency="EUR", rates={"USD": {date(2026, 1, 1): 0.5, date(2026, 11, 1): 2.0}})
    found = told(replace(context, catalog=replace(context.catalog, rates=rates)), FIGURES, monkeypatch)
    assert (found["Penalties"].value, found["Value missed"].value, found["Value at risk now"].value) == ("€41", "€1.24M", "€5.02k")
    assert found["Penalties"].told.endswith(": €40 + $2 at rates of 01 Jan 2026")
    assert found["Value at risk now"].told.endswith("at rates of 01 Nov 2026")


def test_a_dash_is_for_money_that_is_not_known_and_none_for_what_is_known_to_be_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(**changed: pd.DataFrame) -> list[str]:
        return [tile.value for tile in list(told(context, replace(FIGURES, **changed), monkeypatch).values())[-kpi_figures.MONEY :]]

    assert shown(money=MONEY.assign(penalty=0.0))[0] == "none", "late, but not late enough to cost anything"
    assert shown(whole=FIGURES.whole.assign(exceptions=0), money=MONEY.head(0), risk=RISK.head(0)) == ["none"] * 4
    unpriced = MONEY.assign(currency="", penalty=0.0, missed=0.0)
    assert shown(money=unpriced)[:3] == ["–"] * 3, "orders were missed, and nobody said what they are worth"


def test_without_anything_there_are_dashes_and_nothing_is_compared(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"flow": [], "sla": [], "before": [], "met": [], "missed": []}
    nothing = Figures(kpi_figures.with_shares(WHOLE.head(0)), pd.DataFrame(columns), MONEY.head(0), RISK.head(0))
    found = told(context, nothing, monkeypatch)
    assert {tile.value for tile in found.values()} == {"–"}
    assert {tile.note for tile in found.values()} == {"", "none was decided", "0 transactions"}
