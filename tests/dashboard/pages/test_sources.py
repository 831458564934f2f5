"""Sources: who is silent, and what was received in vain."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.clock import FakeClock
from core.config import Settings
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from dashboard.pages import sources
from dashboard.pages.sources import _every
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog


def test_sources_say_who_is_silent_and_what_was_received_in_vain(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=5)
    filled.insert("expected_sources", {"source": ["tms", "wms"], "since": [moment] * 2, "silent_since": [NOW, None], "revision": [1, 1]})
    events = {"slice": 1, "source": "crm", "received_at": moment, "event_source": "/crm"}
    types = ["crm.order.captured", "crm.order.recieved", "andon.heartbeat"]
    filled.insert("events", {**{name: [value] * 3 for name, value in events.items()}, "id": types, "type": types})
    keyless = {"slice": [1], "flow": ["order-to-cash"], "milestone": ["captured"], "event_id": ["k"], "received_at": [moment], "keys": [[]]}
    filled.insert("milestone_events", keyless | {"source": ["crm"]})
    text = {"milestone": ["mapped"], "event_id": ["t"], "signal": ["event"], "signal_id": ["/text t-1"], "source": ["middleware"]}
    filled.insert("milestone_events", keyless | text)
    told = {"slice": 1, "source": "middleware", "received_at": moment, "event_source": "/text", "id": "t-1", "type": "crm.order.captured"}
    filled.insert("events", {name: [value] for name, value in {**told, "data": '"4711;ACME"'}.items()})
    shown = words(view("sources", filled))
    assert "Silent for longer than expected: Transport management" in shown
    assert "Events of type crm.order.recieved" in shown
    assert "crm.order.captured" not in shown
    assert "andon.heartbeat" not in shown
    assert "It carries none of the flow" in shown
    assert "The last one holds text or bytes, not JSON" in shown


def test_the_filters_choose_sources_and_what_of_them_is_in_quarantine(view: View, filled: Store) -> None:
    def named(shown: str) -> list[str]:
        return re.findall(r'<a href="interfaces\?source=([^"]+)"', shown)

    everything = words(view("sources", filled))
    assert len(named(everything)) > 2
    in_quarantine = re.findall(r'<a href="sources\?source=([^"]+)"', everything)
    refused, other = in_quarantine[0], next(name for name in named(everything) if name not in in_quarantine)
    own, others = words(view("sources", filled, source=refused)), words(view("sources", filled, source=other))
    assert (named(own), named(others)) == ([refused], [other])
    assert "What was wrong" in own
    assert "Everything received from these sources in the last 7 days could be used." in others
    assert "No source matches all of these." in words(view("sources", filled, source="nowhere"))


def test_a_paused_source_says_by_whom_since_when_and_why(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=5)
    row = {"runbook": "", "step": "", "outcome": "", "revision": 1}
    acts = [("pause source", "tms", "Ana <b>", "upgrade"), ("pause source", "wms", "Ben", "moved"), ("resume source", "wms", "Ben", "")]
    for number, (action, target, actor, detail) in enumerate(acts):
        at = moment + timedelta(seconds=number)
        told = {"at": at, "actor": actor, "action": action, "target": target, "detail": detail, **row, "revision": number}
        filled.insert("actions", {name: [value] for name, value in told.items()})
    shown = words(view("sources", filled))
    assert "Paused: Transport management" in shown
    assert "Paused by Ana &lt;b&gt; since" in shown
    assert ": upgrade<" in shown
    assert "moved" not in shown


def test_a_source_whose_signals_cannot_be_used_is_not_green(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=7)
    events = {"slice": [1], "event_source": ["/e"], "received_at": [moment]}
    filled.insert("events", {**events, "source": ["erp"], "id": ["unread"], "type": ["erp.silent.of"]})
    row = {"slice": [1], "flow": ["order-to-cash"], "milestone": ["captured"], "received_at": [moment], "keys": [[("sales_order", "1")]]}
    filled.insert("milestone_events", row | {"source": ["wms"], "event_id": ["n"], "facts": [{"amount": "abc", "customer": "no number"}]})
    filled.insert("milestone_events", row | {"source": ["tms"], "event_id": ["o"], "facts": [{"amount": " 1e3"}]})
    shown = words(view("sources", filled))
    by_source = {
        name: kind
        for kind, name in re.findall(
            r'<span class="badge (\w+) small"[^>]*>[^<]*</span></td><td[^>]*><a[^>]*>[^<]*</a><br><small>([^<]*)</small>', shown
        )
    }
    assert by_source["erp"] == by_source["wms"] == by_source["crm"] == "warn"
    assert "Last 24 hours: 1 with a fact that is not a number" in shown
    assert "not used by any flow" in shown
    assert "quarantined (" in shown
    assert "Order value of Order to cash: &#39;abc&#39; is not a number" in shown
    assert "1e3" not in shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [("90 minutes", "1 h 30 min"), ("90minutes", "1 h 30 min"), ("2 days", "2 d"), ("40 working hours", "40 working hours")],
)
def test_working_time_between_signals_is_shown_as_written(written: str, shown: str) -> None:
    assert _every(written) == shown


HOUR = NOW.replace(minute=0)
SEEN = pd.DataFrame({"source": ["crm", "new-one"], "last_seen": [NOW - timedelta(minutes=3), NOW - timedelta(days=2)]})
NONE = pd.DataFrame()


@pytest.fixture
def context(tmp_path: Path) -> Context:
    clock = FakeClock(NOW)
    return Context(Data(Settings(data=tmp_path), clock), catalog(), clock, Zone("Europe/Berlin"))


def row(context: Context, name: str, volumes: pd.DataFrame = NONE, reasons: pd.DataFrame = NONE, silent: bool = False) -> dict[str, Any]:
    return sources._row(context, name, SEEN, volumes, reasons, HOUR, silent=silent)


def test_a_source_is_receiving_silent_or_was_never_heard(context: Context) -> None:
    assert [row(context, name)["state"] for name in ("crm", "wms", "new-one")] == ["receiving", "never", "receiving"]
    assert row(context, "crm", silent=True)["state"] == "silent"
    assert (row(context, "crm")["age"], row(context, "wms")["age"]) == (180.0, None)


def test_a_source_that_is_in_no_catalog_has_its_id_made_readable(context: Context) -> None:
    found = row(context, "new-one")
    assert (found["title"], found["owner"], found["lane"], found["every"]) == ("New one", "", "", "–")
    assert row(context, "crm")["title"] == context.catalog.sources["crm"].title


def test_volumes_are_of_the_last_twenty_four_hours_by_hour_and_kind(context: Context) -> None:
    volumes = pd.DataFrame(
        [("crm", "events", HOUR, 5), ("crm", "spans", HOUR, 2), ("crm", "events", HOUR - timedelta(hours=23), 1), ("crm", "quarantine", HOUR, 99), ("wms", "logs", HOUR, 7)],
        columns=["source", "kind", "hour", "signals"],
    )  # fmt: skip
    found = row(context, "crm", volumes)
    assert (len(found["series"]), found["series"][0][1], found["series"][-1][1], found["total"]) == (24, 1, 7, 8)
    assert found["kinds"] == {"events": 6, "spans": 2}
    assert sources._kinds(found) == "6 events<br>2 spans"


def test_what_was_quarantined_is_counted_for_a_week_and_told_for_a_day(context: Context) -> None:
    reasons = pd.DataFrame(
        {
            "source": ["crm", "crm", "wms"],
            "reason": ["bad_time", "too_deep", "x"],
            "records": [2, 3, 9],
            "last_at": [NOW, NOW - timedelta(days=3), NOW],
        }
    )
    found = row(context, "crm", reasons=reasons)
    assert (found["quarantined"], found["refused"]) == (5, ["bad_time"])


@pytest.mark.parametrize(
    ("state", "unused", "refused", "why", "shown"),
    [
        ("receiving", [], [], "", "receiving"),
        ("receiving", [("crm", 2), ("crm", 3), ("wms", 9)], [], "5 without a key", "partly unusable"),
        ("receiving", [], ["bad_time", "bad_time", "x"], "quarantined (bad_time, x)", "partly unusable"),
        ("silent", [("crm", 1)], [], "1 without a key", "silent"),
        ("never", [], [], "", "never"),
    ],
)
def test_a_source_that_sends_what_cannot_be_used_is_not_green(
    state: str, unused: list[tuple[str, int]], refused: list[str], why: str, shown: str
) -> None:
    rows = [{"source": name, "short": "without a key", "signals": signals} for name, signals in unused]
    found = sources._judged({"name": "crm", "state": state, "refused": refused}, rows)
    assert (found["why"], found["state"]) == (why, shown)


def test_a_source_that_labels_local_time_as_utc_is_told_of_and_not_green(view: View, filled: Store) -> None:
    moments = [NOW - timedelta(seconds=number) for number in range(30)]
    rows = {"slice": [1] * 30, "source": ["local-time"] * 30, "received_at": moments, "event_source": ["/local"] * 30, "type": ["x"] * 30}
    ahead = [moment + timedelta(hours=2, seconds=-1) for moment in moments]
    filled.insert("events", {**rows, "id": [str(number) for number in range(30)], "time": ahead})
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    filled.insert("source_hours", {"hour": [hour], "source": ["local-time"], "kind": ["events"], "signals": [30], "last_at": [NOW]})
    shown = words(view("sources", filled))
    row = shown[shown.index("<small>local-time</small>") :].partition("</tr>")[0]
    assert "its times are 2 hours ahead: local time labelled as UTC?" in row
    assert '<span class="pill warn">1 h 59 min ahead</span>' in row
