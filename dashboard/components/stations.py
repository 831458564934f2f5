"""A flow as a line of stations, like the board above a production line. HTML; every stored text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from core.money import count, several
from core.plural import counted
from dashboard.components import links, status_badge

ONCE = "each transaction counted once, by its worst SLA"


@dataclass(frozen=True)
class Station:
    """One milestone of a flow: the transactions that reached it last, and those due there. All counts are of transactions."""

    flow: str
    stage: str
    title: str
    system: str
    here: int = 0
    breached: int = 0
    at_risk: int = 0
    unknown: int = 0
    failed: int = 0
    paused: int = 0
    running: int = 0
    value: Mapping[str, float] = field(default_factory=dict)

    @property
    def badge(self) -> status_badge.Badge:
        """The worst state at this station."""
        return status_badge.station(self.breached, self.at_risk, self.unknown, self.failed, self.here + self.running + self.paused)


_LINE = Markup(
    '<section class="flow {kind}" aria-label="{title}"><header>{bulb}<h3><a href="{href}">{title}</a></h3>'
    '<span class="sum">{open} open</span>{tallies}<span class="money">{money}</span></header><ol class="stations">{stations}</ol></section>'
)
_TILE = Markup(
    '<li class="station {kind}"><a href="{href}" title="{hint}">{bulb}<span class="name">{title}</span><span class="system">{system}</span>'
    '<span class="here {size}"><b>{here}</b> <i>open</i></span><span class="tallies">{tallies}</span><span class="money">{money}</span></a></li>'
)
_AWAITED = Markup('<i class="awaited">due here:</i>{}')
_TALLY = Markup('<span class="tally {}" title="{}"><b aria-hidden="true">{}</b>{}<i> {}</i></span>')


LEGEND = Markup(
    '<p class="legend"><span><b>Large number:</b> open transactions that reached this milestone last</span>'
    "<span><b>Below it:</b> transactions due here that are {}</span><span><b>Next to the flow's name:</b> {}; one that is late at two stations counts at both</span></p>"
).format(
    Markup(" ").join(
        Markup('<span class="tally {}"><b aria-hidden="true">{}</b> {}</span>').format(mark.kind, mark.glyph, words)
        for mark, words in (
            (status_badge.RED, "breached"),
            (status_badge.FAILED, "failed"),
            (status_badge.AMBER, "at risk"),
            (status_badge.GREY, "unknown"),
        )
    ),
    ONCE,
)
"""Explains the numbers of a station and of a flow."""


def _tallies(breached: int, at_risk: int, unknown: int, failed: int, how: str = "") -> Markup:
    parts = [
        (breached, status_badge.RED, "breached", "the deadline has passed"),
        (failed, status_badge.FAILED, "failed", "the step was rejected or went wrong"),
        (at_risk, status_badge.AMBER, "at risk", "past its warning time"),
        (unknown, status_badge.GREY, "unknown", "cannot be evaluated: a source is silent or a fact is missing"),
    ]
    return Markup("").join(
        _TALLY.format(mark.kind, f"{hint}{how}", mark.glyph, count(number), word) for number, mark, word, hint in parts if number
    )


def line(title: str, stations: list[Station], worst: Mapping[str, int], value: Mapping[str, float]) -> Markup:
    """Return one flow. ``worst`` counts each transaction once (breached, at_risk, unknown); ``value`` is its money at risk by currency."""
    breached, at_risk, unknown = (worst.get(name, 0) for name in ("breached", "at_risk", "unknown"))
    failed = sum(station.failed for station in stations)
    sign = status_badge.station(breached, at_risk, unknown, failed, sum(station.here for station in stations))
    flow = stations[0].flow if stations else ""
    return _LINE.format(
        kind=sign.kind,
        title=title,
        href=links.to("transactions", flow=flow),
        bulb=status_badge.icon(sign),
        open=count(sum(s.here for s in stations)),
        tallies=_tallies(breached, at_risk, unknown, failed, f"; {ONCE}"),
        money=several(value) if value else "",
        stations=Markup("").join(_tile(station) for station in stations),
    )


def _tile(station: Station) -> Markup:
    troubled = station.breached + station.at_risk + station.unknown + station.failed
    hint = (
        f"{station.title}: {counted(station.here, 'open transaction')} reached it last. Due here: {station.running + station.paused} "
        f"on time, {station.at_risk} at risk, {station.breached} breached, {station.unknown} unknown; {station.failed} failed"
    )
    return _TILE.format(
        kind=station.badge.kind,
        href=links.to("transactions", flow=station.flow, awaited=station.stage)
        if troubled
        else links.to("transactions", flow=station.flow, stage=station.stage),
        hint=hint,
        bulb=status_badge.icon(station.badge),
        title=station.title,
        system=station.system,
        here=count(station.here),
        size="long" if station.here >= 1000 else "",
        tallies=_AWAITED.format(_tallies(station.breached, station.at_risk, station.unknown, station.failed)) if troubled else "",
        money=several(station.value, 2) if station.value else "",
    )
