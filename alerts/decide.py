"""DECIDE: which channels to notify of which incidents now, and when to decide again about which of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.delivery.notification_log import NotificationLog
from alerts.delivery.outbox import Outbox
from alerts.incidents import Incident, State
from alerts.pipeline import decide
from alerts.render import Rendering, render
from alerts.routing import CompiledRoute, RouteMatch, compile_routes, match_routes
from alerts.stage import NotificationCandidate, Silence
from core.catalog.catalog import Catalog
from core.catalog.definition import Severity
from core.incident import IncidentStatus

NO_ROUTE = "none"
"""Used if no channel is configured: the outbox keeps a failed delivery that says so."""


@dataclass(frozen=True)
class Decided:
    """The rows of ``deliveries`` to write, and by incident when to decide again even without any change."""

    deliveries: list[Delivery]
    again_at: dict[str, datetime]


@dataclass(frozen=True)
class Notifications:
    """The compiled routes and channels of a catalog."""

    routes: tuple[CompiledRoute, ...]
    channels: tuple[str, ...]
    rendering: Rendering

    @classmethod
    def of(cls, catalog: Catalog, dashboard_url: str) -> Notifications:
        """Compile those of a checked catalog. Raises :class:`core.errors.UsageError` that names the route and the field."""
        return cls(compile_routes(catalog.routes), tuple(catalog.routes.channels), Rendering(catalog, dashboard_url))

    def decide(self, state: State, incident_ids: Collection[str], silences: tuple[Silence, ...], outbox: Outbox, now: datetime) -> Decided:
        """Decide for each of these incidents and its channels, critical ones first. The messages are then in the outbox, but not yet sent.

        The caller holds the outbox's lock until the rows are saved.
        """

        @cache
        def members() -> dict[str, pd.DataFrame]:  # most incidents that are decided on have nothing to tell
            concerned = state.members[state.members["incident_id"].isin(incident_ids)]
            return {str(incident_id): mine for incident_id, mine in concerned.groupby("incident_id")}

        def members_of(incident_id: str) -> pd.DataFrame:
            return members().get(incident_id, state.members.iloc[:0])

        deliveries: list[Delivery] = []
        again_at: dict[str, datetime] = {}
        for incident in sorted((state.incidents[one] for one in incident_ids), key=_critical_first):
            made, at = self._decide_on(incident, partial(members_of, incident.incident_id), silences, outbox, now)
            deliveries += made
            if at is not None:
                again_at[incident.incident_id] = at
        return Decided(deliveries, again_at)

    def _decide_on(
        self, incident: Incident, members: Callable[[], pd.DataFrame], silences: tuple[Silence, ...], outbox: Outbox, now: datetime
    ) -> tuple[list[Delivery], datetime | None]:
        deliveries: list[Delivery] = []
        again_at: list[datetime] = []
        for candidate in self.candidates(incident, silences, outbox.log):
            decision = decide(candidate, now)
            if decision.again_at is not None:
                again_at.append(decision.again_at)
            if decision.reason is not None:
                delivery_id = outbox.log.next_id(incident.incident_id, candidate.channel, decision.reason)
                message = render(self.rendering, incident, members(), decision.reason, delivery_id)
                deliveries += outbox.intend(message, candidate.channel, now)
        if incident.status == IncidentStatus.ACKNOWLEDGED.value and incident.acknowledged_until is not None:
            again_at.append(incident.acknowledged_until)
        return deliveries, min(again_at, default=None)

    def candidates(self, incident: Incident, silences: tuple[Silence, ...], log: NotificationLog) -> Iterator[NotificationCandidate]:
        """Yield the candidates one by one: the next one of a channel already knows what the previous one told it."""
        matches = match_routes(incident, self.routes, self.channels)
        if not matches and not self.channels:
            matches = [RouteMatch("", NO_ROUTE)]
        routed = {match.channel for match in matches}
        matches += [RouteMatch(channel, "") for channel in sorted(log.owed_a_resolve(incident.incident_id) - routed)]
        for match in matches:
            yield NotificationCandidate(
                incident,
                match.channel,
                match.route,
                log.last(incident.incident_id, match.channel),
                match.channel in routed,
                active=match.active,
                repeat_every_seconds=match.repeat_every_seconds,
                silences=silences,
                channel_notified_at=log.notified_at(match.channel),
            )


def _critical_first(incident: Incident) -> tuple[bool, datetime]:
    return incident.severity != Severity.CRITICAL.value, incident.opened_at
