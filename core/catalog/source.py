"""Source: a configured origin of signals; its rhythm, owner, lane and credentials."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.catalog.definition import Definition, Identifier
from core.duration import DurationText
from core.secrets import is_reference
from core.signal import Lane

OWN_SOURCE = "andon"
"""The source of Andon's own heartbeat. It is in every catalog that runs, and stands for no sender."""


class Webhook(Definition):
    """How ``/v1/webhooks/{source}`` proves its sender.

    ``scheme``: ``standard`` (Standard Webhooks) or ``github`` (``X-Hub-Signature-256``). ``secrets``: references, the newest first;
    all are accepted while a secret is rotated. ``id``: JSON path of the delivery's own id where the scheme has none.
    """

    scheme: Literal["standard", "github"]
    secrets: list[str] = Field(min_length=1)
    type: str = "webhook"


class Expectation(Definition):
    """The source's rhythm: silent for longer than ``every`` (within ``calendar``, if one is named) means that it is not heard."""

    every: DurationText
    calendar: str | None = None


class Source(Definition):
    """One origin of signals.

    ``tokens``: references to API tokens (``env:NAME`` or ``file:PATH``) that identify this source. ``services``: OpenTelemetry
    ``service.name`` values that belong to it. ``receiver``: the pull receiver that reads it (``{type: rabbitmq, …}``), whose other
    settings the receiver itself validates.
    """

    source: Identifier
    title: str = ""
    system: str = ""
    owner: str
    lane: Lane = Lane.STANDARD
    tokens: list[str] = Field(default_factory=list)
    services: list[str] = Field(default_factory=list)
    webhook: Webhook | None = None
    expect: Expectation | None = None
    receiver: dict[str, Any] | None = None

    @property
    def whose(self) -> str:
        """How messages call it."""
        return f"source '{self.source}'"

    @property
    def pulled_with(self) -> list[str]:
        """The reference to where its receiver reads, of all settings the one that may hold a password."""
        url = (self.receiver or {}).get("url")
        return [url] if is_reference(url) else []

    @property
    def secrets(self) -> list[str]:
        """Every reference to a secret of this source."""
        return [*self.tokens, *(self.webhook.secrets if self.webhook else []), *self.pulled_with]
