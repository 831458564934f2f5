"""Webhook: the message as JSON, signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import hashlib
import hmac

from alerts.notifiers.webhook import NOTIFIER
from core.incident import Message
from tests.alerts.messages import message
from tests.alerts.notifiers.conftest import Posted

ADDRESS = "http://receiver.example/in"


def test_the_whole_message_is_posted_and_its_id_is_in_the_header(posted: Posted):
    sent = message(delivery_id="dlv_7", title="Größe: 12 €")
    assert NOTIFIER.deliver(sent, {"url": ADDRESS}).detail == "HTTP 200"

    assert posted.addresses == [ADDRESS]
    assert Message.model_validate_json(posted.bodies[0]) == sent
    assert posted.headers[0]["webhook-id"] == "dlv_7"
    assert "webhook-signature" not in posted.headers[0]


def test_a_receiver_that_knows_the_secret_can_check_the_signature(posted: Posted):
    NOTIFIER.deliver(message(delivery_id="dlv_7"), {"url": ADDRESS, "secret": "env:TEST_SECRET"})

    headers = posted.headers[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + posted.bodies[0]
    expected = base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_repeat_has_the_same_id_and_the_same_body(posted: Posted):
    for _ in range(2):
        NOTIFIER.deliver(message(delivery_id="dlv_7"), {"url": ADDRESS})

    assert posted.bodies[0] == posted.bodies[1]
    assert {headers["webhook-id"] for headers in posted.headers} == {"dlv_7"}
