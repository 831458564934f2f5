"""The board: what it counts, and how it tells counts of a flow from those of its stations."""

from __future__ import annotations

import re

from dashboard import data
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog, line


def test_the_board_counts_what_the_store_holds(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    breached = filled.rows("SELECT uniqExact(flow, transaction_id) AS n FROM clocks FINAL WHERE verdict = 'breached'")[0]["n"]
    opened = filled.rows("SELECT count() AS n FROM transactions FINAL WHERE state = 'open'")[0]["n"]
    assert re.search(rf"Breached</span><b>{breached}</b>", shown)
    assert re.search(rf"Open</span><b>{opened}</b>", shown)
    for flow in catalog().flows.values():
        places = [
            shown.index(f'<span class="name">{flow.milestones[name].title}</span>', shown.index(f'aria-label="{flow.title}"'))
            for name in line(flow)
        ]
        assert places == sorted(places)


def test_an_unknown_verdict_says_why(view: View, filled: Store) -> None:
    for name, due, said in (("silent", NOW, "source silent"), ("lacking", None, "1 missing a fact")):
        row = {"flow": "order-to-cash", "sla": "ship-as-promised", "transaction_id": name, "revision": 1, "stage": "shipped", "due_at": due}
        filled.insert("open_clocks", {column: [value] for column, value in {**row, "verdict": "unknown"}.items()})
        data._fetch.clear()
        assert said in words(view("board", filled))


def test_the_board_says_how_the_counts_of_a_flow_and_of_its_stations_differ(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    once = "each transaction counted once, by its worst SLA"
    assert f"<b>Next to the flow's name:</b> {once}; one that is late at two stations counts at both" in shown
    head = shown[shown.index('<section class="flow') : shown.index('<ol class="stations">')]
    assert f'title="the deadline has passed; {once}"' in head
    assert 'title="the deadline has passed"' in shown
