"""A flow as a line of stations, as on the board above a production line. HTML; every stored word is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from dashboard.components import lamp, links
from dashboard.components.money import count, several


@dataclass(frozen=True)
class Station:
    """One milestone of a flow, with what stands there and what is awaited there. Counts are of transactions."""

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
    def lamp(self) -> lamp.Lamp:
        """The worst that holds here."""
        return lamp.station(self.breached, self.at_risk, self.unknown, self.failed, self.here + self.running + self.paused)


_LINE = Markup(
    '<section class="flow {kind}" aria-label="{title}"><header>{bulb}<h3><a href="{href}">{title}</a></h3>'
    '<span class="sum">{open} open</span>{badges}<span class="money">{money}</span></header><ol class="stations">{stations}</ol></section>'
)
_TILE = Markup(
    '<li class="station {kind}"><a href="{href}" title="{hint}">{bulb}<span class="name">{title}</span><span class="system">{system}</span>'
    '<span class="here"><b>{here}</b> <i>here</i></span><span class="badges">{badges}</span><span class="money">{money}</span></a></li>'
)
_BADGE = Markup('<span class="badge {}" title="{}"><b aria-hidden="true">{}</b>{}<i> {}</i></span>')


def _badges(breached: int, at_risk: int, unknown: int, failed: int) -> Markup:
    parts = [
        (breached, lamp.RED, "breached", "the deadline has passed"),
        (failed, lamp.FAILED, "failed", "the step was refused or went wrong"),
        (at_risk, lamp.AMBER, "at risk", "the warning time has passed"),
        (unknown, lamp.GREY, "unknown", "a source that the verdict needs is silent"),
    ]
    return Markup("").join(_BADGE.format(mark.kind, hint, mark.glyph, count(number), word) for number, mark, word, hint in parts if number)


def line(title: str, stations: list[Station], worst: Mapping[str, int], value: Mapping[str, float]) -> Markup:
    """Return one flow. ``worst`` counts each transaction once (breached, at_risk, unknown); ``value`` is its money at risk by currency."""
    breached, at_risk, unknown = (worst.get(name, 0) for name in ("breached", "at_risk", "unknown"))
    failed = sum(station.failed for station in stations)
    sign = lamp.station(breached, at_risk, unknown, failed, sum(station.here for station in stations))
    flow = stations[0].flow if stations else ""
    return _LINE.format(
        kind=sign.kind,
        title=title,
        href=links.to("transactions", flow=flow),
        bulb=lamp.bulb(sign),
        open=count(sum(s.here for s in stations)),
        badges=_badges(breached, at_risk, unknown, failed),
        money=several(value) if value else "",
        stations=Markup("").join(_tile(station) for station in stations),
    )


def _tile(station: Station) -> Markup:
    troubled = station.breached + station.at_risk + station.unknown + station.failed
    hint = f"{station.title}: {station.here} stand here, {station.running + troubled} are awaited here with a deadline"
    return _TILE.format(
        kind=station.lamp.kind,
        href=links.to("transactions", flow=station.flow, awaited=station.stage)
        if troubled
        else links.to("transactions", flow=station.flow, stage=station.stage),
        hint=hint,
        bulb=lamp.bulb(station.lamp),
        title=station.title,
        system=station.system,
        here=count(station.here),
        badges=_badges(station.breached, station.at_risk, station.unknown, station.failed),
        money=several(station.value, 2) if station.value else "",
    )
