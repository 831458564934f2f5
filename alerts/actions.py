"""What people do about incidents: acknowledge, assign, silence, note. Pure decisions; the engine stores and applies them.

Repeating an action changes nothing: it leaves the incident as the first one did, and the same silence is not created again.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from alerts.incidents import Incident
from alerts.one_line import one_line
from alerts.stage import Silence
from core.catalog.runbook import Runbook, Step
from core.errors import UsageError
from core.incident import ACKNOWLEDGED_FOR, OUTCOMES, WORKED, WORKED_NOT, IncidentStatus

LONGEST_QUIET = timedelta(days=7)
"""Nothing broken is kept quiet for longer than this, by a silence or an acknowledgement: nobody would remember it."""

Incidents = Mapping[str, Incident]
Silences = Mapping[str, Silence]


@dataclass(frozen=True)
class Act:
    """What an action changes: rows of ``incidents``, ``silences`` and ``actions``; ``said``: what whoever acts is told.

    ``confirm``: the word that confirms what ``said`` shows, if anything is to be confirmed.
    """

    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silence, ...] = ()
    record: pd.DataFrame | None = None
    said: str = ""
    confirm: str = ""


def acknowledge(incidents: Incidents, incident_id: str, by: str, note: str, until: datetime | None, now: datetime) -> Act:
    """Somebody takes the incident. It notifies again at ``until``, at the next member's deadline or, without either, after four hours."""
    incident = open_incident(incidents, incident_id)
    if until is not None and until <= now:
        raise UsageError("until: this time has passed; give a later one")
    if until is not None and until > now + LONGEST_QUIET:
        raise UsageError("until: an acknowledgement lasts at most 7 days; give an earlier time")
    ends = min([end for end in (until, incident.next_due_at) if end is not None and end > now], default=now + ACKNOWLEDGED_FOR)
    changed = replace(
        incident, status=IncidentStatus.ACKNOWLEDGED.value, acknowledged_by=actor_name(by), acknowledged_until=ends, updated_at=now
    )
    return Act((changed,), (), record(by, "acknowledge", incident_id, f"until {ends.isoformat(timespec='seconds')} {note}", now))


def unacknowledge(incidents: Incidents, incident_id: str, by: str, now: datetime) -> Act:
    """Take back the acknowledgement: the incident is repeated again as its route says."""
    incident = open_incident(incidents, incident_id)
    changed = replace(incident, status=IncidentStatus.OPEN.value, acknowledged_by="", acknowledged_until=None, updated_at=now)
    return Act((changed,), (), record(by, "unacknowledge", incident_id, "", now))


def assign(incidents: Incidents, incident_id: str, by: str, assignee: str, now: datetime) -> Act:
    """Set who works on it; empty: nobody."""
    incident = open_incident(incidents, incident_id)
    changed = replace(incident, assignee=one_line(assignee), updated_at=now)
    return Act((changed,), (), record(by, "assign", incident_id, assignee or "nobody", now))


def note(incident_id: str, by: str, text: str, now: datetime, *, known: bool) -> Act:
    """Say something about an incident, resolved or not, without changing it. ``known``: whether there is or was such an incident."""
    if not known:
        raise UsageError(f"incident_id: no incident '{one_line(incident_id, 40)}' is known")
    if not text.strip():
        raise UsageError("note: write what others should know")
    return Act((), (), record(by, "note", incident_id, text, now))


def step(incidents: Incidents, incident_id: str, by: str, done: tuple[Runbook, Step], outcome: str, said: str, now: datetime) -> Act:
    """A step of the incident's runbook was done. ``outcome``: whether it worked; ``said``: what was found."""
    open_incident(incidents, incident_id)
    if outcome not in OUTCOMES:
        raise UsageError(f"outcome: write '{WORKED}' or '{WORKED_NOT}'")
    return came_of(incident_id, by, done, outcome, said, now)


def sends(incidents: Incidents, incident_id: str, by: str, done: tuple[Runbook, Step], what: str, reason: str, now: datetime) -> Act:
    """A step is about to change something elsewhere; recorded before it does, so that it is known whatever happens then."""
    open_incident(incidents, incident_id)
    runbook, one = done
    if one.reason and not reason.strip():
        raise UsageError("reason: this step asks why; give a reason, for anyone who looks later")
    detail = f"{one.title}: {what}" + (f"; because: {reason}" if reason.strip() else "")
    return Act((), (), record(by, "send", incident_id, detail, now, runbook=runbook.runbook, step=one.step))


