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


RESUBMIT = Step(
    step="resubmit",
    title="Resubmit",
    post="http://mw:80/orders/{sales_order}/resubmit",
    body={"order": "{sales_order}", "of": ["{customer}"]},
    token="env:TEST_MIDDLEWARE",
)


def test_a_change_is_what_is_sent_without_the_token_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MIDDLEWARE", "s3cret")
    change = steps.change(RESUBMIT, {"sales_order": "47/11", "customer": 'A"B'})
    assert str(change) == (
        'POST http://mw:80/orders/47%2F11/resubmit {"order": "47/11", "of": ["A\\"B"]} with the token env:TEST_MIDDLEWARE'
    )
    sent: list[tuple[object, ...]] = []

    def send(*given: object) -> tuple[int, str]:
        sent.append(given)
        return 202, "taken\nas 17"

    monkeypatch.setattr("alerts.egress.send", send)
    assert steps.send(change, "once") == ("worked", "HTTP 202 taken as 17")
    headers = {"content-type": "application/json", "idempotency-key": "once", "authorization": "Bearer s3cret"}
    assert sent == [("POST", "http://mw:80/orders/47%2F11/resubmit", change.body.encode(), headers, {})]


@pytest.mark.parametrize("error", [Permanent("HTTP 409 booked already"), Retryable("mw:80 did not answer: timed out")])
def test_a_change_that_is_refused_or_not_answered_did_not_work(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def send(*_: object) -> tuple[int, str]:
        raise error

    monkeypatch.setattr("alerts.egress.send", send)
    assert steps.send(steps.Change("PUT", "http://mw:80/x", "", ""), "once") == ("did not work", str(error))


@pytest.mark.parametrize(
    ("step", "values", "said"),
    [
        (CHECK, {}, "^step: 'broker' sends nothing; it is of the kind 'http'"),
        (RESUBMIT, {"sales_order": "47"}, "^values: the transaction has no 'customer', which the step needs"),
        (RESUBMIT, {"sales_order": " ", "customer": "A"}, "^values: the transaction has no 'sales_order'"),
        (RESUBMIT, {"sales_order": "..", "customer": "A"}, "^values: 'sales_order' is '..', which would lead to another address"),
        (RESUBMIT, {"sales_order": "47", "customer": ".."}, "^secret env:TEST_MIDDLEWARE"),
    ],
)
def test_a_change_that_would_miss_its_mark_is_not_even_shown(step: Step, values: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        steps.change(step, values)
