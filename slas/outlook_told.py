"""Where a transaction stands, in sentences for somebody who is no engineer. Pure."""

from __future__ import annotations

from collections.abc import Callable

from core.catalog.definition import readable
from core.duration import format_duration
from core.verdict import TransactionState, Verdict
from slas.outlook import MINUTE, Outlook, Step
from slas.rows import milliseconds_of

Show = Callable[[int], str]
"""A moment in UTC milliseconds, in words."""


def standing(outlook: Outlook, show: Show) -> str:
    """Return one sentence: how late, where the time was lost, what is awaited from whom, and what is expected when."""
    parts, step = [_lead(outlook, show)], outlook.waiting
    troubled = outlook.worst is None or outlook.worst["verdict"] in {Verdict.BREACHED, Verdict.AT_RISK} or _is_missed(outlook)
    if (troubled or outlook.is_expected_late) and (lost := outlook.lost) is not None and lost is not outlook.waiting:
        parts.append(
            f"{_span(lost.lost)} were lost between {_quoted(outlook.title(lost.before))} and {_quoted(lost.title)} ({_span(lost.took or 0)}, usually {_span(lost.usual or 0)})"
        )
    if step is not None:
        parts.append(_awaited(outlook, step, show))
        if arrival := _arrival(outlook, show):
            parts.append(arrival)
    return "; ".join(parts) + "."


def answer(outlook: Outlook, show: Show) -> str:
    """Return what to tell the customer, or whoever asks; empty if nothing is promised and nothing expected."""
    goal, due = outlook.goal, _due(outlook)
    name = _name(outlook)
    if outlook.transaction["state"] == TransactionState.CANCELLED:
        return f"{name} was cancelled."
    if goal is None or due is None:
        return ""
    if goal.at is not None:
        late = f", {_span(goal.at - due)} later than promised" if goal.at > due else ", as promised"
        return f"{name}: {_quoted(goal.title)} on {show(goal.at)}{late}."
    return f"{name} {_prospect(outlook, goal, due, show)}"


def _prospect(outlook: Outlook, goal: Step, due: int, show: Show) -> str:
    if outlook.arrival is None:
        word = "is later than promised" if outlook.now > due else "is under way"
        return f"{word}; it was promised for {show(due)}. A date that can be relied on is not known yet."
    title, expected = _quoted(goal.title), show(outlook.arrival)
    if outlook.arrival - due >= MINUTE:
        return f"will be later than promised: {title} is now expected on {expected} instead of {show(due)}."
    if _is_held_up(outlook):
        return f"is held up; {title} can still be reached on {expected}, and was promised for {show(due)}."
    return f"is on schedule: {title} is expected on {expected}, and promised for {show(due)}."


def whom(outlook: Outlook) -> str:
    """Return who is to be told: the company with the role of the customer; empty if there is none."""
    return str(outlook.transaction["facts"].get(outlook.flow.parties().get("customer", ""), ""))


def _is_held_up(outlook: Outlook) -> bool:
    """Return whether something is late or has failed on the way, although the promise may still be kept."""
    failed = outlook.waiting is not None and outlook.waiting.state == "failed"
    return failed or (outlook.worst is not None and outlook.worst["verdict"] in {Verdict.BREACHED, Verdict.UNKNOWN})


def _name(outlook: Outlook) -> str:
    keys = outlook.transaction["keys"]
    reference = str(outlook.transaction["reference"])
    kind = next((kind for kind in outlook.flow.keys if keys.get(kind)), "")  # the one a reference is of
    known = outlook.flow.keys.get(kind)
    return f"{(known.title if known else '') or readable(kind or 'transaction')} {reference or outlook.transaction['transaction_id']}"


def _due(outlook: Outlook) -> int | None:
    return milliseconds_of(outlook.promise["due_at"]) if outlook.promise else None


def _is_missed(outlook: Outlook) -> bool:
    due, stopped = _due(outlook), milliseconds_of(outlook.promise["stopped_at"]) if outlook.promise else None
    return due is not None and (stopped if stopped is not None else outlook.now) > due


