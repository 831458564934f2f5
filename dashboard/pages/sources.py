"""Sources: when each was last seen, how often and how much it sends, what failed, and what could not be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.definition import readable
from core.catalog.flow import HEARTBEAT_EVENT, is_named
from core.catalog.review import listed
from core.clock_skew import WINDOW_HOURS, labelled_wrongly, varies
from core.clock_skew import told as told_of
from core.duration import parse_duration
from core.money import count
from core.plural import counted
from dashboard import definitions
from dashboard.components import error_share, export, facts, links, notices, queues, resubmissions, source_filters, status_badge, table
from dashboard.components.first_event import first_event
from dashboard.components.spark import spark
from dashboard.components.time_format import aware, duration, utc
from dashboard.components.troubles import troubles_of
from dashboard.page import Context
from store.reads import interfaces
from store.reads import origins as reads
from store.reads import queues as stored_queues
from store.reads import source_troubles as stored_troubles

_HOURS = 24
_QUARANTINED = 100
_UNUSED = 20
_BADGES = {
    "receiving": status_badge.GREEN,
    "partly unusable": status_badge.AMBER,
    "cannot be read": status_badge.RED,
    "silent": status_badge.GREY,
    "paused": status_badge.PAUSED,
}


class Sources:
    """Freshness, volume and quarantine."""

    name = "sources"
    title = "Sources"
    icon = ":material/sensors:"
    order = 60
    url_path = "sources"

    def render(self, context: Context) -> None:
        """Draw the page."""
        hour = context.now.replace(minute=0, second=0, microsecond=0)
        seen = context.data.read(reads.last_seen)
        volumes = context.data.read(reads.volumes, since=hour - timedelta(hours=_HOURS - 1))
        reasons = context.data.read(reads.quarantine_reasons, since=hour - timedelta(days=7))
        expected = context.data.read(reads.expected)
        pauses = {str(row["source"]): row for row in context.data.read(reads.pauses).to_dict("records")}
        unused = _all_unused(context, hour - timedelta(hours=_HOURS - 1))
        told = context.data.read(interfaces.arrivals, slow=True, since=hour - timedelta(hours=_HOURS - 1))
        others = {*(seen["source"] if not seen.empty else ()), *pauses} - set(context.catalog.sources)
        names = [*context.catalog.sources, *sorted(others)]
        shown: set[str] | None = None
        if not names:
            notices.empty(
                "No source yet", "A source appears when it is in the catalog or when it sends its first signal:", first_event(context)
            )
        else:
            silent = set(expected.loc[expected["silent_since"].notna(), "source"]) if len(expected) else set()
            rows = [_row(context, name, seen, volumes, reasons, hour, silent=name in silent) for name in names]
            skews = context.data.read(reads.clock_skew, slow=True, since=hour - timedelta(hours=WINDOW_HOURS - 1))
            clocks = {str(row["source"]): row for row in skews.to_dict("records")}
            troubles = troubles_of(context, hour - timedelta(hours=_HOURS - 1))
            judged = [{**_judged(row, unused, clocks.get(row["name"])), **_failures(told, row["name"])} for row in rows]
            rows = [troubles.added(context, row) for row in judged]
            rows = [_paused(context, row, pauses[row["name"]]) if row["name"] in pauses else row for row in rows]
            _notices(rows)
            own = source_filters.chosen(context.catalog, rows)
            shown = {str(row["name"]) for row in own} if len(own) < len(rows) else None
            _show(context, own, len(rows))
        standing = context.data.read(stored_queues.latest, slow=True, since=hour - timedelta(hours=_HOURS - 1))
        untold = context.data.read(stored_troubles.untold, slow=True, since=hour - timedelta(hours=_HOURS - 1))
        queues.show(context, standing, untold, hour, shown)
        _unused([row for row in unused if shown is None or row["source"] in shown])
        _quarantine(context, reasons, shown)


def _row(
    context: Context, name: str, seen: pd.DataFrame, volumes: pd.DataFrame, reasons: pd.DataFrame, hour: datetime, *, silent: bool
) -> dict[str, Any]:
    known = context.catalog.sources.get(name)
    last = aware(seen.loc[seen["source"] == name, "last_seen"].max()) if not seen.empty else None
    own = volumes[(volumes["source"] == name) & (volumes["kind"] != "quarantine")] if not volumes.empty else volumes
    hours = [hour - timedelta(hours=_HOURS - 1 - number) for number in range(_HOURS)]
    by_hour = own.groupby("hour")["signals"].sum() if len(own) else pd.Series(dtype="int64")
    counted = {aware(moment): int(signals) for moment, signals in by_hour.items()}
    every = _every(known.expect.every) if known and known.expect else "–"
    age = (context.now - last).total_seconds() if last else None
    return {
        "name": name, "title": (known.title if known else "") or readable(name), "system": known.system if known else "",
        "owner": known.owner if known else "", "lane": str(known.lane) if known else "", "last": last, "age": age, "every": every,
        "state": "silent" if silent else "receiving" if last else "never",
        "series": [(moment, counted.get(moment, 0)) for moment in hours], "total": sum(counted.values()),
        "kinds": own.groupby("kind")["signals"].sum().to_dict() if len(own) else {},
        "quarantined": int(reasons.loc[reasons["source"] == name, "records"].sum()) if not reasons.empty else 0,
        "refused": _refused(reasons, name, hour - timedelta(hours=_HOURS - 1)),
    }  # fmt: skip


def _failures(told: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return how many of a source's milestone events say that a step failed, and which share of them."""
    own = told[told["source"] == name] if not told.empty else told
    signals, failures = (int(own[column].sum()) if len(own) else 0 for column in ("signals", "failures"))
    return {"failures": failures, "failure_share": failures / signals if signals else None}


