"""Which routes lead where: pure decisions, table by table."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.incidents import Incident
from alerts.routing import DEFAULT_ROUTE, RouteMatch, compile_routes, facts_of, match_routes
from core.catalog.routing import ROUTE_VARIABLES, Routes
from core.errors import UsageError
from tests.alerts.stages.candidates import INCIDENT
from tests.alerts.world import NOW, routes


def route_matches(
    *defined: dict[str, Any], incident: Incident = INCIDENT, channels: tuple[str, ...] = ("first", "desk", "pager")
) -> list[RouteMatch]:
    given = [{"name": f"r{number}", "channels": ["desk"], **route} for number, route in enumerate(defined, 1)]
    return match_routes(incident, compile_routes(routes(*channels, routes=given)), channels)


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
    with pytest.raises(UsageError, match="route 'r1': repeat_every: repeats are in wall-clock time"):
        route_matches({"repeat_every": "4 working hours"})
