"""The alert stage's only loop step: changes in, incidents and intents out; deliveries in threads of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from alerts import conditions as own
from alerts import incidents as incident_rules
from alerts import runbooks
from alerts.actions import LONGEST_QUIET, Act
from alerts.delivery.delivery import Delivery
from alerts.delivery.delivery import rows as delivery_rows
from alerts.delivery.outbox import Outbox
from alerts.incidents import Incident, State
from alerts.members import SEVERITIES, candidates, together
from alerts.notice import Notice, Silence
from alerts.notifier import Notifier
from alerts.pipeline import decide
from alerts.ports import IncidentStore
from alerts.recovery import deliveries_of, silences_of, state_of
from alerts.render import Rendering, render, title_of
from alerts.routing import Leg, compile_routes, legs_of
from core.catalog.catalog import Catalog
from core.catalog.definition import Severity
from core.catalog.flow import OWN_FLOW
from core.clock import EPOCH, Clock, SystemClock
from core.condition import Conditions
from core.config import Settings
from core.errors import NoRoom
from core.incident import IncidentStatus
from core.secrets import SecretNews, read_all, resolve_secret
from core.telemetry import M, Telemetry

BATCH = 20_000
SILENCE_KEPT = LONGEST_QUIET + timedelta(days=1)
"""How long a silence that ended is remembered, so that what it kept quiet is told however late the engine comes to it."""


class AlertEngine:
    """Keeps what is open in memory and the truth in the store. ``run``, ``act`` and ``reload`` may be called from any thread."""

    def __init__(
        self,
        store: IncidentStore,
        catalog: Catalog,
        notifiers: Mapping[str, Notifier],
        settings: Settings,
        telemetry: Telemetry,
        clock: Clock | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        self._store = store
        self._conditions = conditions or Conditions()
        self._conditions_seen = 0
        self._settings = settings
        self._telemetry = telemetry
        self._lock = threading.RLock()
        self._outbox = Outbox(store, catalog, notifiers, telemetry, clock or SystemClock())
        self._state: State | None = None
        self._silences: dict[str, Silence] = {}
        self._again: dict[str, datetime] = {}
        self._secret_news = SecretNews(telemetry, "the messages of its channel wait")
        self._lacking: set[str] = set()
        self.reload(catalog)

    def reload(self, catalog: Catalog) -> None:
        """Take another checked catalog."""
        compiled = compile_routes(catalog.routes)
        with self._lock:
            self._catalog = catalog
            self._routes = compiled
            self._channels = tuple(catalog.routes.channels)
            self._rendering = Rendering(catalog, self._settings.dashboard_url)
            self._outbox.reload(catalog)
        self.look_for_secrets()

    def look_for_secrets(self) -> None:
        """Tell which secrets of channels cannot be read, and let a channel whose secrets are there again speak at once.

        For a loop that calls it every two seconds.
        """
        channels = self._catalog.routes.channels
        lacking = {
            name: problems for name in channels if (problems := read_all(f"channel '{name}'", channels[name].secrets, resolve_secret)[1])
        }
        self._secret_news.tell([problem for problems in lacking.values() for problem in problems])
        self._outbox.retry_now(self._lacking - set(lacking))
        self._lacking = set(lacking)

    def run(self, now: datetime) -> bool:
        """Bring incidents up to date and store what is to be said. Returns whether there are more changes to read at once."""
        with self._lock, self._outbox.lock:
            state = self._loaded(now)
            changed = self._store.changes(BATCH)
            with ExitStack() as interrupted:
                interrupted.callback(self.remember_again)  # what was meant may or may not be stored: the store says
                more = self._run(state, changed, now)
                interrupted.pop_all()
            return more

    def look_again(self, now: datetime) -> None:
        """Ask of every incident and every waiting message what is due: the clock that it was put off by was corrected."""
        with self._lock, self._outbox.lock:
            self._again = dict.fromkeys(self._loaded(now).incidents, now)
            self._outbox.retry_now(self._channels)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Let nobody act and nothing be told meanwhile."""
        with self._lock, self._outbox.lock:
            yield

    def remember_again(self) -> None:
        """Go by what the store says before anything else is done: it was mended."""
        with self._lock, self._outbox.lock:
            self._state = None

    def deliver(self, now: datetime) -> datetime | None:
        """Wake the channels that have something due and return the moment of the next attempt. Does not wait for them."""
        return self._outbox.deliver(now)

    def settle(self, timeout_seconds: float = 30.0) -> None:
        """Wait until no channel is at work."""
        self._outbox.join(timeout_seconds)

    def next_deadline(self) -> datetime | None:
        """Return the moment at which :meth:`run` has work without any input."""
        if self._conditions.changes != self._conditions_seen:
            return EPOCH
        return min(tuple(self._again.values()), default=None)

    def open_incidents(self, now: datetime) -> list[Incident]:
        """Return the incidents that are not resolved."""
        with self._lock, self._outbox.lock:
            return [one for one in self._loaded(now).incidents.values() if one.status != IncidentStatus.RESOLVED.value]

    def act(self, decide_act: Callable[[Mapping[str, Incident], Mapping[str, Silence]], Act], now: datetime) -> Act:
        """Apply what a person does: ``decide_act`` gets incidents and silences by id; what it returns is stored, then in force."""
        with self._lock, self._outbox.lock:
            state = self._loaded(now)
            done = decide_act(state.incidents, self._silences)
            tables: dict[str, pd.DataFrame] = {}
            if done.silences:
                tables["silences"] = pd.DataFrame([vars(silence) for silence in done.silences], dtype=object)
            if done.incidents:
                tables["incidents"] = incident_rules.rows(list(done.incidents))
            if done.record is not None:
                tables["actions"] = done.record
            with ExitStack() as interrupted:
                interrupted.callback(self.remember_again)  # what was meant may or may not be stored: the store says
                try:
                    self._store.save(tables, hold=False)
                except NoRoom:  # nothing was decided: what is in memory still holds
                    interrupted.pop_all()
                    raise
                interrupted.pop_all()
            changed = {one.incident_id: one for one in done.incidents}
            self._state = replace(state, incidents={**state.incidents, **changed})
            self._silences.update({silence.silence_id: silence for silence in done.silences})
            self._again.update(dict.fromkeys(changed if not done.silences else state.incidents, now))
            return done

    def _loaded(self, now: datetime) -> State:
        if self._state is None:
            self._outbox.store_outcomes()  # what was sent meanwhile must not be read as still to be sent
            remembered = self._store.remembered()
            state = state_of(remembered, self._catalog)
            self._silences = silences_of(remembered)
            self._outbox.load(deliveries_of(remembered))
            self._again = dict.fromkeys(state.incidents, now)
            self._state = state
        return self._state

    def _run(self, state: State, read: tuple[dict[str, pd.DataFrame], dict[str, int], bool], now: datetime) -> bool:
        conditions_seen = self._conditions.changes
        changed, cursors, more = read
        found = [candidates(changed["clocks"], changed["transactions"], self._catalog, now)]
        if conditions_seen != self._conditions_seen:
            found.append(own.candidates_of(self._conditions, state.members))
        outcome = incident_rules.advance(state, together(found), now)
        state = outcome.state
        due = {incident_id for incident_id, at in self._again.items() if at <= now and incident_id in state.incidents}
        written = self._described(state, outcome.touched, due, now)
        state = replace(state, incidents={**state.incidents, **written})
        deliveries = self._announce(state, due | set(outcome.touched), now)
        tables = {"incidents": incident_rules.rows(list(written.values())), "incident_members": outcome.members}
        tables["deliveries"] = delivery_rows(deliveries)
        tables = {name: frame for name, frame in tables.items() if len(frame)}
        if tables or cursors:
            self._store.save(tables, cursors)
        self._state = incident_rules.forget(state, now)
        self._conditions_seen = conditions_seen
        self._outbox.forget(self._state.incidents)
        self._again = {incident_id: at for incident_id, at in self._again.items() if incident_id in self._state.incidents}
        if written:
            self._count(self._state)
        return more

    def _described(self, state: State, touched: list[str], due: set[str], now: datetime) -> dict[str, Incident]:
        """Return the incidents to write: touched ones with their words, and those whose acknowledgement has ended."""
        written: dict[str, Incident] = {}
        for incident_id in touched:
            found = incident_rules.expire(state.incidents[incident_id], now)
            is_own = found.flow == OWN_FLOW
            runbook = runbooks.choose(self._catalog, found.stage if is_own else found.cause, found.runbook)
            title = own.title_of(state.members, incident_id, found.title) if is_own else title_of(self._catalog, *found.group)
            written[incident_id] = replace(found, title=title, runbook=runbook)
        for incident_id in due - set(touched):
            found = state.incidents[incident_id]
            if (expired := incident_rules.expire(found, now)) is not found:
                written[incident_id] = expired
        return written

    def _announce(self, state: State, incident_ids: set[str], now: datetime) -> list[Delivery]:
        """Decide for each incident and channel; return the rows of the outbox."""
        members = dict(iter(state.members[state.members["incident_id"].isin(incident_ids)].groupby("incident_id")))
        self._silences = {key: one for key, one in self._silences.items() if one.ends_at > now - SILENCE_KEPT}
        deliveries: list[Delivery] = []
        chosen = sorted(
            (state.incidents[key] for key in incident_ids), key=lambda one: (one.severity != Severity.CRITICAL.value, one.opened_at)
        )
        for incident in chosen:
            self._again.pop(incident.incident_id, None)
            moments: list[datetime] = []
            for notice in self._notices(incident):
                decision = decide(notice, now)
                if decision.again_at is not None:
                    moments.append(decision.again_at)
                if decision.reason is not None:
                    delivery_id = self._outbox.log.next_id(incident.incident_id, notice.channel, decision.reason)
                    rows = members.get(incident.incident_id, state.members.iloc[:0])
                    message = render(self._rendering, incident, rows, decision.reason, delivery_id)
                    deliveries += self._outbox.intend(message, notice.channel, now)
            if incident.status == IncidentStatus.ACKNOWLEDGED.value and incident.acknowledged_until is not None:
                moments.append(incident.acknowledged_until)
            if moments:
                self._again[incident.incident_id] = min(moments)
        return deliveries

    def _notices(self, incident: Incident) -> Iterator[Notice]:
        """Yield the questions one by one: what one of them tells a channel, the next one of that channel knows."""
        legs = legs_of(incident, self._routes, self._channels)
        if not legs and not self._channels:
            # Nobody can hear it; the outbox keeps a failed delivery that says so.
            legs = [Leg("", "none")]
        routed = {leg.channel for leg in legs}
        legs += [Leg(channel, "") for channel in sorted(self._outbox.log.owed_a_resolve(incident.incident_id) - routed)]
        for leg in legs:
            yield Notice(
                incident,
                leg.channel,
                leg.route,
                self._outbox.log.last(incident.incident_id, leg.channel),
                leg.channel in routed,
                active=leg.active,
                repeat_every_seconds=leg.repeat_every_seconds,
                silences=tuple(self._silences.values()),
                recent=self._outbox.log.recent(leg.channel),
            )

    def _count(self, state: State) -> None:
        counts = Counter(one.severity for one in state.incidents.values() if one.status != IncidentStatus.RESOLVED.value)
        for severity in SEVERITIES:
            self._telemetry.set(M.INCIDENTS_OPEN, counts.get(severity, 0), severity=severity)