def _rhythm(row: dict[str, Any]) -> str:
    """Return how often a source sends on average, over the hours since its first signal of the day."""
    active = [number for number, (_, signals) in enumerate(row["series"]) if signals]
    if not active:
        return "–"
    seconds = (_HOURS - active[0]) * 3600 / row["total"]
    return duration(seconds) if seconds >= 1 else "< 1 s"


def _refused(reasons: pd.DataFrame, name: str, since: datetime) -> list[str]:
    """Return why input from a source was quarantined since then."""
    own = reasons[reasons["source"] == name].to_dict("records") if not reasons.empty else []
    return [str(row["reason"]) for row in own if (last := aware(row["last_at"])) is not None and last >= since]


def _judged(row: dict[str, Any], unused: list[dict[str, Any]], clock: Mapping[Any, Any] | None = None) -> dict[str, Any]:
    """Add why a source's badge is not green although the source is sending: what it sends is unusable, or partly so.

    ``clock``: its row of ``store.reads.origins.clock_skew``.
    """
    sums: dict[str, int] = {}
    for each in unused:
        if each["source"] == row["name"]:
            sums[each["short"]] = sums.get(each["short"], 0) + int(each["signals"])
    why = [f"{count(signals)} {short}" for short, signals in sums.items()]
    why += [f"quarantined ({', '.join(dict.fromkeys(row['refused']))})"] if row["refused"] else []
    hours = labelled_wrongly(clock["skew_seconds"], clock["spread_seconds"], clock["signals"]) if clock else 0.0
    why += [told_of(hours)] if hours else []
    row = {
        **row,
        "skew": clock["skew_seconds"] if clock else None,
        "spread": clock["spread_seconds"] if clock else None,
        "labelled_wrongly": bool(hours),
    }
    return {**row, "why": " · ".join(why), "state": row["state"] if row["state"] == "silent" or not why else "partly unusable"}


def _paused(context: Context, row: dict[str, Any], pause: dict[Any, Any]) -> dict[str, Any]:
    """Return the row of a source that is paused: by whom, since when and why."""
    since = context.zone.show(pause["since"])
    return {**row, "state": "paused", "stands": f"Paused by {pause['by']} since {since}: {pause['reason']}"}


def _every(text: str) -> str:
    """Return how often a source is expected; working time is shown as written, because a working day is not 24 hours."""
    every = parse_duration(text)
    return text.strip() if every.working else duration(every.milliseconds / 1000)


_SHEET = {
    "name": "source",
    "system": "system",
    "last": "last_seen",
    "every": "expected_every",
    "skew": "clock_skew_seconds",
    "spread": "clock_skew_spread_seconds",
    "total": "signals_24h",
    "failures": "failures_24h",
    "state": "state",
    "lane": "lane",
}
"""The columns of the exported list, by what a row calls them."""


_NO_KEY = "It carries none of the flow's keys. Correct the key paths of the milestone, or the sender."
_TEXT = (
    "The last one holds text or bytes, not JSON: a path such as data.order finds nothing in it. Give the source the format of its messages"
    " (format: csv, fixed_width, xml …), or let the sender send JSON."
)
_NOTICE = Markup(
    '<div class="andon-notice dim"><div class="glyph">{}</div><div><div class="headline">{}</div><div class="words">{}</div></div></div>'
)
_NOTICES = (
    (
        "cannot be read",
        "Cannot be read",
        "Andon goes on trying, and reads on from where it was; the reason is beside the source.",
    ),
    (
        "silent",
        "Silent for longer than expected",
        "SLAs that depend on them become unknown at their warning time, until the sources send again.",
    ),
    (
        "paused",
        "Paused",
        "What they send waits where it is, and SLAs that depend on them become unknown. To go on: andon source resume NAME",
    ),
)


