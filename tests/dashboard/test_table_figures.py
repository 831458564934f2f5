"""Every figure in the tables of the pages, and at the board's stations, is what SQL counts in the tables that the stages write.

It is counted without the product's own reads and views; where a command says the same, it is compared with that, too.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from andon.client import queues as told_queues
from andon.client.incidents import listed
from core.catalog.flow import HEARTBEAT
from core.money import cell, count, several
from dashboard import definitions
from dashboard.components import behind
from dashboard.components.time_format import duration
from store.client import Store
from store.reads import queues
from tests.dashboard.shown import View, tables, words
from tests.dashboard.synthetic import NOW, catalog, line
from tests.dashboard.test_figures import DECIDED, MEMBERS, PERIOD, RANKED

HOUR = NOW.replace(minute=0)
DAY = f"toDateTime64('{HOUR - timedelta(hours=23):%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
OF_CLOCK = {
    "sla": "concat(flow, '/', sla)",
    "cause": "concat(flow, '/', sla, '/', cause)",
    "plant": "plant",
    "customer": "customer",
    "flow": "flow",
}


def grouped(store: Store, sql: str, *, money: str = "total") -> dict[str, Any]:
    """Return the rows of a statement that gives ``name``; those of one name in several currencies are joined."""
    found: dict[str, dict[str, Any]] = {}
    for row in store.rows(sql):
        each = found.setdefault(str(row["name"]), {**row, "money": {}})
        if row.get(money):
            each["money"][str(row["currency"])] = float(row[money])
    return found


def amounts(found: dict[str, float]) -> str:
    return several(found, 2) if found else ""


@pytest.fixture(scope="module", autouse=True)
def more(untouched: Store) -> None:
    """A step of the ERP fails, and its bookings come ever later; the clock of a press is two hours behind; a history of the portal came."""
    numbers, received = range(120), [NOW - timedelta(minutes=50) + timedelta(seconds=number * 20) for number in range(120)]
    arrivals: dict[str, Sequence[Any]] = {
        "milestone": ["booked"] * 119 + ["rejected"], "failure": [0] * 119 + [1], "event_id": [f"e{number}" for number in numbers],
        "received_at": received, "event_time": [moment - timedelta(seconds=7 * number) for number, moment in enumerate(received)],
    }  # fmt: skip
    untouched.insert(
        "milestone_events",
        {**{name: [value] * 120 for name, value in {"slice": 1, "flow": "order-to-cash", "source": "erp"}.items()}, **arrivals},
    )
    late = {"press": [7_200 + number % 40 for number in range(120)], "supplier-portal": [number * 240 for number in range(120)]}
    for source, seconds in late.items():
        times = [moment - timedelta(seconds=behind) for moment, behind in zip(received, seconds, strict=True)]
        ids = [f"{source}{number}" for number in range(120)]
        untouched.insert(
            "logs",
            {"slice": [1] * 120, "source": [source] * 120, "log_id": ids, "received_at": received, "time": times, "observed_time": times},
        )
        hours = Counter(moment.replace(minute=0, second=0) for moment in received)
        counted = [
            {"hour": hour, "source": source, "kind": "logs", "signals": signals, "last_at": max(received)}
            for hour, signals in hours.items()
        ]
        untouched.insert("source_hours", {name: [row[name] for row in counted] for name in counted[0]})


def test_every_incident_of_the_list_is_counted_from_its_members_and_told_so_by_the_command(view: View, untouched: Store) -> None:
    shown = {row["Incident"]: row for row in tables(view("incidents", untouched))["Incidents"]}
    sizes = untouched.rows(
        "SELECT title, uniqExact(m.transaction_id) AS affected, uniqExactIf(m.transaction_id, m.verdict IN ('breached', 'failed')) AS late"
        " FROM (SELECT * FROM incidents FINAL WHERE status != 'resolved') AS i INNER JOIN"
        " (SELECT * FROM incident_members FINAL WHERE left_at IS NULL) AS m USING incident_id GROUP BY title"
    )
    value = grouped(
        untouched,
        "SELECT title AS name, m.currency AS currency, sum(m.value) AS total FROM (SELECT * FROM incidents FINAL WHERE status != 'resolved') AS i"
        " INNER JOIN (SELECT * FROM incident_members FINAL WHERE left_at IS NULL) AS m USING incident_id GROUP BY title, currency",
    )
    assert {title: (row["Affected"], row["Late or failed"], row["Value"]) for title, row in shown.items()} == {
        row["title"]: (count(row["affected"]), count(row["late"]), amounts(value[row["title"]]["money"])) for row in sizes
    }
    told = {row["title"]: row for row in listed(untouched.reader, NOW, resolved_too=False).to_dict("records")}
    assert {title: (row["Affected"], row["Late or failed"], row["Owner"]) for title, row in shown.items()} == {
        title: (count(row["affected"]), count(row["late"]), definitions.owner_title(catalog(), row["owner"])) for title, row in told.items()
    }


def test_every_sla_is_counted_from_its_clocks(view: View, untouched: Store) -> None:
    rows = tables(view("slas", untouched))["Misses against budget by SLA"]
    counted = untouched.rows(f"SELECT flow, sla, countIf(missed) AS missed, countIf(kept) AS met FROM {DECIDED} GROUP BY flow, sla")
    unknown = grouped(
        untouched,
        f"SELECT concat(flow, '/', sla) AS name, count() AS n FROM clocks FINAL WHERE removed = 0 AND verdict = 'unknown' AND due_at BETWEEN {PERIOD} GROUP BY name",
    )
    expected = {}
    for row in counted:
        decided, share = row["met"] + row["missed"], definitions.objective(catalog(), row["flow"], row["sla"])
        doubtful = unknown.get(f"{row['flow']}/{row['sla']}", {"n": 0})["n"]
        expected[definitions.sla_title(catalog(), row["flow"], row["sla"])] = (
            count(row["missed"]), f"{row['met'] / decided:.1%}", count(decided), count(doubtful) if doubtful else "", f"{share:.0%}",
            count(int((1 - share) * decided + 1e-9)), f"{row['missed'] / ((1 - share) * decided):.0%}",
        )  # fmt: skip
    columns = ("Missed", "Met", "Decided", "Unknown", "Objective", "Allowed", "")
    assert {row["SLA"]: tuple(row[name] for name in columns) for row in rows} == expected


def _title(by: str, name: str) -> str:
    if by == "flow":
        return definitions.flow_title(catalog(), name)
    if by in {"sla", "cause"}:
        flow, sla, *cause = name.split("/", 2)
        return ": ".join([definitions.sla_title(catalog(), flow, sla), *map(behind.cause_title, cause)])
    return name


@pytest.mark.parametrize("by", OF_CLOCK)
def test_what_costs_most_is_counted_from_clocks_and_transactions(by: str, view: View, untouched: Store) -> None:
    rows = {row[next(iter(row))]: row for row in tables(view("kpis", untouched, by=by))[f"KPIs by {by}"]}
    name, currency = OF_CLOCK[by], "any(currency) AS currency"
    each = (
        f"SELECT {name} AS name, {currency}, sum(missed) AS lost, max(value) AS worth, sum(if(missed, penalty, 0)) AS owed FROM {DECIDED}"
    )
    late = grouped(
        untouched,
        f"SELECT name, currency, sum(worth) AS total FROM ({each} WHERE missed GROUP BY name, flow, transaction_id) GROUP BY name, currency",
    )
    owed = grouped(
        untouched, f"SELECT name, currency, sum(owed) AS total FROM ({each} GROUP BY name, flow, transaction_id) GROUP BY name, currency"
    )
    counts = grouped(untouched, f"SELECT {name} AS name, sum(missed) AS lost, sum(kept) AS kept FROM {DECIDED} GROUP BY name")
    expected = {
        _title(by, key): (amounts(owed[key]["money"]), amounts(late[key]["money"]) if key in late else "", count(row["lost"]) if row["lost"] else "")
        for key, row in counts.items() if by != "cause" or row["lost"]
    }  # fmt: skip
    assert {title: tuple(row[column] for column in ("Penalties", "Value missed", "SLAs missed")) for title, row in rows.items()} == expected
    if "SLAs met" in next(iter(rows.values())):
        assert {title: row["SLAs met"] for title, row in rows.items()} == {
            _title(by, key): f"{row['kept'] / (row['kept'] + row['lost']):.1%}" for key, row in counts.items()
        }


@pytest.mark.parametrize("by", ["plant", "customer", "flow"])
def test_what_was_protected_and_what_is_at_risk_are_of_each_transaction_once(by: str, view: View, untouched: Store) -> None:
    rows = {row[next(iter(row))]: row for row in tables(view("kpis", untouched, by=by))[f"KPIs by {by}"]}
    saved = grouped(
        untouched,
        f"SELECT name, currency, sum(worth) AS total FROM (SELECT {by} AS name, any(currency) AS currency, sum(missed) AS late,"
        f" maxIf(value, kept AND stopped_at > warn_at) AS worth FROM {DECIDED} GROUP BY flow, transaction_id, name) WHERE late = 0 GROUP BY name, currency",
    )
    risk = grouped(
        untouched,
        f"SELECT name, currency, sum(worth) AS total FROM (SELECT {by} AS name, max(value) AS worth, argMax(m.currency, value) AS currency"
        f" FROM {MEMBERS} AS m GROUP BY flow, transaction_id, name) GROUP BY name, currency",
    )
    for column, found in (("Value protected", saved), ("At risk now", risk)):
        expected = {_title(by, key): amounts(row["money"]) for key, row in found.items() if row["money"]}
        assert expected
        assert {title: row[column] for title, row in rows.items() if row[column]} == expected


_HINT = re.compile(
    r"([^:]+): ([\d,]+) open transactions? waiting.*?; ([\d,]+) on time, ([\d,]+) late, ([\d,]+) failed, ([\d,]+) at risk, ([\d,]+) unknown; "
    r"([\d,]+) held up earlier; ([\d,]+) reached it in the last hour"
)


def test_every_station_is_counted_from_transactions_and_members(view: View, untouched: Store) -> None:
    """An open transaction waits behind its last milestone; it is held up there, or at the earliest that its incidents miss."""
    shown = re.findall(r'<a href="[^"]*" title="([^"]*)">', words(view("board", untouched)))
    stations = {
        found[1]: tuple(int(number.replace(",", "")) for number in found.groups()[1:])
        for hint in shown
        if (found := _HINT.match(unescape(hint)))
    }
    expected: dict[str, tuple[int, ...]] = {}
    for flow in catalog().flows.values():
        steps = line(flow)
        after = dict(zip(steps, [*steps[1:], steps[-1]], strict=True))
        waiting, held, earlier, reached = Counter[str](), Counter[tuple[str, str]](), Counter[str](), Counter[str]()
        for row in untouched.rows(f"SELECT transaction_id, state, stage, first_at FROM transactions FINAL WHERE flow = '{flow.flow}'"):
            if row["state"] == "open":
                waiting[after[row["stage"]]] += 1
            reached.update(name for name, at in row["first_at"].items() if at.replace(tzinfo=NOW.tzinfo) > NOW - timedelta(hours=1))
        stands = {
            row["id"]: row["stage"]
            for row in untouched.rows(f"SELECT transaction_id AS id, stage FROM transactions FINAL WHERE flow = '{flow.flow}'")
        }
        missed: dict[str, set[str]] = {}
        for row in untouched.rows(
            f"SELECT transaction_id AS id, groupUniqArray(toString(stage)) AS stages FROM {MEMBERS} WHERE flow = '{flow.flow}' GROUP BY id"
        ):
            missed[row["id"]] = set(row["stages"])
        for row in untouched.rows(f"SELECT transaction_id AS id, worst, failed FROM {RANKED} WHERE flow = '{flow.flow}'"):
            place = min({after[stands[row["id"]]], *missed[row["id"]]}, key=steps.index)
            held[place, "failed" if row["failed"] else {3: "late", 2: "at risk", 1: "unknown"}[row["worst"]]] += 1
            earlier.update(missed[row["id"]] - {place})
        for step in steps:
            counts = [held[step, word] for word in ("late", "failed", "at risk", "unknown")]
            on_time = max(0, waiting[step] - sum(counts))
            expected[definitions.stage_title(catalog(), flow.flow, step)] = (waiting[step], on_time, *counts, earlier[step], reached[step])
    assert stations == {title: figures for title, figures in expected.items() if title in stations}
    assert len(stations) == len(shown) >= 20


def test_every_source_is_counted_from_its_signals(view: View, untouched: Store) -> None:
    rows = tables(view("sources", untouched))["Sources"]
    kinds = " UNION ALL ".join(f"SELECT source, received_at FROM {table}" for table in ("spans", "logs", "metrics", "events"))
    signals = {
        row["source"]: row["n"]
        for row in untouched.rows(f"SELECT source, count() AS n FROM ({kinds}) WHERE received_at >= {DAY} GROUP BY source")
    }
    refused = {
        row["source"]: row["n"] for row in untouched.rows("SELECT source, uniqExact(quarantine_id) AS n FROM quarantine GROUP BY source")
    }
    assert signals
    assert refused
    errors = {
        row["source"]: f"{row['failed'] / row['n']:.1%}" if row["failed"] else ""
        for row in untouched.rows(
            "SELECT source, uniqExactIf(event_id, failure = 1) AS failed, uniqExact(event_id) AS n FROM milestone_events"
            f" WHERE received_at >= {DAY} AND flow != '{HEARTBEAT}' GROUP BY source"
        )
    }
    assert any(errors.values())
    assert {row["Source"].split("\n")[1]: (row["Signals"], row["Quarantined"], row["Errors"]) for row in rows} == {
        name: (count(signals.get(name, 0)), count(refused[name]) if name in refused else "", errors.get(name, ""))
        for name in {*catalog().sources, *signals, *refused}
    }


def test_every_source_says_when_how_often_and_how_late_it_sends(view: View, untouched: Store) -> None:
    rows = tables(view("sources", untouched))["Sources"]
    shown = {
        row["Source"].split("\n")[1]: tuple(row[name] for name in ("Last seen", "Sends every", "By kind", "Clock skew")) for row in rows
    }
    own = {
        "spans": "end_time",
        "logs": "time",
        "metrics": "toDateTime64(0, 3, 'UTC')",
        "events": "if(time = received_at, toDateTime64(0, 3, 'UTC'), time)",
    }
    all_ = " UNION ALL ".join(f"SELECT source, '{kind}' AS kind, received_at, {time} AS at FROM {kind}" for kind, time in own.items())
    last: dict[str, Any] = {}
    kinds, first, delays = dict[str, Counter[str]](), dict[str, Any](), dict[str, list[tuple[float, float]]]()
    for row in untouched.rows(f"SELECT * FROM ({all_})"):
        source, received, at = row["source"], row["received_at"].replace(tzinfo=NOW.tzinfo), row["at"].replace(tzinfo=NOW.tzinfo)
        last[source] = max(last.get(source, received), received)
        if received >= HOUR - timedelta(hours=23):
            kinds.setdefault(source, Counter())[row["kind"]] += 1
            first[source] = min(first.get(source, received), received)
        if received >= HOUR - timedelta(hours=1) and at.year > 1970:
            delays.setdefault(source, []).append(
                (-received.timestamp(), (received - at.replace(microsecond=at.microsecond // 1000 * 1000)).total_seconds())
            )
    expected = {}
    for source in {*catalog().sources, *last}:
        seen = f"{duration((NOW - last[source]).total_seconds())} ago" if source in last else "never"
        of_kind, every = kinds.get(source, Counter()), "–"
        if of_kind:
            hours = (HOUR - first[source].replace(minute=0, second=0, microsecond=0)) // timedelta(hours=1) + 1
            seconds = hours * 3600 / sum(of_kind.values())
            every = duration(seconds) if seconds >= 1 else "< 1 s"
        told = "\n".join(f"{count(number)} {kind.removesuffix('s') if number == 1 else kind}" for kind, number in sorted(of_kind.items()))
        skew = "–"
        if source in delays:
            latest = [late for _, late in sorted(delays[source])[:100]]
            low, middle, high = (float(np.quantile(latest, share)) for share in (0.1, 0.5, 0.9))
            ahead = " ahead" if middle < 0 else ""
            skew = "varies" if high - low > max(120.0, abs(middle) / 2) else f"{duration(round(abs(middle)))}{ahead}"
        expected[source] = (seen, every, told, skew)
    assert shown == expected
    assert [shown[name][3] for name in ("press", "supplier-portal", "erp")] == ["2 h", "varies", "1 s"]


def test_every_queue_shows_what_was_told_last_as_the_command_does(view: View, untouched: Store) -> None:
    rows = tables(view("sources", untouched))["Queues"]
    told = told_queues.listed(queues.latest(untouched.reader, since=HOUR - timedelta(hours=23)), "").to_dict("records")
    columns = {"Waiting": "waiting", "Dead letters": "dead letters", "Unacknowledged": "unacknowledged"}
    shown = {row["Queue"].split("\n")[0]: tuple(row[title] for title in columns) for row in rows if row["Told"] != "not told"}
    assert shown == {row["queue"]: tuple(row[name] for name in columns.values()) for row in told}
    assert shown["orders.inbound"] == ("71", "2", "2")


def test_every_interface_is_counted_from_what_transactions_passed(view: View, untouched: Store) -> None:
    rows = tables(view("interfaces", untouched))["Handovers between systems"]
    since = HOUR - timedelta(hours=23)
    took: dict[tuple[str, str, str], list[float]] = {}
    last: dict[tuple[str, str, str], Any] = {}
    for row in untouched.rows(f"SELECT flow, first_at FROM transactions FINAL WHERE flow != '{HEARTBEAT}' AND state != 'merged'"):
        flow = catalog().flows[row["flow"]]
        passed = sorted((at.replace(tzinfo=NOW.tzinfo), line(flow).index(name), name) for name, at in row["first_at"].items())
        for (begin, _, before), (end, _, after) in pairwise(passed):
            if end >= since and flow.milestones[before].system != flow.milestones[after].system:
                took.setdefault((row["flow"], before, after), []).append((end - begin) // timedelta(seconds=1))
                last[row["flow"], before, after] = max(last.get((row["flow"], before, after), end), end)
    columns = ("Handed over", "An hour", "Takes", "90 % within", "Last", "Errors", "Told by", "Told after")
    steps = {(row["Flow"], row["Step"]): tuple(row[name] for name in columns) for row in rows}
    failed, arrived, busiest = Counter[tuple[str, str]](), Counter[tuple[str, str]](), dict[tuple[str, str], tuple[int, str]]()
    for row in untouched.rows(
        f"SELECT flow, milestone, uniqExact(event_id) AS n FROM milestone_events WHERE failure = 1 AND received_at >= {DAY} GROUP BY flow, milestone"
    ):
        failed[row["flow"], catalog().flows[row["flow"]].milestones[row["milestone"]].stage or ""] += row["n"]
    for (flow, before, after), seconds in took.items():
        arrived[flow, after] += len(seconds)
        busiest[flow, after] = max(busiest.get((flow, after), (0, "")), (len(seconds), before))
    told: dict[tuple[str, str], dict[str, list[tuple[float, int]]]] = {}
    for row in untouched.rows(
        f"SELECT flow, milestone, source, event_id, event_time, received_at FROM milestone_events WHERE received_at >= {DAY}"
    ):
        delay = max(0, (row["received_at"] - row["event_time"]) // timedelta(seconds=1))
        told.setdefault((row["flow"], row["milestone"]), {}).setdefault(row["source"], []).append((-row["received_at"].timestamp(), delay))
    expected = {}
    for (flow, before, after), seconds in took.items():
        latest = {source: [delay for _, delay in sorted(signals)[:100]] for source, signals in told.get((flow, after), {}).items()}
        step = " → ".join(definitions.stage_title(catalog(), flow, name) for name in (before, after))
        errors = failed[flow, after] if busiest[flow, after][1] == before else 0
        expected[definitions.flow_title(catalog(), flow), step] = (
            count(len(seconds)),
            f"{len(seconds) / 24:,.1f}",
            duration(statistics.median(seconds)),
            duration(float(np.quantile(seconds, 0.9))),
            f"{duration((NOW - last[flow, before, after]).total_seconds())} ago",
            f"{errors / (errors + arrived[flow, after]):.1%}" if errors else "",
            ", ".join(sorted(latest, key=lambda source: -len(told[flow, after][source]))),
            duration(max(map(statistics.median, latest.values()), default=None)),
        )
    assert steps == expected
    assert any(errors for *_, errors, _, _ in steps.values())
    assert len({after for *_, after in steps.values()}) > 1


@pytest.mark.parametrize("by", ["plant", "customer", "flow"])
def test_shares_of_transactions_what_completed_and_its_cycle_time_are_counted_from_transactions(
    by: str, view: View, untouched: Store
) -> None:
    rows = {row[next(iter(row))]: row for row in tables(view("kpis", untouched, by=by))[f"KPIs by {by}"]}
    missed = grouped(
        untouched,
        f"SELECT name, countIf(late > 0) / count() AS share FROM (SELECT {by} AS name, sum(missed) AS late FROM {DECIDED} GROUP BY flow, transaction_id, name)"
        " GROUP BY name",
    )
    took: dict[str, list[int]] = {}
    name = "flow" if by == "flow" else f"facts['{by}']"
    for row in untouched.rows(
        f"SELECT {name} AS name, dateDiff('second', started_at, assumeNotNull(ended_at)) AS took FROM transactions FINAL"
        f" WHERE state = 'completed' AND ended_at BETWEEN {PERIOD}"
    ):
        took.setdefault(row["name"], []).append(row["took"])
    assert {title: tuple(row[column] for column in ("Missed one", "Completed", "Cycle time")) for title, row in rows.items()} == {
        _title(by, key): (
            f"{missed[key]['share']:.1%}" if key in missed else "–",
            count(len(took.get(key, []))),
            duration(statistics.median(took[key])) if key in took else "–",
        )
        for key in {*missed, *took}
    }


def test_next_deadlines_are_the_open_clocks_of_an_sla_by_deadline(view: View, untouched: Store) -> None:
    rows = tables(view("slas", untouched, sla="order-to-cash/ship-as-promised"))["Open clocks by deadline"]
    clocks = untouched.rows(
        "SELECT * FROM clocks FINAL WHERE flow = 'order-to-cash' AND sla = 'ship-as-promised' AND removed = 0 AND verdict IN ('running', 'at_risk')"
        " ORDER BY due_at LIMIT 30"
    )
    assert [(row["Due"], row["Reference"], row["Customer"], row["Plant"], row["Value"], row["Deadline"]) for row in rows] == [
        (
            f"in {duration((row['due_at'].replace(tzinfo=NOW.tzinfo) - NOW).total_seconds())}", row["reference"], row["customer"], row["plant"],
            cell(row["value"], row["currency"]), f"{row['due_at'].replace(tzinfo=NOW.tzinfo).astimezone(ZoneInfo('Europe/Berlin')):%d %b %H:%M}",
        )
        for row in clocks
    ]  # fmt: skip
    assert len(rows) > 10
