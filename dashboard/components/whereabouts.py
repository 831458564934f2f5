"""Where a transaction is, for somebody who is no engineer: one sentence, what to tell the customer, and its way as a line of steps."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.clock import from_milliseconds
from core.money import several
from core.verdict import Verdict
from dashboard import definitions
from dashboard.components import charts, status_badge
from dashboard.components.status_badge import Badge
from dashboard.components.time_format import duration, utc
from dashboard.page import Context
from slas.outlook import Outlook, Step
from slas.outlook_told import answer, standing, whom
from slas.rows import milliseconds_of

_HEAD = Markup('<section class="andon-where {}" aria-label="Where it is"><p class="standing">{}</p>{}<div class="facts">{}</div></section>')
_ANSWER = Markup('<p class="answer"><i>What to tell {}</i> {}</p>')
_FACT = Markup('<span class="fact"><i>{}</i><b>{}</b></span>')
_STEPS = Markup('<ol class="andon-steps" aria-label="Its way, step by step">{}</ol>')
_STEP = Markup(
    '<li class="step {kind}"{current}><span class="took" title="{usual}">{took}</span>{badge}<span class="name">{title}</span>'
    '<span class="system">{system}</span><span class="when" title="{utc}">{when}</span>{note}</li>'
)
_LOOK: dict[str, Badge] = {
    "passed": status_badge.GREEN, "partly": status_badge.AMBER, "awaited": status_badge.BLUE, "failed": status_badge.FAILED,
    "ahead": status_badge.IDLE, "unseen": status_badge.GREY,
}  # fmt: skip
_BAND, _ROW, _AXIS = 16, 34, 44
"""Heights in pixels: of the bar, of the half above and below it, of the axis."""


def draw(context: Context, outlook: Outlook) -> None:
    """Draw the sentence, the steps, and the time they took against the hours that are worked."""
    st.html(head(context, outlook))
    st.html(steps(context, outlook))
    if any(step.at is not None for step in outlook.steps):
        charts.draw(strip(context, outlook), "The steps on a time axis, with working hours, now and the promise")
        st.caption(_legend(outlook))


def head(context: Context, outlook: Outlook) -> Markup:
    """Return the sentence, what to tell the customer, and promise, expectation and penalty."""

    def show(moment: int) -> str:
        return context.zone.show(from_milliseconds(moment))

    told = answer(outlook, show)
    said = _ANSWER.format(whom(outlook) or "whoever asks", told) if told else Markup("")
    goal, due = outlook.goal, milliseconds_of(outlook.promise["due_at"]) if outlook.promise else None
    lines = []
    if goal is not None and due is not None:
        lines.append(_FACT.format("Promised", f"{goal.title} {show(due)}"))
        if goal.at is not None:
            lines.append(_FACT.format("Reached", show(goal.at)))
        else:
            lines.append(_FACT.format("Expected", show(outlook.arrival) if outlook.arrival is not None else "not known yet"))
    if (step := outlook.waiting) is not None:
        lines.append(_FACT.format("Waiting for", f"{step.title} · {step.system}"))
    if outlook.worst is not None:
        lines.append(_FACT.format("Looked after by", definitions.owner_title(context.catalog, str(outlook.worst["owner"]))))
    if outlook.penalty:
        lines.append(_FACT.format("Penalty so far", several(outlook.penalty)))
    return _HEAD.format(_mood(outlook).kind, standing(outlook, show), said, Markup("").join(lines))


def _mood(outlook: Outlook) -> Badge:
    verdict = str(outlook.worst["verdict"]) if outlook.worst else ""
    if any(step.state == "failed" for step in outlook.steps):
        return status_badge.RED
    if not verdict and outlook.promise is not None:
        verdict = str(outlook.promise["verdict"])
    if outlook.is_expected_late and verdict == Verdict.RUNNING:
        return status_badge.AMBER
    return status_badge.of(verdict) if verdict else status_badge.IDLE


def steps(context: Context, outlook: Outlook) -> Markup:
    """Return the way as a list: what was passed when and how long it took, what is awaited, what is ahead."""
    return _STEPS.format(Markup("").join(_step(context, outlook, step) for step in outlook.steps))


def _step(context: Context, outlook: Outlook, step: Step) -> Markup:
    badge = _badge(outlook, step)
    notes = [Markup("<small>{} of {}</small>").format(step.done, step.of)] if step.of > 1 and step.state != "ahead" else []
    if outlook.promise is not None and step.milestone == outlook.promise["stage"] and (due := milliseconds_of(outlook.promise["due_at"])):
        notes.append(Markup('<small class="promise">promised {}</small>').format(context.zone.show(from_milliseconds(due))))
    ahead = step.expected if step.expected is not None and step.expected > outlook.now else None
    moment = step.at if step.at is not None else ahead
    when = context.zone.show(from_milliseconds(moment)) if moment is not None else "not seen" if step.state == "unseen" else ""
    return _STEP.format(
        kind=f"{badge.kind} {step.state}{' lost' if step.lost else ''}",
        current=Markup(' aria-current="step"') if step is outlook.waiting else "",
        took=duration(step.took / 1000) if step.took is not None else "",
        usual=f"usually {duration(step.usual / 1000)}" if step.usual is not None else "",
        badge=status_badge.icon(badge, "small", _WORDS[step.state]),
        title=step.title,
        system=step.system,
        utc=utc(from_milliseconds(moment)) if moment is not None else "",
        when=f"≈ {when}" if step.at is None and when and step.state != "unseen" else when,
        note=Markup("").join(notes),
    )


_WORDS = {
    "passed": "reached", "partly": "partly reached", "awaited": "awaited", "failed": "failed", "ahead": "not yet due", "unseen": "not seen",
}  # fmt: skip


def _badge(outlook: Outlook, step: Step) -> Badge:
    """Return how the step looks: only what is late or in danger is coloured as such."""
    if step is outlook.waiting and step.state != "failed" and outlook.worst is not None and outlook.worst["verdict"] != Verdict.RUNNING:
        return status_badge.of(str(outlook.worst["verdict"]))
    return _LOOK[step.state]


def strip(context: Context, outlook: Outlook) -> Any:
    """Return the steps on one line of time: working hours behind it, time lost on it, now and the promise across it."""

    def local(*moments: int) -> pd.Series:
        return context.zone.local(pd.Series([from_milliseconds(moment) for moment in moments]))

    dots = pd.DataFrame(
        [
            {"ms": step.at if step.at is not None else step.expected, "step": step.title, "kind": "reached" if step.at is not None else "expected"}
            for step in outlook.steps
            if step.at is not None or step.expected is not None
        ]
    )  # fmt: skip
    dots["at"] = local(*dots["ms"])
    dots["utc"] = [utc(from_milliseconds(moment)) for moment in dots["ms"]]
    marks = [(outlook.now, "now", charts.ink())] if outlook.is_open else []
    if outlook.promise is not None and (due := milliseconds_of(outlook.promise["due_at"])) is not None:
        late = (milliseconds_of(outlook.promise["stopped_at"]) or outlook.now) > due
        marks.append((due, "promised", charts.colour(status_badge.RED if late else status_badge.GREEN)))
    layers = [_line(outlook, local), _dots(dots), *_rules(marks, local)]
    if working := outlook.working:
        frame = pd.DataFrame({"from": local(*(begin for begin, _ in working)), "to": local(*(end for _, end in working))})
        layers.insert(
            0, alt.Chart(frame).mark_rect(color=charts.soft(), opacity=0.45).encode(x=charts.time_axis("from"), x2=alt.X2("to:T"))
        )
    moments = [*dots["ms"], *(moment for moment, _, _ in marks)]
    reach = max(max(moments) - min(moments), 120_000)
    domain = local(round(min(moments) - 0.02 * reach), round(max(moments) + 0.06 * reach))
    return alt.layer(*layers, charts.ends((domain[0], domain[1]))).properties(height=_BAND + 2 * _ROW + _AXIS)


def _line(outlook: Outlook, local: Any) -> Any:
    """Return the time between steps as a bar; red where much more of it passed than usual."""
    found = [(step, (step.at if step.at is not None else outlook.now) - step.took) for step in outlook.steps if step.took is not None]
    reached = [step.at for step in outlook.steps if step.at is not None]
    frame = pd.DataFrame(
        {
            "from": local(*([begin for _, begin in found] or reached[:1])),
            "to": local(*([begin + (step.took or 0) for step, begin in found] or reached[:1])),
            "paint": [charts.colour(status_badge.RED if step.lost else status_badge.BLUE) for step, _ in found] or [charts.soft()],
            "step": [f"until {step.title}: {duration((step.took or 0) / 1000)}" for step, _ in found] or [""],
        }
    )
    bar = alt.Chart(frame).mark_bar(height=_BAND, opacity=0.75)
    tip = [alt.Tooltip("step")]
    return bar.encode(x=charts.time_axis("from"), x2=alt.X2("to:T"), color=alt.Color("paint:N", scale=None), y=_at(_ROW), tooltip=tip)


def _dots(dots: pd.DataFrame) -> Any:
    fill = alt.Fill(
        "kind:N",
        scale=alt.Scale(domain=["reached", "expected"], range=[charts.colour(status_badge.BLUE), charts.panel()]),
        legend=None,
    )
    tip = [alt.Tooltip("step"), alt.Tooltip("kind"), alt.Tooltip("utc", title="time")]
    base = alt.Chart(dots).mark_point(size=110, opacity=1, stroke=charts.colour(status_badge.BLUE), strokeWidth=2)
    return base.encode(x=charts.time_axis("at"), y=_at(_ROW), fill=fill, tooltip=tip)


def _rules(marks: list[tuple[int, str, str]], local: Any) -> list[Any]:
    layers: list[Any] = []
    for moment, word, colour in marks:
        frame = pd.DataFrame({"at": local(moment), "word": [word]})
        base = alt.Chart(frame).encode(x=charts.time_axis("at"))
        layers.append(base.mark_rule(color=colour, strokeWidth=2, strokeDash=[4, 3] if word == "now" else [1, 0]))
        low = word == "promised"
        text = base.mark_text(color=colour, align="left", dx=5, fontSize=12, fontWeight="bold")
        layers.append(text.encode(text=alt.Text("word:N"), y=_at(_BAND + 2 * _ROW - 8 if low else 8)))
    return layers


def _at(pixels: int) -> Any:
    """Return a height in the chart."""
    return alt.YValue(pixels)  # type: ignore[no-untyped-call] # the library gives this class no types


def _legend(outlook: Outlook) -> str:
    shaded = " · shaded: hours that are worked" if outlook.working else ""
    return f"● reached · ○ expected, from the usual time or an estimate that was sent · red: took much longer than usual{shaded}"
