"""Every figure in a tile of every page is what SQL counts in the tables that the stages write, and what the commands print."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from andon.client.incidents import listed
from core.money import several
from dashboard.components.time_format import duration
from dashboard.components.words import plain
from store.client import Store
from tests.dashboard.conftest import PAGES
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog

PERIOD = f"toDateTime64('{NOW - timedelta(days=30):%Y-%m-%d %H:%M:%S}', 3, 'UTC') AND toDateTime64('{NOW - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
_TILE = re.compile(
    r'class="figure [^"]*"[^>]*><span class="label">(?:<i[^>]*>[^<]*</i> )?([^<]*)</span><b>([^<]*)</b><span class="note">([^<]*)<'
)
_FACT = re.compile(r'<span class="fact"[^>]*><i>([^<]*)</i><b>([^<]*)</b>')
MEMBERS = (
    "(SELECT m.*, i.cause AS cause, i.stage AS stage FROM (SELECT * FROM incident_members FINAL WHERE left_at IS NULL) AS m INNER JOIN"
    " (SELECT incident_id, cause, stage FROM incidents FINAL WHERE status != 'resolved' AND flow != 'andon') AS i USING incident_id)"
)
RANKED = (
    "(SELECT flow, transaction_id, max(multiIf(verdict IN ('breached', 'failed'), 3, verdict = 'at_risk', 2, 1)) AS worst,"
    f" max(verdict = 'failed') AS failed, max(value) AS worth, argMax(currency, value) AS of_currency FROM {MEMBERS} GROUP BY flow, transaction_id)"
)
DECIDED = (
    "(SELECT *, if(verdict = 'met', stopped_at, due_at) AS at, verdict = 'met' AS kept, verdict IN ('breached', 'met_late') AS missed FROM clocks FINAL"
    f" WHERE removed = 0 AND verdict IN ('met', 'met_late', 'breached') AND at BETWEEN {PERIOD})"
)


def one(store: Store, sql: str) -> Any:
    return next(iter(store.rows(sql)[0].values()))


def money(store: Store, sql: str) -> str:
    """Return the amounts of a statement that gives ``currency`` and ``total``."""
    return several({str(row["currency"]): float(row["total"]) for row in store.rows(sql) if row["total"]}, 2)


def share(store: Store, where: str) -> str:
    return f"{one(store, f'SELECT countIf(kept) / count() AS n FROM {DECIDED} WHERE {where}'):.1%}"


def number(sql: str) -> Callable[[Store], str]:
    return lambda store: f"{one(store, sql):,}"


def _next(store: Store) -> str:
    due: datetime = one(store, "SELECT min(assumeNotNull(due_at)) AS n FROM clocks FINAL WHERE verdict IN ('running', 'at_risk') AND removed = 0 AND due_at > "
                               f"toDateTime64('{NOW:%Y-%m-%d %H:%M:%S}', 3, 'UTC')")  # fmt: skip
    return f"in {duration((due.replace(tzinfo=NOW.tzinfo) - NOW).total_seconds())}"


def promised() -> str:
    return " OR ".join(
        f"(flow = '{flow}' AND sla = '{name}')" for flow, known in catalog().flows.items() for name, sla in known.slas.items() if sla.promised_to == "customer"
    )  # fmt: skip


def worth(which: str, value: str = "max(value)") -> Callable[[Store], str]:
    """Return the money of the transactions with such a decided clock, each once."""
    return lambda store: money(
        store, f"SELECT currency, sum(worth) AS total FROM (SELECT any(currency) AS currency, {value} AS worth FROM {DECIDED} WHERE {which}"
               " GROUP BY flow, transaction_id) GROUP BY currency"
    )  # fmt: skip


BOARD: dict[str, Callable[[Store], str]] = {
    "Open": number("SELECT count() AS n FROM transactions FINAL WHERE state = 'open'"),
    "Late": number(f"SELECT countIf(worst = 3) AS n FROM {RANKED}"),
    "At risk": number(f"SELECT countIf(worst = 2) AS n FROM {RANKED}"),
    "Unknown": number(f"SELECT countIf(worst = 1) AS n FROM {RANKED}"),
    "Value at risk": lambda store: money(store, f"SELECT of_currency AS currency, sum(worth) AS total FROM {RANKED} GROUP BY currency"),
    "Next deadline": _next,
    "As of": lambda _: "10:30:00",
}
KPIS: dict[str, Callable[[Store], str]] = {
    "On time in full": lambda store: f"{one(store, f'SELECT countIf(late = 0) / count() AS n FROM (SELECT sum(missed) AS late FROM {DECIDED} WHERE {promised()} GROUP BY flow, transaction_id)'):.1%}",
    "Promises to customers met": lambda store: share(store, promised()),
    "Internal SLAs met": lambda store: share(store, f"NOT ({promised()})"),
    "Transactions with a missed SLA": lambda store: f"{one(store, f'SELECT countIf(late > 0) / count() AS n FROM (SELECT sum(missed) AS late FROM {DECIDED} GROUP BY flow, transaction_id)'):.1%}",
    "Cycle time, median": lambda store: duration(one(store, "SELECT quantileExactInclusive(0.5)(dateDiff('second', started_at, assumeNotNull(ended_at))) AS n FROM transactions FINAL"
                                                            f" WHERE state = 'completed' AND ended_at BETWEEN {PERIOD}")),
    "Penalties": worth("missed", "sum(penalty)"),
    "Value missed": worth("missed"),
    "Value protected": lambda store: money(
        store, f"SELECT currency, sum(worth) AS total FROM (SELECT any(currency) AS currency, maxIf(value, kept AND stopped_at > warn_at) AS worth, sum(missed) AS late"
               f" FROM {DECIDED} GROUP BY flow, transaction_id) WHERE late = 0 GROUP BY currency"),
    "Value at risk now": BOARD["Value at risk"],
}  # fmt: skip
_SLA = "flow = 'order-to-cash' AND sla = 'book-in-time'"
SLA: dict[str, Callable[[Store], str]] = {
    "Missed": number(f"SELECT countIf(missed) AS n FROM {DECIDED} WHERE {_SLA}"),
    "Budget used": lambda store: f"{one(store, f'SELECT countIf(missed) / (0.05 * count()) AS n FROM {DECIDED} WHERE {_SLA}'):.0%}",
    "Met": lambda store: share(store, _SLA),
    "Unknown": lambda _: "0",
}
_OF_ONE = f"FROM {MEMBERS} WHERE incident_id = 'inc-0000'"
INCIDENT: dict[str, Callable[[Store], str]] = {
    "Affected now": lambda store: f"{one(store, f'SELECT uniqExact(flow, transaction_id) AS n {_OF_ONE}')} of {one(store, f'SELECT uniqExact(flow, transaction_id) AS n {_OF_ONE}')} in total",
    "Late or failed": number(f"SELECT uniqExactIf((flow, transaction_id), verdict IN ('breached', 'failed')) AS n {_OF_ONE}"),
    "Value at risk": lambda store: money(store, f"SELECT currency, sum(value) AS total {_OF_ONE} GROUP BY currency"),
    "Penalty so far": lambda store: money(store, f"SELECT currency, sum(penalty) AS total {_OF_ONE} GROUP BY currency"),
}  # fmt: skip
SHOWN: dict[str, tuple[str, dict[str, str], dict[str, Callable[[Store], str]]]] = {
    "board": ("board", {}, BOARD), "kpis": ("kpis", {}, KPIS), "an SLA": ("slas", {"sla": "order-to-cash/book-in-time"}, SLA),
    "transactions": ("transactions", {}, {}), "incidents": ("incidents", {}, {}), "slas": ("slas", {}, {}), "sources": ("sources", {}, {}),
    "interfaces": ("interfaces", {}, {}),
}  # fmt: skip
"""Each page with the figures in its tiles; a tile that is not here has no proof, and fails."""


@pytest.mark.parametrize("name", SHOWN)
def test_every_tile_shows_what_sql_counts(name: str, view: View, filled: Store) -> None:
    page, address, expected = SHOWN[name]
    tiles = {unescape(label): unescape(value) for label, value, _ in _TILE.findall(words(view(page, filled, **address)))}
    assert tiles == {label: figure(filled) for label, figure in expected.items()}


def test_no_page_is_left_out() -> None:
    assert {page for page, _, _ in SHOWN.values()} == set(PAGES)


def test_the_figures_of_an_incident_are_those_of_its_members(view: View, filled: Store) -> None:
    facts = {unescape(label): unescape(value) for label, value in _FACT.findall(words(view("incidents", filled, id="inc-0000")))}
    assert {label: facts[label] for label in INCIDENT} == {label: figure(filled) for label, figure in INCIDENT.items()}


def test_the_board_the_list_and_the_command_name_the_same_incidents(view: View, filled: Store) -> None:
    told = listed(filled.reader, NOW, resolved_too=False)
    pages = [words(view(page, filled)) for page in ("board", "incidents")]
    titles = filled.rows("SELECT title FROM incidents FINAL WHERE status != 'resolved'")
    assert len(told) == len(titles)
    assert f"All {len(told)} open incidents" in pages[0]
    assert pages[1].count('<a href="incidents?id=') == len(told)
    for row in titles:
        assert plain(row["title"]) in plain(pages[1])
        assert row["title"] in told.to_string(max_colwidth=None)


def test_the_figures_of_stations_add_up_and_open_as_many_transactions(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    flows = re.findall(r'<section class="flow .*?</section>', shown, re.DOTALL)
    assert len(flows) == len(catalog().flows)
    for flow in flows:
        head, tiles = flow.split('<ol class="stations">')
        stations = re.findall(r'<a href="([^"]*)" title="([^"]*)">', tiles)
        waiting = [(unescape(href), int(hint.split(": ")[1].split(" ")[0].replace(",", ""))) for href, hint in stations]
        (in_all,) = re.findall(r'class="sum">([\d,]+) open', head)
        assert sum(count for _, count in waiting) == int(in_all.replace(",", ""))
        for word in ("late", "at risk"):
            of_flow = re.search(rf"</b>([\d,]+)<i> {word}</i>", head)
            assert sum(int(found) for found in re.findall(rf"</b>([\d,]+)<i> {word}</i>", tiles)) == (int(of_flow[1]) if of_flow else 0)
        busiest, count = max(waiting, key=lambda found: found[1])
        listed_ = view("transactions", filled, **dict(pair.split("=") for pair in busiest.split("?")[1].split("&")))
        assert words(listed_).count('<a href="transactions?id=') == count