def _lead(outlook: Outlook, show: Show) -> str:
    state, ended = outlook.transaction["state"], milliseconds_of(outlook.transaction["ended_at"])
    if state == TransactionState.CANCELLED:
        return f"Cancelled on {show(ended)}" if ended is not None else "Cancelled"
    kept = _kept(outlook, show)
    if state != TransactionState.OPEN:
        return kept or (f"Complete since {show(ended)}" if ended is not None else "Complete")
    due, worst = _due(outlook), outlook.worst
    if not kept and due is not None and outlook.now > due:
        return f"{_span(outlook.now - due)} late: {_goal(outlook)} was promised for {show(due)}"
    if worst is not None and worst["verdict"] != Verdict.RUNNING and (found := _of_worst(outlook, show)):
        return f"{found}{'; ' + kept if kept else ''}"
    if outlook.is_expected_late:
        return "Will probably be late"
    return kept or ("On time" if worst is not None else "Under way")


def _kept(outlook: Outlook, show: Show) -> str:
    """Return how the promise was kept or missed, if it has been reached."""
    due, stopped = _due(outlook), milliseconds_of(outlook.promise["stopped_at"]) if outlook.promise else None
    if due is None or stopped is None:
        return ""
    margin = f"{_span(abs(stopped - due))} {'late' if stopped > due else 'early'}" if abs(stopped - due) >= 1000 else "on the dot"
    return f"{_goal(outlook)} on {show(stopped)}, {margin}"


def _goal(outlook: Outlook) -> str:
    return _quoted(outlook.title(str(outlook.promise["stage"]))) if outlook.promise else ""


def _of_worst(outlook: Outlook, show: Show) -> str:
    worst = outlook.worst or {}
    due, title, step = milliseconds_of(worst["due_at"]), _quoted(outlook.title(str(worst["stage"]))), outlook.waiting
    is_next = step is not None and step.milestone == worst["stage"]  # it is named as what is waited for
    if worst["verdict"] == Verdict.PAUSED:
        return f"Paused on the way to {title}"
    if worst["verdict"] == Verdict.UNKNOWN or due is None:
        kind, _, source = str(worst["cause"]).partition(":")
        why = {"source-silent": f": nothing is heard from {source}", "source-paused": f": {source} is paused"}.get(kind, "")
        return f"Nobody can say whether {title} was reached{why}"
    if outlook.now > due:
        return f"{_span(outlook.now - due)} overdue" if is_next else f"{title} is {_span(outlook.now - due)} overdue"
    return f"At risk: {'' if is_next else title + ' is '}due on {show(due)}, in {_span(due - outlook.now)}"


def _awaited(outlook: Outlook, step: Step, show: Show) -> str:
    since = outlook.now - (step.took or 0)
    if step.state == "failed":
        cause = str(outlook.transaction["cause"])
        return f"{_quoted(step.title)} failed in {step.system}{': ' + cause if cause else ''}"
    count = f" ({step.there})" if step.state == "partly" else ""
    usual = f", which usually takes {_span(step.usual)}" if step.usual is not None else ""
    return f"waiting for {_quoted(step.title)} from {step.system} since {show(since)}{count}{usual}"


def _arrival(outlook: Outlook, show: Show) -> str:
    goal, due = outlook.goal, _due(outlook)
    if goal is None or goal.at is not None or due is None:
        return ""
    if outlook.arrival is None:
        return f"{_quoted(goal.title)} is promised for {show(due)}" if outlook.now <= due else ""
    by = f" ({goal.told})" if goal.told else ""
    apart = abs(outlook.arrival - due)
    margin = f"{_span(apart)} {'after' if outlook.arrival > due else 'before'} the promise" if apart >= MINUTE else "as promised"
    return f"{_quoted(goal.title)} is expected on {show(outlook.arrival)}{by}, {margin}"


def _quoted(title: str) -> str:
    """Return a milestone's title as a name: most are participles, which a sentence would take for its verb."""
    return f"“{title}”"


def _span(milliseconds: int) -> str:
    """Return a duration without the seconds nobody asks for."""
    return format_duration(milliseconds if milliseconds < MINUTE else milliseconds // MINUTE * MINUTE)