def _notices(rows: Sequence[Mapping[str, Any]]) -> None:
    for state, headline, words in _NOTICES:
        if named := ", ".join(row["title"] for row in rows if row["state"] == state):
            st.html(_NOTICE.format(_BADGES[state].glyph, f"{headline}: {named}", words))


def _show(context: Context, rows: Sequence[Mapping[str, Any]], of: int) -> None:
    """Draw the sources ``rows``, which are some of ``of``."""
    if not rows:
        notices.empty("Nothing matches", "No source matches all of these. Clear a filter.")
        return
    columns = [
        table.Column(
            "",
            lambda row: status_badge.icon(
                _BADGES.get(row["state"], status_badge.IDLE), "small", f"{row['state']}: {row['why']}" if row["why"] else row["state"]
            ),
            "mark",
        ),
        table.Column("Source", _named, "key wrap"),
        table.Column("System", lambda row: row["system"], "spare"),
        table.Column(
            "Last seen",
            lambda row: Markup('<span title="{}">{}</span>').format(
                utc(row["last"]), f"{duration(row['age'])} ago" if row["last"] else "never"
            ),
        ),
        table.Column("Expected every", lambda row: row["every"], "soft"),
        table.Column("Sends every", _rhythm),
        table.Column("Clock skew", _skew, "soft"),
        table.Column("Last 24 hours", lambda row: spark(context.zone, row["series"])),
        table.Column("Signals", lambda row: count(row["total"]), "number"),
        table.Column("By kind", _kinds, "soft spare"),
        table.Column("Errors", lambda row: error_share.cell(row["failures"], row["failure_share"]), "number"),
        table.Column(
            "Quarantined",
            lambda row: table.link(links.to("sources", source=row["name"]), count(row["quarantined"])) if row["quarantined"] else "",
            "number",
        ),
        table.Column("Lane", lambda row: row["lane"], "soft spare"),
        table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]) if row["owner"] else "", "soft"),
    ]
    table.show(columns, rows, "Sources", phone="cards")
    sheet = pd.DataFrame([{**{told: row[name] for name, told in _SHEET.items()}, "quarantined_7d": row["quarantined"]} for row in rows])
    note = (
        "Expected every: within the source's calendar. Sends every: on average. Clock skew: from the time a signal says to its receipt, the"
        " median of the last hundred; ahead: the time it says is in the future; varies: they waited, came in batches or are a history. Errors: the share of its milestone events that say that a"
        f" step failed; {error_share.TOLD}. All of the last 24 hours, quarantined: of the last 7 days."
    )
    export.offer(context, sheet, "sources", f"Showing {len(rows)} of {of}. {note}" if len(rows) < of else note)


def _named(row: dict[str, Any]) -> Markup:
    told = row.get("stands") or (f"Last 24 hours: {row['why']}" if row["why"] else "")
    why = Markup('<br><small class="why">{}</small>').format(told) if told else ""
    return Markup("{}<br><small>{}</small>{}").format(
        table.link(links.to("interfaces", source=row["name"]), row["title"]), row["name"], why
    )


def _skew(row: dict[str, Any]) -> Markup | str:
    if row["skew"] is None:
        return "–"
    if varies(row["skew"], row["spread"]):
        return Markup('<span title="{}">varies</span>').format(
            f"Half of the last signals came within {duration(row['skew'])}; they differ by {duration(row['spread'])}"
        )
    skew = duration(round(row["skew"]))
    text = skew if row["skew"] >= 0 else f"{skew} ahead"
    return Markup('<span class="pill warn">{}</span>').format(text) if row["labelled_wrongly"] else text


def _kinds(row: dict[str, Any]) -> Markup:
    return Markup("<br>").join(counted(number, kind.removesuffix("s")) for kind, number in row["kinds"].items())


def _all_unused(context: Context, since: datetime) -> list[dict[str, Any]]:
    """Return what was received but not used, in full or in part, although it was meant to be."""
    return [*_unread(context, since), *_keyless(context, since), *_not_numbers(context, since)]


def _unused(rows: list[dict[str, Any]]) -> None:
    """Say what it was and what to do about it."""
    if rows:
        st.subheader("Received but not used, or used only in part (24 hours)", anchor=False)
        columns = [
            table.Column("What", lambda row: row["what"], "key wrap"),
            table.Column("Source", lambda row: row["source"]),
            table.Column("Signals", lambda row: count(row["signals"]), "number"),
            table.Column("What to do", lambda row: row["to_do"], "wide"),
        ]
        table.show(columns, rows[:_UNUSED], "Received but not used", phone="cards")
        if len(rows) > _UNUSED:
            st.caption(f"Showing {_UNUSED} of {len(rows)}.")


