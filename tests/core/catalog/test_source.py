"""Sources: which secrets one needs, and what they are for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.catalog.source import Source, Webhook
from core.signal import Lane


def source(**given: Any) -> Source:
    return Source(source="erp", owner="desk", **given)


def test_a_source_that_says_nothing_is_standard_and_needs_no_secret() -> None:
    assert (source().lane, source().secrets, source().pulled_with) == (Lane.STANDARD, [], [])
    assert source().whose == "source 'erp'"


def test_its_secrets_are_those_of_its_senders_of_its_receiver_and_of_its_format() -> None:
    given = source(
        tokens=["env:ONE", "env:TWO"],
        webhook=Webhook(scheme="standard", secrets=["env:NEW", "env:OLD"]),
        receiver={"type": "rabbitmq", "url": "file:/run/broker", "queue": "orders"},
        format={"type": "avro", "registry": "env:REGISTRY"},
    )
    assert given.secrets == ["env:ONE", "env:TWO", "env:NEW", "env:OLD", "file:/run/broker", "env:REGISTRY"]
    assert given.pulled_with == ["file:/run/broker", "env:REGISTRY"]


@pytest.mark.parametrize(
    "receiver", [None, {}, {"type": "rabbitmq"}, {"url": "amqp://localhost"}, {"url": 7}, {"url": None}, {"url": ["env:A"]}]
)
def test_an_address_without_a_secret_is_no_secret(receiver: dict[str, Any] | None) -> None:
    assert source(receiver=receiver).pulled_with == []


@pytest.mark.parametrize(
    "webhook", [{"scheme": "standard", "secrets": []}, {"scheme": "basic", "secrets": ["env:A"]}, {"scheme": "github"}]
)
def test_a_webhook_proves_its_sender(webhook: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Webhook.model_validate(webhook)
