"""A flow as a line of stations, like the board above a production line. HTML; every stored text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from core.money import count, several
from core.plural import counted
from dashboard.components import links, status_badge
from dashboard.components.time_format import duration, unbroken
from dashboard.places import Counts, Line, Station

_LINE = Markup(
    '<section class="flow {kind}" aria-label="{title}"><header>{bulb}<h3><a href="{href}">{title}</a></h3>'
    '<span class="sum">{open} open</span>{tallies}<span class="money" title="{made_of}">{money}</span></header><ol class="stations">{stations}</ol></section>'
)
_TILE = Markup(
    '<li class="station {kind}"><a href="{href}" title="{hint}">{bulb}<span class="name">{title}</span><span class="system">{system}</span>'
    '<span class="here {size}"><b>{number}</b> <i>{unit}</i></span>{share}<span class="pace">{pace}</span><span class="tallies">{tallies}</span>'
    '<span class="money">{money}</span></a></li>'
)
_SHARE = Markup('<span class="share" role="img" aria-label="{words}">{parts}</span>')
_PART = Markup('<i class="{}" style="width:{:.1f}%"></i>')
_TALLY = Markup('<span class="tally {}" title="{}"><b aria-hidden="true">{}</b>{}<i> {}</i></span>')
_EARLIER = status_badge.Badge("dim", "«", "held up earlier", "", "")

LEGEND = Markup(
    '<p class="legend"><span><b>Large number:</b> open transactions waiting before the station, at the first those of the last hour</span>'
    "<span><b>Bar:</b> the share held up</span>"
    '<span>{}</span><span class="earlier">{} and counted there</span></p>'
).format(
    Markup(" ").join(
        Markup('<span class="tally {}"><b aria-hidden="true">{}</b> {}</span>').format(mark.kind, mark.glyph, words)
        for mark, words in (
            (status_badge.RED, "late"),
            (status_badge.FAILED, "failed"),
            (status_badge.AMBER, "at risk"),
            (status_badge.GREY, "unknown"),
        )
    ),
    Markup('<span class="tally {}"><b aria-hidden="true">{}</b> {}</span>').format(_EARLIER.kind, _EARLIER.glyph, _EARLIER.word),
)
"""Explains the numbers of a station and of a flow."""


def tallies(held: Counts, earlier: int = 0) -> Markup:
    """Return the counts that are not zero, each with its sign. Those that failed are told apart from those that are merely late."""
    parts = [
        (held.late - held.failed, status_badge.RED, "late", "a deadline has passed"),
        (held.failed, status_badge.FAILED, "failed", "the step was rejected or went wrong"),
        (held.at_risk, status_badge.AMBER, "at risk", "past its warning time"),
        (held.unknown, status_badge.GREY, "unknown", "cannot be evaluated: a source is silent or a fact is missing"),
        (earlier, _EARLIER, "held up earlier", "misses an SLA here because it stands before an earlier station"),
    ]
    return Markup("").join(_TALLY.format(mark.kind, hint, mark.glyph, count(number), word) for number, mark, word, hint in parts if number)


def badge(held: Counts, busy: int) -> status_badge.Badge:
    """Return the lamp of a station or a flow: that of the worst of what is held up there."""
    return status_badge.station(held.late, held.at_risk, held.unknown, busy)


def line(flow: Line, money: tuple[str, str], now: datetime) -> Markup:
    """Return one flow. ``money``: what it has at risk, and what that is made of; ``now``: aware."""
    lamp = badge(flow.held, flow.open)
    return _LINE.format(
        kind=lamp.kind,
        title=flow.title,
        href=links.to("transactions", flow=flow.flow, state="open", period="all"),
        bulb=status_badge.icon(lamp),
        open=count(flow.open),
        tallies=tallies(flow.held),
        money=money[0] if flow.held.value else "",
        made_of=money[1],
        stations=Markup("").join(_tile(station, now) for station in flow.stations),
    )


def _tile(station: Station, now: datetime) -> Markup:
    held, lamp = station.held, badge(station.held, station.waiting + station.per_hour)
    number, unit = (station.per_hour, "last hour") if station.first else (station.waiting, "waiting")
    if not station.first and held.transactions > station.waiting:
        number, unit = held.transactions, "held up"
    return _TILE.format(
        kind=lamp.kind,
        href=_behind(station),
        hint=_hint(station, now),
        bulb=status_badge.icon(lamp),
        title=station.title,
        system=station.system,
        number=count(number),
        unit=unit,
        size="long" if number >= 1000 else "",
        share=_share(held, station.waiting),
        pace=_pace(station, now),
        tallies=tallies(held, station.earlier),
        money=several(held.value, 2) if held.value else "",
    )


def _pace(station: Station, now: datetime) -> Markup:
    """Return how long the oldest waits and how many got through in the last hour; the first station's large number says that."""
    words = [] if station.first else [unbroken(_oldest(station, now)), f"{count(station.per_hour)}/h"]
    return Markup("").join(Markup("<span>{}</span>").format(each) for each in words if each)


def _oldest(station: Station, now: datetime) -> str:
    return f"oldest {duration((now - station.oldest_at).total_seconds())}" if station.oldest_at else ""


def _share(held: Counts, waiting: int) -> Markup:
    """Return a bar of the share of what waits that is late, at risk and unknown."""
    counts: Mapping[str, int] = {"bad": held.late, "warn": held.at_risk, "dim": held.unknown}
    whole = max(waiting, sum(counts.values()))
    parts = Markup("").join(_PART.format(kind, 100 * number / whole) for kind, number in counts.items() if number)
    return _SHARE.format(words=f"{held.late} late, {held.at_risk} at risk and {held.unknown} unknown of {whole}", parts=parts)


def _behind(station: Station) -> str:
    """Return where the transactions are listed that wait here, or are held up; if there are none, those that reached it last."""
    if station.waiting and station.waiting >= station.held.transactions:
        return links.to("transactions", flow=station.flow, state="open", stage=station.before, period="all")
    if station.held.transactions or station.earlier:
        return links.to("transactions", flow=station.flow, awaited=station.stage, period="all")
    return links.to("transactions", flow=station.flow, state="open", stage=station.stage, period="all")


def _hint(station: Station, now: datetime) -> str:
    held = station.held
    on_time = max(0, station.waiting - held.transactions)
    oldest = _oldest(station, now)
    return (
        f"{station.title}: {counted(station.waiting, 'open transaction')} waiting{f', the {oldest}' if oldest else ''}; {on_time} on time, "
        f"{held.late - held.failed} late, {held.failed} failed, {held.at_risk} at risk, {held.unknown} unknown; "
        f"{station.earlier} held up earlier; {station.per_hour} reached it in the last hour"
    )