def _unread(context: Context, since: datetime) -> list[dict[str, Any]]:
    milestones = [milestone for flow in context.catalog.flows.values() for milestone in flow.milestones.values()]
    wanted = [name for milestone in milestones for name in listed(milestone.match.event)]
    return [
        {
            "what": f"Events of type {row['type']}", "short": "not used by any flow", "source": row["source"], "signals": row["events"],
            "to_do": "No flow uses this type. Add it to a milestone's match, or correct the sender.",
        }
        for row in context.data.read(reads.event_types, since=since).to_dict("records")
        if row["type"] != HEARTBEAT_EVENT and not is_named(row["type"], wanted)
    ]  # fmt: skip


def _keyless(context: Context, since: datetime) -> list[dict[str, Any]]:
    catalog = context.catalog
    found = context.data.read(reads.keyless, since=since).to_dict("records")
    examples = tuple(sorted({str(row["example"]) for row in found if row["example"]}))
    texts = set(context.data.read(reads.texts, ids=examples).get("signal_id", ())) if examples else set()
    return [
        {
            "what": f"{definitions.stage_title(catalog, row['flow'], row['milestone'])} of {definitions.flow_title(catalog, row['flow'])}",
            "short": "without a key", "source": row["source"], "signals": row["signals"],
            "to_do": _TEXT if row["example"] in texts else _NO_KEY,
        }
        for row in found
    ]  # fmt: skip


def _not_numbers(context: Context, since: datetime) -> list[dict[str, Any]]:
    catalog = context.catalog
    meant = tuple((flow, name) for flow, known in catalog.flows.items() for name, fact in known.facts.items() if fact.type in facts.NUMBERS)
    if not meant:
        return []
    return [
        {
            "what": f"{definitions.fact_title(catalog.flows[row['flow']], row['fact'])} of {definitions.flow_title(catalog, row['flow'])}: '{row['example'][:60]}' is not a number",
            "short": "with a fact that is not a number", "source": row["source"], "signals": row["signals"],
            "to_do": "Wherever it is used as money, it counts as 0. Correct the fact's path in the milestone, or the sender.",
        }
        for row in context.data.read(reads.not_numbers, slow=True, since=since, facts=meant).to_dict("records")
    ]  # fmt: skip


def _quarantine(context: Context, reasons: pd.DataFrame, shown: set[str] | None) -> None:
    """Draw what was quarantined; of the sources ``shown`` alone, if they are not all."""
    st.subheader("Quarantine", anchor=False)
    if reasons.empty or (shown is not None and shown.isdisjoint(reasons["source"])):
        whose = "received" if shown is None else "received from these sources"
        notices.good("Nothing in quarantine", f"Everything {whose} in the last 7 days could be used.")
        return
    sources = None if shown is None else tuple(sorted(shown))
    rows = context.data.read(reads.quarantined, sources=sources, limit=_QUARANTINED)
    columns = [
        table.Column("Received", lambda row: table.time(context.zone, row["received_at"], seconds=True)),
        table.Column("Source", lambda row: row["source"], "key"),
        table.Column("Reason", lambda row: Markup('<span class="pill bad">{}</span>').format(row["reason"])),
        table.Column("What was wrong", lambda row: row["message"], "wide"),
        table.Column("Kind", lambda row: row["kind"], "soft"),
        table.Column("Bytes", lambda row: count(row["size"]), "number soft"),
        table.Column("Starts with", lambda row: Markup("<code>{}</code>").format(row["beginning"][:160]), "wide"),
        table.Column("Id", lambda row: row["quarantine_id"], "soft"),
    ]
    table.show(columns, rows.to_dict("records"), "Quarantine", phone="cards")
    resubmissions.of_quarantine(context, rows.to_dict("records"))
    note = f"Showing the latest {_QUARANTINED}. For all: andon quarantine list" if len(rows) == _QUARANTINED else ""
    export.offer(context, rows.drop(columns=["beginning"], errors="ignore"), "quarantine", note)
    st.markdown("The raw bytes are kept. Fix the cause (the catalog or the sender), then replay them:")
    st.code(
        "andon quarantine show ID      # everything known about one input\n"
        "andon quarantine replay ID    # sends it to the collector again; nothing is stored twice\n"
        "andon resubmit ID             # as Resubmit… above: publishes it, or an edited copy, where the source's resubmit: says",
        language=None,
    )


PAGE = Sources()
