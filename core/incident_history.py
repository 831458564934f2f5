"""What happened to an incident, in words: the same on its page and on the command line."""

from __future__ import annotations

from core.incident import Reason
from core.plural import counted
from core.verdict import HOLDING

LEFT = {
    "met": "reached on time",
    "met_late": "reached late",
    "cancelled": "cancelled",
    "paused": "clock paused",
    "running": "no longer late or at risk",
    "open": "no longer failing",
    "completed": "completed",
    **dict.fromkeys([*HOLDING, "failed"], "moved to another incident"),
}
"""Why a transaction left the incident, by its verdict at that moment."""
TOLD: dict[str, str] = {
    Reason.OPENED: "that it opened",
    Reason.GROWN: "that it has grown",
    Reason.WORSENED: "that it is worse",
    Reason.REARMED: "again, because the acknowledgement or silence has ended",
    Reason.REPEATED: "again that it is not resolved",
    Reason.RESOLVED: "that it is resolved",
}
"""What a channel was told, by the reason of its message."""
STATES = {
    "sent": "{was} told {what}",
    "missed": "{was} told {what}, but not all whom it names",
    "pending": "{is_} still to be told {what}",
    "failed": "could not be told {what}",
    "superseded": "{was} to be told {what}, but a newer message took its place",
}
"""What became of the message, and so of one channel or several."""


def in_words(kind: str, what: str, number: int) -> str:
    """Return a line of :func:`store.reads.incident_log.history` in words; what people wrote stays as they wrote it."""
    many = counted(number, "transaction")
    match kind:
        case "joined":
            return f"{many} affected"
        case "late":
            return f"{many} late"
        case "left":
            return f"{many} left: {LEFT.get(what, what)}"
        case "resolved":
            return f"resolved; {many} affected in total"
        case "notified":
            reason, _, state = what.partition(" ")
            verbs = {"was": "was", "is_": "is"} if number == 1 else {"was": "were", "is_": "are"}
            return STATES.get(state, f"{STATES['sent']}, {state}").format(**verbs, what=TOLD.get(reason, reason))
        case _:
            return f"{kind}: {what}" if what else kind