def came_of(incident_id: str, by: str, done: tuple[Runbook, Step], outcome: str, said: str, now: datetime) -> Act:
    """What came of a step, whatever became of the incident meanwhile."""
    runbook, one = done
    detail = f"{one.title}{'' if one.title.endswith('?') else ':'} {outcome}" + (f". {said}" if said.strip() else "")
    row = record(by, "step", incident_id, detail, now, runbook=runbook.runbook, step=one.step, outcome=outcome)
    return Act((), (), row, said=f"{outcome}. {said}".strip(". "))


def silence(
    incidents: Incidents, silences: Silences, matching: dict[str, str], by: str, reason: str, ends_at: datetime, now: datetime
) -> Act:
    """Keep what matches quiet until ``ends_at``. ``matching``: any of flow, stage, cause, incident_id; at least one.

    If the same person already has a silence in force for the same things and the same reason, its end is changed instead.
    """
    if not any(matching.values()):
        raise UsageError("incident_id: say what to silence: give an incident_id, or a flow, stage or cause")
    if not reason.strip():
        raise UsageError("reason: say why, for anyone who looks later")
    if matching.get("incident_id") and matching["incident_id"] not in incidents:
        raise _unknown(matching["incident_id"])
    if not now < ends_at <= now + LONGEST_QUIET:
        raise UsageError("hours: a silence lasts at most 7 days; give more than 0 and at most 168")
    fields = {name: matching.get(name, "") for name in ("flow", "stage", "cause", "incident_id")}
    parts = [*fields.values(), by, reason, now.isoformat(), ends_at.isoformat()]
    silence_id = "sil_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
    made = Silence(
        silence_id,
        fields["flow"],
        fields["stage"],
        fields["cause"],
        fields["incident_id"],
        starts_at=now,
        ends_at=ends_at,
        created_by=actor_name(by),
        reason=one_line(reason, 500),
    )
    for known in silences.values():
        if known.ends_at > now and replace(known, silence_id=silence_id, starts_at=now, ends_at=ends_at) == made:
            made = replace(known, ends_at=ends_at)
    target = fields["incident_id"] or made.silence_id
    return Act((), (made,), record(by, "silence", target, f"until {ends_at.isoformat(timespec='seconds')}: {reason}", now))


def end_silence(silences: Silences, silence_id: str, by: str, now: datetime) -> Act:
    """End a silence at once."""
    found = silences.get(silence_id)
    if found is None or found.removed or found.ends_at <= now:
        raise UsageError(f"silence_id: no silence '{one_line(silence_id, 40)}' is in force")
    return Act((), (replace(found, ends_at=now, removed=1),), record(by, "end silence", found.incident_id or silence_id, found.reason, now))


def open_incident(incidents: Incidents, incident_id: str) -> Incident:
    """Return the incident if it is not resolved. Raises :class:`UsageError` otherwise."""
    incident = incidents.get(incident_id)
    if incident is None or incident.status == IncidentStatus.RESOLVED.value:
        raise _unknown(incident_id)
    return incident


def _unknown(incident_id: str) -> UsageError:
    return UsageError(f"incident_id: no incident '{one_line(incident_id, 40)}' is open")


def actor_name(by: str) -> str:
    """Return somebody's name as it is stored. Raises :class:`UsageError` without one."""
    if not by.strip():
        raise UsageError("by: give your name so that colleagues know who acted")
    return one_line(by, 80)


def is_same_person(by: str, actor: str) -> bool:
    """Return whether a name is that of ``actor``, however it is spelled: accents, case, blanks and points do not count."""
    return _spelled_alike(actor_name(by)) == _spelled_alike(actor)


def _spelled_alike(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", name).casefold() if each.isalnum())


def record(
    by: str, action: str, target: str, detail: str, now: datetime, *, runbook: str = "", step: str = "", outcome: str = ""
) -> pd.DataFrame:
    """Return the row of ``actions`` that says who did what. Raises :class:`UsageError` without a name."""
    row = {"at": now, "actor": actor_name(by), "action": action, "target": target, "detail": one_line(detail, 1000)}
    return pd.DataFrame([{**row, "runbook": runbook, "step": step, "outcome": outcome}], dtype=object)
