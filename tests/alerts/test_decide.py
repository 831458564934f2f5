"""DECIDE: which channels are notified of which incidents, in which order, and when it is decided again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from alerts.decide import Decided, Notifications
from alerts.delivery.outbox import Outbox
from alerts.incidents import OPEN_MEMBER, Incident, State
from alerts.stage import Silence
from core.catalog.catalog import Catalog
from core.catalog.routing import Routes
from core.clock import FakeClock
from core.telemetry import Telemetry
from tests.alerts.memory_store import MemoryStore
from tests.alerts.messages import NOW
from tests.alerts.world import routes

MINUTE = timedelta(minutes=1)
REPEATED = routes("desk", routes=[{"name": "all", "channels": ["desk"], "repeat_every": "4 hours"}])


def incident(name: str = "i1", **changes: Any) -> Incident:
    fields = {"severity": "critical", "members": 1, "breached": 1, "value": {"EUR": 10.0}, **changes}
    return Incident(
        name, "orders", "booked", changes.get("cause", "overdue"), NOW, NOW, **{k: v for k, v in fields.items() if k != "cause"}
    )


class Deciding:
    """Notifications over an outbox that sends nothing."""

    def __init__(self, defined: Routes) -> None:
        catalog = Catalog(routes=defined)
        self.outbox = Outbox(MemoryStore(), catalog, {}, Telemetry(), FakeClock(NOW))
        self.notifications = Notifications.of(catalog, "http://board")

    def decide(self, *incidents: Incident, now: datetime = NOW, silences: tuple[Silence, ...] = ()) -> Decided:
        state = State({one.incident_id: one for one in incidents}, pd.DataFrame(columns=OPEN_MEMBER))
        return self.notifications.decide(state, list(state.incidents), silences, self.outbox, now)


def said(decided: Decided) -> list[tuple[str, str, str]]:
    return [(one.incident_id, one.channel, one.reason) for one in decided.deliveries]


def test_an_incident_is_told_to_every_channel_of_its_routes_and_once():
    deciding = Deciding(routes("desk", "pager", routes=[{"name": "all", "channels": ["desk", "pager"]}]))

    assert said(deciding.decide(incident())) == [("i1", "desk", "opened"), ("i1", "pager", "opened")]
    assert said(deciding.decide(incident())) == []


def test_two_routes_to_one_channel_say_it_once():
    night = {"name": "night", "channels": ["desk"], "repeat_every": "1 hour", "continue": True}
    deciding = Deciding(routes("desk", routes=[night, {"name": "all", "channels": ["desk"]}]))

    assert said(deciding.decide(incident())) == [("i1", "desk", "opened")]


def test_critical_incidents_are_decided_first_so_that_a_storm_holds_back_the_others():
    deciding = Deciding(routes("desk"))
    warnings = [incident(f"w{number:02}", severity="warning", cause=f"C{number}") for number in range(40)]
    decided = deciding.decide(*warnings, incident("grave"), now=NOW + MINUTE)

    assert said(decided)[0] == ("grave", "desk", "opened")
    assert len(decided.deliveries) == 30
    assert set(decided.again_at) == {one.incident_id for one in warnings[29:]}


@pytest.mark.parametrize(
    ("defined", "changes", "again"),
    [
        pytest.param(routes("desk"), {}, None, id="nothing to wait for"),
        pytest.param(REPEATED, {}, timedelta(hours=4), id="its repetition"),
        pytest.param(routes("desk"), {"severity": "warning"}, timedelta(seconds=2), id="others that arrive together"),
        pytest.param(REPEATED, {"status": "acknowledged", "acknowledged_until": NOW + MINUTE}, MINUTE, id="the end of its acknowledgement"),
    ],
)
def test_it_says_when_to_decide_again(defined: Routes, changes: dict[str, Any], again: timedelta | None):
    decided = Deciding(defined).decide(incident(**changes))

    assert decided.again_at == ({} if again is None else {"i1": NOW + again})


def test_a_resolve_goes_also_to_a_channel_that_no_route_leads_to_any_more():
    deciding = Deciding(routes("desk", "pager", routes=[{"name": "all", "channels": ["pager"], "severity": "critical"}]))
    (page,) = deciding.decide(incident()).deliveries
    deciding.outbox.log.attempted(page)
    deciding.notifications = Notifications.of(Catalog(routes=routes("desk", "pager")), "http://board")

    assert said(deciding.decide(incident())) == [("i1", "desk", "opened")]
    over = incident(status="resolved", resolved_at=NOW, members=0)
    assert ("i1", "pager", "resolved") in said(deciding.decide(over))


def test_a_silence_holds_it_back_until_it_ends():
    quiet = Silence("s1", "orders", "", "", "", NOW, NOW + MINUTE, "Ana", "maintenance")
    deciding = Deciding(routes("desk"))
    held = deciding.decide(incident(), silences=(quiet,))

    assert (said(held), held.again_at) == ([], {"i1": NOW + MINUTE})
    assert said(deciding.decide(incident(), silences=(quiet,), now=NOW + MINUTE)) == [("i1", "desk", "opened")]


def test_where_no_channel_is_configured_a_failed_delivery_says_so_once():
    deciding = Deciding(Routes())
    (failed,) = deciding.decide(incident()).deliveries

    assert (failed.state, failed.channel) == ("failed", "")
    assert said(deciding.decide(incident())) == []


def test_the_message_has_the_id_of_its_delivery_and_leads_to_the_board():
    (one,) = Deciding(routes("desk")).decide(incident()).deliveries

    assert f'"delivery_id":"{one.delivery_id}"' in one.message
    assert '"incident_url":"http://board/incidents?id=i1"' in one.message
