"""Source: a configured origin of signals, with its rhythm, owner, lane and credentials."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from core.catalog.definition import Definition, Identifier
from core.duration import DurationText
from core.secrets import is_reference
from core.signal import Lane

DEFAULT_SOURCE = "default"
"""The source of a request without a token whose content names no source either."""
OWN_SOURCE = "andon"
"""The source of Andon's own heartbeat. It is in every running catalog and represents no sender."""


OWN_TYPE = "{type}"


_NAMES = {"event_type", "event_source"}
"""Settings that are names for what is read; a source may be named by a URI that begins like a reference to a secret."""


class Webhook(Definition):
    """How senders to ``/v1/webhooks/{source}`` prove who they are.

    ``scheme``: ``standard`` (Standard Webhooks) or ``github`` (``X-Hub-Signature-256``). ``secrets``: references, newest first; all are
    accepted while a secret is being rotated. ``type``: of the events, with ``{type}`` for the one that a delivery brings of its own:
    GitHub's ``X-GitHub-Event``, or ``type`` in the body.
    """

    scheme: Literal["standard", "github"]
    secrets: list[str] = Field(min_length=1)
    type: str = Field(default=f"webhook.{OWN_TYPE}", pattern=r"^([^{}]|\{type\})+$")


class Expectation(Definition):
    """The source's rhythm: after more than ``every`` without a signal (within ``calendar``, if given) the source counts as silent.

    Promises about the milestones that it brings are then unknown instead of late. These are the milestones whose ``match`` names it under
    ``source``, and of the others those of its ``system``. One that several sources bring is unknown only if each of them has a rhythm,
    and all are silent.
    """

    every: DurationText
    calendar: str | None = None


RedactedKind = Literal["credential", "email", "iban", "credit_card", "phone"]
REDACTED_KINDS: tuple[RedactedKind, ...] = get_args(RedactedKind)
_ROOTS = ("data", "attributes", "resource", "scope", "body", "extensions", "subject")


class Redaction(Definition):
    """What is taken out of a source's signals before they are on disk.

    ``kinds``: what is known by how it is written. ``paths``: what is hidden wherever it is written (``data.customer.name``,
    ``attributes.enduser.id``, ``body.user``), with all below it; every item of a list is treated alike. ``keep``: of data, attributes and
    bodies nothing else is kept. ``replace: hash`` writes a keyed hash in its place, so that the same person is still the same; ``remove``
    only says what it was. Credentials are always removed. ``key``: a reference to the secret of the hashes, which also keep apart what is
    told apart by an id.
    """

    key: str
    kinds: list[RedactedKind] = Field(default_factory=lambda: list(REDACTED_KINDS))
    paths: list[str] = Field(default_factory=list)
    keep: list[str] = Field(default_factory=list)
    replace: Literal["hash", "remove"] = "hash"

    @field_validator("paths", "keep")
    @classmethod
    def _known_roots(cls, paths: list[str]) -> list[str]:
        for path in paths:
            root = path.replace("[", ".").partition(".")[0]
            if root not in _ROOTS or not all(re.sub(r"\[\d*\]$", "", part) for part in path.split(".")):
                raise ValueError(f"'{path}' is no path of a signal; begin with one of {', '.join(_ROOTS)}, as in data.customer.name")
        return paths


class Source(Definition):
    """One origin of signals.

    ``tokens``: references to API tokens (``env:NAME`` or ``file:PATH``) that identify this source. ``services``: OpenTelemetry
    ``service.name`` values that belong to it. ``receiver``: the pull receiver that reads it (``{type: rabbitmq, …}``); the receiver
    validates its own settings. ``format``: what its messages and files are written in (``x12``, or ``{type: csv, …}``); the format
    validates its own settings. Without one, a message is what its content type says, and else JSON or text. ``poison``: a source with a
    receiver is paused once more than a fifth of at least 100 records within five minutes, or 1,000 in a row, cannot be used; ``keep`` goes
    on, and all of them go to quarantine. ``resubmit``: where what it could not use, or what others gave up, may be published again
    (``{type: rabbitmq, …}``); the publisher validates its own settings. Without it, nothing is ever published.
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
    format: dict[str, Any] | None = None
    redact: Redaction | None = None
    poison: Literal["pause", "keep"] = "pause"
    resubmit: dict[str, Any] | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _name_alone(cls, written: object) -> object:
        return {"type": written} if isinstance(written, str) else written

    @property
    def whose(self) -> str:
        """How messages refer to it."""
        return f"source '{self.source}'"

    @property
    def pulled_with(self) -> list[str]:
        """The references to secrets that its receiver and its format read with: addresses, which may contain a password, and keys."""
        settings = [*(self.receiver or {}).items(), *(self.format or {}).items()]
        return [setting for name, setting in settings if name not in _NAMES and is_reference(setting)]

    @property
    def redacted_with(self) -> list[str]:
        """The references to secrets that hashes of what is redacted are made with."""
        return [self.redact.key] if self.redact else []

    @property
    def secrets(self) -> list[str]:
        """Every reference to a secret in this source."""
        published_with = [setting for setting in (self.resubmit or {}).values() if is_reference(setting)]
        return [*self.tokens, *(self.webhook.secrets if self.webhook else []), *self.pulled_with, *self.redacted_with, *published_with]
