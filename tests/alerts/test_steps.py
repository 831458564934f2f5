"""Steps of runbooks: which one is meant, and what a check by HTTP finds."""

from __future__ import annotations

import pytest

from alerts import steps
from alerts.incidents import Incident
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook, Step
from core.errors import Permanent, Retryable, UsageError
from tests.alerts.messages import NOW

CHECK = Step(step="broker", title="Broker", http="http://broker/{reference}")
RUNBOOK = Runbook(runbook="book", title="Book", steps=[CHECK])
CATALOG = Catalog(runbooks={"book": RUNBOOK})
INCIDENT = Incident("i1", "orders", "booked", "overdue", NOW, NOW, runbook="book")


def test_a_step_is_one_of_the_incidents_own_runbook() -> None:
    assert steps.find(CATALOG, INCIDENT, "broker") == (RUNBOOK, CHECK)
    with pytest.raises(UsageError, match=r"^step: the runbook 'book' has no step 'brokr'; known: broker$"):
        steps.find(CATALOG, INCIDENT, "brokr")
    with pytest.raises(UsageError, match="known: none"):
        steps.find(Catalog(), INCIDENT, "broker")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((204, ""), ("worked", "HTTP 204")),
        (Permanent("HTTP 404 no such queue"), ("did not work", "HTTP 404 no such queue")),
        (Retryable("broker:80 did not answer"), ("did not work", "broker:80 did not answer")),
    ],
)
def test_a_check_works_if_it_is_answered_well(monkeypatch: pytest.MonkeyPatch, answer: object, found: tuple[str, str]) -> None:
    asked: list[str] = []

    def get(address: str, settings: dict[str, object]) -> object:
        asked.append(address)
        assert settings == {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("alerts.egress.get", get)
    assert steps.check(CHECK, {"reference": "47/11"}) == found
    assert asked == ["http://broker/47%2F11"]
