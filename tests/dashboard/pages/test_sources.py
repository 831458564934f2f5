"""Sources: who is silent, and what was received in vain."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from dashboard.pages.sources import _every
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW


def test_sources_say_who_is_silent_and_what_was_received_in_vain(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=5)
    filled.insert("expected_sources", {"source": ["tms", "wms"], "since": [moment] * 2, "silent_since": [NOW, None], "revision": [1, 1]})
    events = {"slice": 1, "source": "crm", "received_at": moment, "event_source": "/crm"}
    types = ["crm.order.captured", "crm.order.recieved", "andon.heartbeat"]
    filled.insert("events", {**{name: [value] * 3 for name, value in events.items()}, "id": types, "type": types})
    keyless = {"slice": [1], "flow": ["order-to-cash"], "milestone": ["captured"], "event_id": ["k"], "received_at": [moment], "keys": [[]]}
    filled.insert("milestone_events", keyless | {"source": ["crm"]})
    shown = words(view("sources", filled))
    assert "Silent for longer than expected: Transport management" in shown
    assert "Events of type crm.order.recieved" in shown
    assert "crm.order.captured" not in shown
    assert "andon.heartbeat" not in shown
    assert "It carries none of the flow" in shown


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
            r'<span class="badge (\w+) small"[^>]*>[^<]*</span></td><td[^>]*>[^<]*<br><small>([^<]*)</small>', shown
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
