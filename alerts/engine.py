"""The alert stage's only loop step: read → advance → decide → save. Deliveries have threads of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from alerts import incidents as incident_rules
from alerts import steps
from alerts.actions import LONGEST_QUIET, Act, open_incident
from alerts.advance import Advanced, advance
from alerts.changes import Changes, read
from alerts.decide import Decided, Notifications
from alerts.delivery.delivery import rows as delivery_rows
from alerts.delivery.outbox import Outbox
from alerts.incidents import Incident, State
from alerts.members import SEVERITIES
from alerts.notifier import Notifier
from alerts.ports import IncidentStore
from alerts.recovery import deliveries_of, silences_of, state_of
from alerts.stage import Silence
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook, Step
from core.clock import EPOCH, Clock, SystemClock
from core.condition import Conditions
from core.config import Settings
from core.errors import LeftBehind, NoRoom
from core.incident import IncidentStatus
from core.secrets import SecretNews, read_all, resolve_secret
from core.telemetry import M, Telemetry

SILENCE_KEPT = LONGEST_QUIET + timedelta(days=1)
"""How long an ended silence is remembered, so that what it kept quiet is reported however late the engine gets to it."""


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
        self._doubted = False
        """Whether the store may have more than memory: what a person did was left behind on a disk that hangs."""
        self._silences: dict[str, Silence] = {}
        self._again_at: dict[str, datetime] = {}  # by incident: when to decide again even without any change
        self._secret_news = SecretNews(telemetry, "its channel's messages wait")
        self._lacking: set[str] = set()
        self.reload(catalog)

    def reload(self, catalog: Catalog) -> None:
        """Use another checked catalog."""
        notifications = Notifications.of(catalog, self._settings.dashboard_url)
        with self._lock:
            self._catalog = catalog
            self._notifications = notifications
            self._outbox.reload(catalog)
        self.look_for_secrets()

    def look_for_secrets(self) -> None:
        """Report which secrets of channels cannot be read, and retry channels whose secrets are back at once.

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
        """Bring incidents up to date and store what is to be said. Returns whether there are more changes to read immediately."""
        with self.at_rest():
            state = self._recovered(now)
            changes = read(self._store, self._conditions, self._conditions_seen, state, self._catalog, now)
            with self._recovery_if_interrupted():
                advanced = advance(state, changes.candidates, self._due(now), self._catalog, now)
                decided = self._decide(advanced, now)
                self._save(changes, advanced, decided, now)
            return changes.more

    def look_again(self, now: datetime) -> None:
        """Check every incident and every waiting message again: the clock by which they were scheduled has been corrected."""
        with self.at_rest():
            self._again_at = dict.fromkeys(self._recovered(now).incidents, now)
            self._outbox.retry_now(self._notifications.channels)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Keep anyone from acting or being notified in the meantime."""
        with self._lock, self._outbox.lock:
            yield

    def recover(self) -> None:
        """Start over from what the store says before doing anything else: it was restored."""
        with self.at_rest():
            self._state = None

    def deliver(self, now: datetime) -> datetime | None:
        """Wake the channels that have something due and return when the next attempt is due. Does not wait for them."""
        return self._outbox.deliver(now)

    def settle(self, timeout_seconds: float = 30.0) -> None:
        """Wait until no channel is sending."""
        self._outbox.join(timeout_seconds)

    def next_deadline(self) -> datetime | None:
        """Return when :meth:`run` next has work even without any input."""
        if self._conditions.changes != self._conditions_seen:
            return EPOCH
        return min(tuple(self._again_at.values()), default=None)

    @property
    def sources(self) -> Collection[str]:
        """The names of the sources that may be paused: those of the catalog."""
        return self._catalog.sources

    def open_incidents(self, now: datetime) -> list[Incident]:
        """Return the incidents that are not resolved."""
        with self.at_rest():
            return [one for one in self._recovered(now).incidents.values() if one.status != IncidentStatus.RESOLVED.value]

    def has_incident(self, incident_id: str, now: datetime) -> bool:
        """Return whether there is, or ever was, such an incident. Raises what the store raises."""
        with self.at_rest():
            return incident_id in self._recovered(now).incidents or self._store.has_incident(incident_id)

    def view_shared_by(self, name: str) -> str:
        """Return who shared the view of this name last; empty: there is none. Raises what the store raises."""
        with self.at_rest():
            return self._store.view_shared_by(name)

    def step_of(self, incident_id: str, step: str, now: datetime) -> tuple[Runbook, Step]:
        """Return a step of an open incident's runbook. Raises :class:`core.errors.UsageError` if there is no such incident or step."""
        with self.at_rest():
            return steps.find(self._catalog, open_incident(self._recovered(now).incidents, incident_id), step)

    def act(self, decide_act: Callable[[Mapping[str, Incident], Mapping[str, Silence]], Act], now: datetime) -> Act:
        """Apply a person's action: ``decide_act`` gets incidents and silences by id; what it returns is stored, then takes effect."""
        with self.at_rest():
            state = self._recovered(now)
            done = decide_act(state.incidents, self._silences)
            tables: dict[str, pd.DataFrame] = {}
            if done.silences:
                tables["silences"] = pd.DataFrame([vars(silence) for silence in done.silences], dtype=object)
            if done.incidents:
                tables["incidents"] = incident_rules.rows(list(done.incidents))
            if done.record is not None:
                tables["actions"] = done.record
            with self._recovery_if_interrupted() as recovery:
                try:
                    self._store.save(tables, hold=False)
                except NoRoom as error:  # nothing was stored, or nobody knows yet: what is in memory still holds
                    recovery.pop_all()
                    self._doubted = isinstance(error, LeftBehind)
                    raise
            changed = {one.incident_id: one for one in done.incidents}
            self._state = replace(state, incidents={**state.incidents, **changed})
            self._silences.update({silence.silence_id: silence for silence in done.silences})
            self._again_at.update(dict.fromkeys(changed if not done.silences else state.incidents, now))
            return done

    def _recovered(self, now: datetime) -> State:
        """Return what is open, from the store if memory is out of date, or may be and the store's disk goes on."""
        if self._state is None or self._doubted:
            try:
                self._state, self._doubted = self._recover(now), False
            except NoRoom:
                if self._state is None:
                    raise
        return self._state

    def _recover(self, now: datetime) -> State:
        self._outbox.store_outcomes()  # what was sent meanwhile must not be read as still to be sent
        saved = self._store.saved()
        state = state_of(saved, self._catalog)
        self._silences = silences_of(saved)
        self._outbox.load(deliveries_of(saved))
        self._again_at = dict.fromkeys(state.incidents, now)
        return state

    @contextmanager
    def _recovery_if_interrupted(self) -> Iterator[ExitStack]:
        """Recover before the next step unless this one completes: its decisions may or may not be stored, and only the store knows."""
        with ExitStack() as interrupted:
            interrupted.callback(self.recover)
            yield interrupted
            interrupted.pop_all()

    def _due(self, now: datetime) -> set[str]:
        return {incident_id for incident_id, at in self._again_at.items() if at <= now}

    def _decide(self, advanced: Advanced, now: datetime) -> Decided:
        self._silences = {key: one for key, one in self._silences.items() if one.ends_at > now - SILENCE_KEPT}
        return self._notifications.decide(advanced.state, advanced.decide, tuple(self._silences.values()), self._outbox, now)

    def _save(self, changes: Changes, advanced: Advanced, decided: Decided, now: datetime) -> None:
        """Store what was decided, then apply it and forget what is over."""
        tables = {
            "incidents": incident_rules.rows(advanced.written),
            "incident_members": advanced.members,
            "deliveries": delivery_rows(decided.deliveries),
        }
        tables = {name: frame for name, frame in tables.items() if len(frame)}
        if tables or changes.cursors:
            self._store.save(tables, changes.cursors)
        self._state = incident_rules.forget(advanced.state, now)
        self._conditions_seen = changes.conditions_seen
        self._outbox.forget(self._state.incidents)
        waiting = {incident_id: at for incident_id, at in self._again_at.items() if incident_id not in advanced.decide}
        again_at = {**waiting, **decided.again_at}
        self._again_at = {incident_id: at for incident_id, at in again_at.items() if incident_id in self._state.incidents}
        if advanced.written:
            self._count(self._state)

    def _count(self, state: State) -> None:
        counts = Counter(one.severity for one in state.incidents.values() if one.status != IncidentStatus.RESOLVED.value)
        for severity in SEVERITIES:
            self._telemetry.set(M.INCIDENTS_OPEN, counts.get(severity, 0), severity=severity)
