"""Where a transaction is: a sentence, what to tell the customer, and a line of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.catalog.catalog import Catalog
from core.clock import FakeClock, from_milliseconds
from core.config import Settings
from dashboard.components import whereabouts
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from store.client import Store
from tests.dashboard.shown import View, first_of, words
from tests.slas.builders import ms
from tests.slas.test_outlook import NOW, at, clock, outlook

pytestmark = pytest.mark.usefixtures("light")
BOOKED = {"captured": "09:00", "booked": "10:30"}
PROMISE = clock("deliver", "delivered", "18:00")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    fake = FakeClock(from_milliseconds(ms(NOW)))
    return Context(Data(Settings(data=tmp_path), fake), Catalog(), fake, Zone("Europe/Berlin"))


def test_the_head_says_how_it_stands_what_to_tell_and_what_is_promised(context: Context) -> None:
    late = clock("book", "booked", "09:15", "breached", penalty=12.5)
    shown = str(whereabouts.head(context, outlook(BOOKED, PROMISE, late)))
    assert '<section class="andon-where bad"' in shown
    assert "1 hour 20 minutes were lost between “Captured” and “Booked”" in shown
    assert "<i>What to tell ACME</i>" in shown
    assert "<i>Promised</i><b>Delivered 27 Mar 19:00</b>" in shown, "in the viewer's zone"
    assert "<i>Expected</i><b>27 Mar 15:00</b>" in shown
    assert "<i>Waiting for</i><b>Shipped · WMS</b>" in shown
    assert "<i>Penalty so far</i><b>€12</b>" in shown


@pytest.mark.parametrize(
    ("clocks", "more", "kind"),
    [
        ([PROMISE], {}, "info"), ([clock("deliver", "delivered", "18:00", "at_risk")], {}, "warn"), ([], {}, "idle"),
        ([PROMISE], {"failed_stage": "shipped"}, "bad"), ([clock("deliver", "delivered", "13:00")], {}, "warn"),
        ([clock("deliver", "delivered", "18:00", "met", stopped_at=at("11:00"))], {"state": "completed"}, "ok"),
    ],
)  # fmt: skip
def test_its_colour_is_that_of_the_worst_clock_of_what_is_expected_or_of_how_it_ended(
    context: Context, clocks: list[dict[str, Any]], more: dict[str, Any], kind: str
) -> None:
    assert f'class="andon-where {kind}"' in str(whereabouts.head(context, outlook(BOOKED, *clocks, **more)))


def test_steps_say_when_how_long_and_what_is_awaited_and_only_what_is_late_is_red(context: Context) -> None:
    shown = str(whereabouts.steps(context, outlook(BOOKED, clock("deliver", "delivered", "18:00", "breached"))))
    steps = shown.split("<li ")[1:]
    assert [step.split('"')[1] for step in steps] == [
        f"step {kind}" for kind in ("ok passed", "ok passed lost", "bad awaited lost", "idle ahead", "idle ahead")
    ]
    assert '<span class="took" title="usually 10 min">1 h 30 min</span>' in steps[1]
    assert 'aria-current="step"' in steps[2]
    assert "promised 27 Mar 19:00" in steps[3]
    assert "≈ 27 Mar 15:00" in steps[3]


def test_what_each_delivery_reaches_shows_how_many_have(context: Context) -> None:
    keys, reached = {"order": ["4711"], "delivery": ["D1", "D2"]}, {"shipped": [("delivery", "D1", at("11:30"))]}
    found = outlook({**BOOKED, "shipped": "11:30"}, PROMISE, keys=keys, reached=reached)
    assert "<small>1 of 2</small>" in str(whereabouts.steps(context, found))


def test_the_strip_holds_working_hours_lost_time_now_and_the_promise(context: Context) -> None:
    drawn = whereabouts.strip(context, outlook(BOOKED, clock("deliver", "delivered", "11:00", "breached"))).to_dict()
    rows = [row for data in drawn["datasets"].values() for row in data]
    assert {row["word"] for row in rows if "word" in row} == {"now", "promised"}
    assert {row["kind"] for row in rows if "kind" in row} == {"reached", "expected"}
    assert any(layer["mark"].get("type") == "rect" for layer in drawn["layer"])
    ended = whereabouts.strip(context, outlook({"captured": "09:00"}, state="completed")).to_dict()
    assert not [row for data in ended["datasets"].values() for row in data if row.get("word") == "now"]


def test_the_page_begins_with_where_it_is(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND state = 'open'")
    shown = words(view("transactions", filled, id=identity))
    assert shown.index("andon-where") < shown.index("andon-steps") < shown.index("<i>Flow</i>")
