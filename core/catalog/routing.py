"""Routes: who is notified of what, when and through which channel."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.catalog.calendar import TimeOfDay, Weekday
from core.catalog.definition import Definition, Identifier, Severity
from core.duration import DurationText
from core.incident import Contact
from core.secrets import is_reference

ROUTE_VARIABLES = frozenset(
    {"flow", "stage", "cause", "severity", "owner", "runbook", "members", "breached", "value", "values", "customers", "plants"}
)
"""What a route's ``when`` may name: fields of the incident. ``value`` is the largest amount in one currency, ``values`` all amounts by
currency."""

FALLBACKS_MAX = 10
"""Length of a chain of fallback channels."""


class Channel(Definition):
    """One configured notifier: ``type`` is the notifier's name; the notifier itself validates the settings.

    ``fallback``: the channel that is notified instead, after three failures or two minutes.
    """

    type: str
    settings: dict[str, Any] = Field(default_factory=dict)
    fallback: str | None = None

    @property
    def secrets(self) -> list[str]:
        """Every reference to a secret in this channel."""
        return [value for value in self.settings.values() if is_reference(value)]


class ActiveTime(Definition):
    """When a route is active, in the local time of ``time_zone``."""

    days: list[Weekday] = Field(default_factory=list)
    start: TimeOfDay = "00:00"
    end: TimeOfDay = "24:00"
    time_zone: str = "UTC"


class Route(Definition):
    """Incidents that match go to ``channels``.

    ``flow``, ``severity``, ``owner``: a value or a list; without one, all match. ``when``: a CEL expression over the incident (``value >
    10000.0``). Routes are tried in order; the first that matches wins unless it says ``continue``.
    """

    name: Identifier
    flow: str | list[str] | None = None
    severity: Severity | list[Severity] | None = None
    owner: str | list[str] | None = None
    when: str | None = None
    active: ActiveTime | None = None
    channels: list[str] = Field(min_length=1)
    repeat_every: DurationText | None = None
    continue_: bool = Field(default=False, alias="continue")


class Routes(Definition):
    """``routes.yaml``. Incidents that no route matches go to the first channel: telling somebody is better than telling nobody."""

    channels: dict[str, Channel] = Field(default_factory=dict)
    routes: list[Route] = Field(default_factory=list)

    def fallbacks(self, channel: str) -> list[str]:
        """Return the chain of fallbacks of ``channel``, up to its end, a repetition or the limit."""
        chain: list[str] = []
        following = self.channels[channel].fallback
        while following is not None and following in self.channels and len(chain) <= FALLBACKS_MAX:
            again = following in {channel, *chain}
            chain.append(following)
            following = None if again else self.channels[following].fallback
        return chain


class Owner(Definition):
    """A team that is responsible for a flow, an SLA or a source. ``members``: the names of its people."""

    title: str
    email: str | None = None
    phone: str | None = None
    chat: str | None = None
    members: list[str] = Field(default_factory=list)

    @property
    def contact(self) -> Contact:
        """How to reach them: part of every message and shown with every incident."""
        return Contact(email=self.email or "", phone=self.phone or "", chat=self.chat or "", members=self.members)


class Owners(Definition):
    """``owners.yaml``."""

    owners: dict[str, Owner] = Field(default_factory=dict)
