"""Status badges: one sign per state, distinguishable by shape as well as by colour."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Badge:
    """How a state looks. ``kind`` is its class in ``style.css``; ``light`` and ``dark`` are its colours in charts."""

    kind: str
    glyph: str
    word: str
    light: str
    dark: str


GREEN = Badge("ok", "✓", "nothing late", "#1a7f5a", "#37c48f")
AMBER = Badge("warn", "!", "at risk", "#d98a00", "#ffb938")
RED = Badge("bad", "✕", "breached", "#c8283c", "#ff5d6c")
GREY = Badge("dim", "?", "unknown", "#6b7788", "#94a3b8")
IDLE = Badge("idle", "–", "nothing open", "#aab4c2", "#4b5a6d")
BLUE = Badge("info", "›", "running", "#2f6fd0", "#6ea8ff")
FAILED = Badge("bad", "⚡", "failed", "#c8283c", "#ff5d6c")
PAUSED = Badge("pause", "Ⅱ", "paused", "#7b4fbf", "#b48cf2")

_BY_STATE = {
    "running": BLUE, "at_risk": AMBER, "breached": RED, "met": GREEN, "met_late": RED, "paused": PAUSED, "cancelled": IDLE, "unknown": GREY,
    "open": BLUE, "completed": GREEN, "merged": IDLE, "failed": FAILED, "acknowledged": AMBER, "resolved": GREEN,
    "silenced": PAUSED, "sent": GREEN, "pending": BLUE, "retry": AMBER, "superseded": IDLE,
}  # fmt: skip
_WORDS = {"met_late": "met late", "at_risk": "at risk", "met": "met"}


def of(state: str) -> Badge:
    """Return the badge of a verdict, state or status; grey for an unknown word."""
    return _BY_STATE.get(state, GREY)


def word(state: str) -> str:
    """Return the state in words."""
    return _WORDS.get(state, state.replace("_", " "))


def station(late: int, at_risk: int, unknown: int, busy: int) -> Badge:
    """Return the badge of a station: that of its worst state; failed transactions are late."""
    if late:
        return RED
    if at_risk:
        return AMBER
    if unknown:
        return GREY
    return GREEN if busy else IDLE


def incident(status: str, breached: int) -> Badge:
    """Return the badge of an incident: green once resolved, red while anything in it is late or has failed, else amber."""
    if status == "resolved":
        return GREEN
    return RED if breached else AMBER


def icon(badge: Badge, size: str = "", title: str = "") -> Markup:
    """Return the badge alone, as HTML."""
    return Markup('<span class="badge {} {}" role="img" aria-label="{}" title="{}">{}</span>').format(
        badge.kind, size, badge.word, title or badge.word, badge.glyph
    )


def pill(state: str) -> Markup:
    """Return a state as a labelled pill, as HTML."""
    badge = of(state)
    return Markup('<span class="pill {}"><b aria-hidden="true">{}</b>{}</span>').format(badge.kind, badge.glyph, word(state))


def sign(state: str) -> str:
    """Return a state as plain text with its sign, for tables."""
    return f"{of(state).glyph} {word(state)}" if state else ""
