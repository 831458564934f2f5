"""Webhook: the message as JSON, signed as Standard Webhooks says (https://www.standardwebhooks.com).

Settings: ``url``; ``secret`` (optional; a ``whsec_`` text); ``allow_link_local``. The header ``webhook-id`` is the delivery id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from alerts import egress
from alerts.notifier import Attempt
from core.clock import SystemClock
from core.errors import Retryable
from core.incident import Message


class Webhook:
    """Posts JSON with the headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``."""

    name = "webhook"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check address and secret."""
        egress.only(settings, "url", "secret", "allow_link_local")
        egress.check_url(settings)
        if "secret" in settings:
            egress.check_secret(settings, "secret")

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver. The timestamp is that of the attempt, so that a receiver's replay window holds for repeats too."""
        body = message.model_dump_json().encode()
        timestamp = str(int(SystemClock().now().timestamp()))
        headers = {"content-type": "application/json", "webhook-id": message.delivery_id, "webhook-timestamp": timestamp}
        if "secret" in settings:
            signed = f"{message.delivery_id}.{timestamp}.".encode() + body
            digest = hmac.new(_key(settings), signed, hashlib.sha256).digest()
            headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
        status, _ = egress.post(egress.url(settings), body, headers, settings)
        return Attempt(f"HTTP {status}")


def _key(settings: dict[str, Any]) -> bytes:
    text = egress.secret(settings, "secret")
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True) if text.startswith("whsec_") else text.encode()
    except ValueError as error:  # characters or a length that base64 does not have
        raise Retryable(f"secret {settings['secret']}: what follows 'whsec_' must be base64") from error
    if not key:
        raise Retryable(f"secret {settings['secret']}: nothing follows 'whsec_'; write the key as base64")
    return key


NOTIFIER = Webhook()
