"""Webhook: the message as JSON, signed according to Standard Webhooks (https://www.standardwebhooks.com).

Settings: ``url``; ``secret`` (optional; a ``whsec_`` text). The header ``webhook-id`` is the delivery id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from alerts import egress
from alerts.notifier import Attempt
from core.clock import SystemClock
from core.incident import Message


class Webhook:
    """Posts JSON with the headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``."""

    name = "webhook"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check address and secret."""
        egress.only(settings, "url", "secret", *egress.SETTINGS)
        egress.check_url(settings)
        if "secret" in settings:
            egress.check_secret(settings, "secret")

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver. The timestamp is that of the attempt, so that retries also fall within a receiver's replay window."""
        body = message.model_dump_json().encode()
        timestamp = str(int(SystemClock().now().timestamp()))
        headers = {"content-type": "application/json", "webhook-id": message.delivery_id, "webhook-timestamp": timestamp}
        if "secret" in settings:
            signed = f"{message.delivery_id}.{timestamp}.".encode() + body
            digest = hmac.new(egress.key(settings, "secret"), signed, hashlib.sha256).digest()
            headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
        status, _ = egress.post(egress.url(settings), body, headers, settings)
        return Attempt(f"HTTP {status}")


NOTIFIER = Webhook()
