"""Which routes lead where, and when they speak: pure decisions, table by table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts import runbooks
from alerts.incidents import Incident
from alerts.pipeline import decide
from alerts.routing import DEFAULT_ROUTE, RouteMatch, compile_routes, facts_of, match_routes
from alerts.stage import LastNotified, NotificationCandidate, Silence
from alerts.stages import acknowledgement, active_time, comparison, silence, storm
from core.catalog.catalog import Catalog
from core.catalog.routing import ROUTE_VARIABLES, ActiveTime, Routes
from core.catalog.runbook import Runbook
from core.errors import UsageError
from core.incident import Reason
from tests.alerts.world import NOW, routes

INCIDENT = Incident(
    "i1", "orders", "booked", "overdue", NOW, NOW, severity="critical", owner="order-desk", runbook="book", members=3, breached=2,
    value={"EUR": 12_000.0, "USD": 50.0}, customers=["ACME", "Globex"], plants=["DE07"],
)  # fmt: skip
QUIET = Silence("s1", "orders", "", "", "", NOW - timedelta(hours=1), NOW, "Ana", "maintenance")


def route_matches(
    *defined: dict[str, Any], incident: Incident = INCIDENT, channels: tuple[str, ...] = ("first", "desk", "pager")
) -> list[RouteMatch]:
    given = [{"name": f"r{number}", "channels": ["desk"], **route} for number, route in enumerate(defined, 1)]
    return match_routes(incident, compile_routes(routes(*channels, routes=given)), channels)


def candidate(**changes: Any) -> NotificationCandidate:
    return NotificationCandidate(**{"incident": INCIDENT, "channel": "desk", "route": "r1", "last_notified": LastNotified(), **changes})


def last_notified(minutes_ago: float, **changes: Any) -> LastNotified:
    said = {"sequence": 1, "reason": "opened", "severity": "critical", "breached": 2, "members": 3, "value": dict(INCIDENT.value)}
    return LastNotified(**{**said, "at": NOW - timedelta(minutes=minutes_ago), "firing": True, **changes})


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        ({}, True),
        ({"flow": "orders"}, True),
        ({"flow": "shipments"}, False),
        ({"flow": ["shipments", "orders"]}, True),
        ({"flow": ["shipments"]}, False),
        ({"severity": "critical"}, True),
        ({"severity": "warning"}, False),
        ({"severity": ["info", "critical"]}, True),
        ({"owner": "order-desk"}, True),
        ({"owner": "order"}, False),
        ({"owner": ["it", "order-desk"]}, True),
        ({"owner": []}, True),
        ({"flow": "orders", "severity": "critical", "owner": "it"}, False),
        ({"when": "value > 10000"}, True),
        ({"when": "value > 12000.0"}, False),
        ({"when": "values['USD'] >= 50.0 && !('JPY' in values)"}, True),
        ({"when": "'Globex' in customers && plants == ['DE07']"}, True),
        ({"when": "customers.exists(c, c.startsWith('Init'))"}, False),
        ({"when": "flow == 'orders' && stage == 'booked' && cause == 'overdue' && severity == 'critical'"}, True),
        ({"when": "owner == 'order-desk' && runbook == 'book' && members == 3 && breached == 2"}, True),
        ({"flow": "shipments", "when": "true"}, False),
    ],
)
def test_a_route_takes_what_all_its_conditions_fit(route: dict[str, Any], matches: bool):
    assert route_matches(route) == [RouteMatch("desk", "r1") if matches else RouteMatch("first", DEFAULT_ROUTE)]


@pytest.mark.parametrize("when", ["values['JPY'] > 5.0", "members / (breached - 2) > 1", "customers[7] == 'ACME'", "flow + 1 == 2"])
def test_a_condition_that_fails_at_run_time_swallows_no_alert(when: str, caplog: pytest.LogCaptureFixture):
    assert route_matches({"when": when, "channels": ["pager"]}) == [RouteMatch("pager", "r1")]
    assert "route's 'when' failed and counts as a match" in caplog.text


def test_a_condition_that_is_no_expression_names_its_route():
    with pytest.raises(UsageError, match=r"routes\.yaml: route 'r1': when: "):
        route_matches({"when": "value >"})


def test_conditions_may_name_what_the_check_of_catalogs_knows_and_nothing_else():
    assert set(facts_of(INCIDENT)) == ROUTE_VARIABLES


def test_an_incident_without_value_is_worth_nothing():
    assert facts_of(Incident("i", "orders", "booked", "overdue", NOW, NOW))["value"] == 0.0


@pytest.mark.parametrize(
    ("defined", "expected"),
    [
        pytest.param([{}, {"channels": ["pager"]}], [RouteMatch("desk", "r1")], id="the first that matches wins"),
        pytest.param([{"flow": "x"}, {"channels": ["pager"]}], [RouteMatch("pager", "r2")], id="what does not match is passed"),
        pytest.param(
            [{"continue": True}, {"channels": ["pager"]}, {"channels": ["first"]}],
            [RouteMatch("desk", "r1"), RouteMatch("pager", "r2")],
            id="continue goes on to the next that matches",
        ),
        pytest.param(
            [{"continue": True}, {"flow": "x", "channels": ["pager"]}], [RouteMatch("desk", "r1")], id="continue and nothing more"
        ),
        pytest.param(
            [{"channels": ["desk", "pager"], "repeat_every": "4 hours"}],
            [RouteMatch("desk", "r1", None, 14_400.0), RouteMatch("pager", "r1", None, 14_400.0)],
            id="several channels",
        ),
        pytest.param([{"continue": True}, {}], [RouteMatch("desk", "r1")], id="a channel is asked once for the same hours"),
        pytest.param(
            [{"continue": True, "repeat_every": "1 day"}, {"repeat_every": "30 minutes"}],
            [RouteMatch("desk", "r1", None, 86_400.0), RouteMatch("desk", "r2", None, 1_800.0)],
            id="a channel keeps every repetition",
        ),
        pytest.param([], [RouteMatch("first", DEFAULT_ROUTE)], id="no route"),
    ],
)
def test_routes_are_tried_in_order(defined: list[dict[str, Any]], expected: list[RouteMatch]):
    assert route_matches(*defined) == expected


def test_without_channels_nothing_leads_anywhere():
    assert match_routes(INCIDENT, compile_routes(Routes()), ()) == []


@pytest.mark.parametrize(("text", "seconds"), [("90 seconds", 90), ("1.5 hours", 5400), ("1 minute", 60), ("2 days", 172_800)])
def test_repetitions_are_wall_clock_time(text: str, seconds: float):
    assert route_matches({"repeat_every": text}) == [RouteMatch("desk", "r1", None, seconds)]


def test_a_repetition_in_working_time_is_refused():
    with pytest.raises(UsageError, match="route 'r1': repeat_every: a repetition counts wall-clock time"):
        route_matches({"repeat_every": "4 working hours"})


OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "17:00", "time_zone": "Europe/Berlin"}
NIGHTS = {"days": ["fri"], "start": "22:00", "end": "06:00", "time_zone": "Europe/Berlin"}
ALL_DAY = {"days": ["sat"], "start": "00:00", "end": "24:00", "time_zone": "Europe/Berlin"}
EVENING = {"start": "18:00", "end": "24:00"}
LEFT_OUT = {"start": "02:30", "end": "03:15", "time_zone": "Europe/Berlin"}
TWICE = {"start": "02:30", "end": "02:45", "time_zone": "Europe/Berlin"}
NO_MIDNIGHT = {"days": ["sun"], "start": "00:00", "end": "24:00", "time_zone": "America/Santiago"}


@pytest.mark.parametrize(
    ("active", "now", "again"),
    [
        pytest.param(OFFICE, "2026-03-02T08:00+01:00", None, id="Monday at the start"),
        pytest.param(OFFICE, "2026-03-02T07:59:59+01:00", "2026-03-02T08:00+01:00", id="a second before it"),
        pytest.param(OFFICE, "2026-03-02T16:59:59+01:00", None, id="the last second"),
        pytest.param(OFFICE, "2026-03-02T17:00+01:00", "2026-03-03T08:00+01:00", id="at the end"),
        pytest.param(OFFICE, "2026-03-06T17:30+01:00", "2026-03-09T08:00+01:00", id="over a weekend"),
        pytest.param(OFFICE, "2026-03-28T12:00+01:00", "2026-03-30T08:00+02:00", id="over the change to summer time"),
        pytest.param(OFFICE, "2026-10-24T12:00+02:00", "2026-10-26T08:00+01:00", id="over the change to winter time"),
        pytest.param(OFFICE, "2026-03-02T07:30+00:00", None, id="the zone of the route, not of the reader"),
        pytest.param(NIGHTS, "2026-03-06T21:59+01:00", "2026-03-06T22:00+01:00", id="a night begins"),
        pytest.param(NIGHTS, "2026-03-06T23:30+01:00", None, id="before midnight"),
        pytest.param(NIGHTS, "2026-03-07T05:59+01:00", None, id="past midnight it is still Friday's"),
        pytest.param(NIGHTS, "2026-03-07T06:00+01:00", "2026-03-13T22:00+01:00", id="the night is over"),
        pytest.param(NIGHTS, "2026-03-06T05:00+01:00", "2026-03-06T22:00+01:00", id="Thursday's night is not meant"),
        pytest.param(ALL_DAY, "2026-03-07T23:59:59+01:00", None, id="to the end of the day"),
        pytest.param(ALL_DAY, "2026-03-08T00:00+01:00", "2026-03-14T00:00+01:00", id="24:00 is the next day's midnight"),
        pytest.param(EVENING, "2026-03-02T17:59Z", "2026-03-02T18:00Z", id="no days are all days, no zone is UTC"),
        pytest.param(EVENING, "2026-03-02T23:59Z", None, id="until 24:00"),
        pytest.param(LEFT_OUT, "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", id="a start that is left out"),
        pytest.param(LEFT_OUT, "2026-03-29T03:10+02:00", None, id="within what is left of it"),
        pytest.param(TWICE, "2026-10-25T02:30+02:00", None, id="the first of two"),
        pytest.param(TWICE, "2026-10-25T02:50+02:00", "2026-10-25T02:30+01:00", id="the second of two"),
        pytest.param(TWICE, "2026-10-25T02:50+01:00", "2026-10-26T02:30+01:00", id="after both"),
        pytest.param(NO_MIDNIGHT, "2026-09-05T23:00-04:00", "2026-09-06T01:00-03:00", id="a day without a midnight"),
    ],
)
def test_a_route_speaks_in_its_hours(active: dict[str, Any], now: str, again: str | None):
    compiled = compile_routes(routes("desk", routes=[{"name": "r1", "channels": ["desk"], "active": active}]))
    asked = candidate(active=compiled[0].active, reason=Reason.OPENED)

    result = active_time.STAGE.check(asked, datetime.fromisoformat(now).astimezone(UTC))

    assert result.passes == (again is None)
    assert result.again_at == (None if again is None else datetime.fromisoformat(again))


def test_a_resolve_is_told_at_any_hour():
    compiled = compile_routes(routes("desk", routes=[{"name": "r1", "channels": ["desk"], "active": OFFICE}]))
    night = datetime(2026, 3, 2, 23, tzinfo=UTC)

    assert active_time.STAGE.check(candidate(active=compiled[0].active, reason=Reason.RESOLVED), night).passes


def test_hours_without_a_zone_are_utc_the_whole_day_every_day():
    assert ActiveTime() == ActiveTime(days=[], start="00:00", end="24:00", time_zone="UTC")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, Reason.OPENED, id="not told yet"),
        pytest.param({"routed": False}, None, id="no route leads there any more"),
        pytest.param({"last_notified": last_notified(5)}, None, id="told, and nothing new"),
        pytest.param({"last_notified": last_notified(5, firing=False)}, Reason.OPENED, id="a resolve was told last"),
        pytest.param({"last_notified": last_notified(5, severity="warning")}, Reason.WORSENED, id="graver"),
        pytest.param({"last_notified": last_notified(5, breached=0)}, Reason.WORSENED, id="the first is late"),
        pytest.param({"last_notified": last_notified(5, members=1)}, Reason.GROWN, id="twice as many"),
        pytest.param({"last_notified": last_notified(5, members=2)}, None, id="one more of two"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 6_000.0, "USD": 50.0})}, Reason.GROWN, id="twice the money"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 12_000.0})}, Reason.GROWN, id="money of another currency"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 7_000.0, "USD": 50.0})}, None, id="less than twice the money"),
        pytest.param({"last_notified": last_notified(59), "repeat_every_seconds": 3600.0}, None, id="not repeated yet"),
        pytest.param({"last_notified": last_notified(60), "repeat_every_seconds": 3600.0}, Reason.REPEATED, id="repeated"),
        pytest.param({"last_notified": last_notified(90), "silences": (QUIET,)}, Reason.REARMED, id="a silence has ended"),
        pytest.param({"last_notified": last_notified(0), "silences": (QUIET,)}, None, id="told since the silence ended"),
        pytest.param(
            {"last_notified": last_notified(90), "silences": (Silence("s1", "shipments", "", "", "", QUIET.starts_at, NOW, "Ana", "x"),)},
            None,
            id="a silence of something else has ended",
        ),
    ],
)
def test_what_there_is_to_say(changes: dict[str, Any], reason: Reason | None):
    assert decide(candidate(**changes), NOW).reason is reason


def test_an_acknowledgement_that_ended_is_told_once():
    ended = Incident(**{**vars(INCIDENT), "acknowledged_by": "Ana", "acknowledged_until": NOW - timedelta(minutes=1)})

    assert comparison.STAGE.check(candidate(incident=ended, last_notified=last_notified(5)), NOW).reason is Reason.REARMED
    assert not comparison.STAGE.check(candidate(incident=ended, last_notified=last_notified(0.5)), NOW).passes


@pytest.mark.parametrize(
    ("reason", "passes"), [(Reason.WORSENED, True), (Reason.GROWN, False), (Reason.REPEATED, False), (Reason.OPENED, False)]
)
def test_what_is_acknowledged_is_quiet_until_it_becomes_worse(reason: Reason, passes: bool):
    until = NOW + timedelta(hours=1)
    taken = Incident(**{**vars(INCIDENT), "status": "acknowledged", "acknowledged_by": "Ana", "acknowledged_until": until})

    result = acknowledgement.STAGE.check(candidate(incident=taken, reason=reason), NOW)

    assert result.passes == passes
    assert result.again_at == (None if passes else until)
    assert "acknowledged by Ana" in result.why


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"flow": "orders"}, True),
        ({"flow": "shipments"}, False),
        ({"stage": "booked"}, True),
        ({"stage": "shipped"}, False),
        ({"cause": "overdue"}, True),
        ({"cause": "CREDIT"}, False),
        ({"incident_id": "i1"}, True),
        ({"incident_id": "i2"}, False),
        ({"flow": "orders", "stage": "booked", "cause": "overdue"}, True),
        ({"flow": "orders", "stage": "shipped"}, False),
    ],
)
def test_a_silence_keeps_quiet_what_all_its_fields_fit(fields: dict[str, str], matches: bool):
    ends = NOW + timedelta(hours=1)
    scope = {"flow": "", "stage": "", "cause": "", "incident_id": "", **fields}
    quiet = Silence("s1", starts_at=NOW, ends_at=ends, created_by="Ana", reason="maintenance", **scope)

    result = silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.WORSENED), NOW)

    assert (result.passes, result.again_at) == ((False, ends) if matches else (True, None))
    assert silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.RESOLVED), NOW).passes
    assert silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.WORSENED), ends).passes


@pytest.mark.parametrize("reason", [Reason.OPENED, Reason.GROWN])
def test_an_incident_that_flaps_speaks_six_times_in_ten_minutes(reason: Reason):
    said = tuple(NOW - timedelta(minutes=minutes) for minutes in (9, 8, 6, 4, 2, 1))

    held = storm.STAGE.check(candidate(last_notified=last_notified(1, sequence=6, notified_at=said), reason=reason), NOW)
    assert (held.passes, held.again_at) == (False, NOW + timedelta(minutes=1))
    assert storm.STAGE.check(
        candidate(last_notified=last_notified(1, sequence=6, notified_at=said), reason=reason), NOW + timedelta(minutes=1)
    ).passes


def test_six_messages_in_a_day_are_no_flapping():
    said = tuple(NOW - timedelta(hours=hours) for hours in (20, 16, 12, 8, 4, 0))

    assert storm.STAGE.check(candidate(last_notified=last_notified(0, sequence=6, notified_at=said), reason=Reason.OPENED), NOW).passes


@pytest.mark.parametrize(
    ("severity", "reason", "held"),
    [
        ("warning", Reason.OPENED, True),
        ("warning", Reason.REPEATED, True),
        ("warning", Reason.RESOLVED, False),
        ("critical", Reason.OPENED, False),
        ("critical", Reason.GROWN, True),
        ("critical", Reason.REPEATED, False),
    ],
)
def test_a_channel_hears_thirty_messages_a_minute_and_what_is_critical(severity: str, reason: Reason, held: bool):
    recent = tuple(NOW - timedelta(seconds=59 - second) for second in range(30))
    asked = candidate(incident=Incident(**{**vars(INCIDENT), "severity": severity}), reason=reason, channel_notified_at=recent)

    result = storm.STAGE.check(asked, NOW)

    assert (result.passes, result.again_at) == ((False, NOW + timedelta(seconds=1)) if held else (True, None))
    calm = NotificationCandidate(**{**vars(asked), "channel_notified_at": recent[1:]})
    assert storm.STAGE.check(calm, NOW).passes


@pytest.mark.parametrize(
    ("cause", "bound", "chosen"),
    [
        pytest.param("overdue", "book", "book", id="the bound one"),
        pytest.param("CREDIT", "book", "credit", id="one that names the cause"),
        pytest.param("LOCKED", "book", "book", id="the bound one names the cause itself"),
        pytest.param("LOCKED", "other", "a-lock", id="of several the first by name"),
        pytest.param("CREDIT", "", "credit", id="none is bound"),
        pytest.param("overdue", "", "", id="none at all"),
        pytest.param("overdue", "gone", "gone", id="the bound one is not in the catalog any more"),
    ],
)
def test_the_runbook_of_a_cause(cause: str, bound: str, chosen: str):
    known = {"book": ["LOCKED"], "credit": ["CREDIT"], "a-lock": ["LOCKED"], "other": []}
    books = {name: Runbook(runbook=name, title=name, causes=causes, body="1.") for name, causes in known.items()}

    assert runbooks.choose(Catalog(runbooks=books), cause, bound) == chosen
