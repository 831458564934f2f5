"""Compares the ledger with what people see: rows as the read endpoint gives them, counts as the pages count, messages as they arrived."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from store.reads import board, detail, search
from tests.e2e.sinks import Sink
from tests.faults.ledger import ORIGINS, Ledger, cause_of
from tests.product import Product

PAGES = 25
"""Of so many transactions the pages are looked at."""
READABLE = 50


@dataclass(frozen=True)
class Page:
    """What the search and a transaction's page show of one order: transactions found, and the signals of those."""

    found: int
    milestones: tuple[str, ...]
    events: tuple[str, ...]
    spans: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """Rows, so that whatever is there twice is in a list twice.

    ``events``: their ids; ``spans``: their traces; ``orders``: the reference of each transaction; ``board``: open transactions as the board
    counts them; ``milestones``: order and milestone of each milestone event; ``incidents``: their causes; ``messages``: cause, reason and
    id of what the receiver got.
    """

    events: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    board: int = 0
    milestones: tuple[tuple[str, str], ...] = ()
    pages: tuple[tuple[str, Page], ...] = ()
    incidents: tuple[str, ...] = ()
    messages: tuple[tuple[str, str, str], ...] = ()


def look_at_signals(product: Product) -> Seen:
    """Read only what was sent, whatever flows the catalog makes of it."""
    return Seen(
        events=tuple(row[0] for row in product.query(f"SELECT id FROM events FINAL WHERE event_source IN {ORIGINS}")),
        spans=tuple(row[0] for row in product.query("SELECT trace_id FROM spans FINAL WHERE name = 'order.receive'")),
    )


def look(product: Product, sink: Sink | None = None) -> Seen:
    """Read all of it; nothing should move meanwhile."""
    transactions = "FROM transactions FINAL WHERE flow = 'orders' AND state != 'merged'"
    orders = [row[0] for row in product.query(f"SELECT reference {transactions} ORDER BY cityHash64(reference)")]
    named = f"SELECT transaction_id, reference {transactions}"
    milestones = product.query(
        f"SELECT reference, milestone FROM transaction_events AS e FINAL INNER JOIN ({named}) AS t USING transaction_id"
        " WHERE flow = 'orders' AND active"
    )
    shown = board.board(product.reader, now=datetime.now(UTC), limit=1)
    pages = [(order, _page(product.reader, order)) for order in orders[:PAGES]]
    return replace(
        look_at_signals(product),
        orders=tuple(orders),
        board=sum(row["transactions"] for row in shown.waiting.to_dict("records") if row["flow"] == "orders"),
        milestones=tuple((order, milestone) for order, milestone in milestones),
        pages=tuple(pages),
        incidents=tuple(row[0] for row in product.query("SELECT cause FROM incidents FINAL")),
        messages=tuple((each["cause"], each["reason"], each["delivery_id"]) for each in (sink.messages if sink else ())),
    )


def _page(client: Any, order: str) -> Page:
    found = search.find(client, value=order)
    found = found[(found["flow"] == "orders") & (found["key_value"] == order)]
    milestones, events, spans = [], [], []
    for id_ in found["transaction_id"]:
        history = detail.milestones(client, flow="orders", transaction_id=id_)
        milestones += list(history["milestone"])
        heard = tuple(history.loc[history["signal"] == "event", "signal_id"])
        events += [json.loads(data)["order"] for data in detail.events(client, trace_ids=(), signal_ids=heard)["data"]] if heard else []
        traces = tuple(trace for trace in history.loc[history["signal"] == "span", "trace_id"])
        spans += list(detail.spans(client, trace_ids=traces)["trace_id"]) if traces else []
    return Page(len(found), tuple(milestones), tuple(events), tuple(spans))


def faults(ledger: Ledger, seen: Seen, restarts: int = 0) -> list[str]:
    """Return what is lost, invented or there twice, a sentence each, not more than can be read; empty when all is well.

    What was sent and not acknowledged may be there, once. A message may have arrived again, with its id, as often as the engine was
    started again.
    """
    return [
        *signal_faults(ledger, seen),
        *_transactions(ledger, seen),
        *_milestones(ledger, seen),
        *_pages(ledger, seen),
        *_incidents(ledger, seen, restarts),
    ][:READABLE]


def signal_faults(ledger: Ledger, seen: Seen) -> list[str]:
    """Return what is lost, invented or there twice of the signals alone."""
    events = _signals("event", Counter(seen.events), ledger, "events")
    return [*events, *_signals("span", Counter(seen.spans), ledger, "spans")][:READABLE]


def _signals(what: str, there: Counter[str], ledger: Ledger, kind: str) -> list[str]:
    lost = [f"{what} lost: {key}" for key in sorted(ledger.acknowledged(kind) - there.keys())]
    invented = [f"{what} invented: {key}" for key in sorted(there.keys() - ledger.sent(kind))]
    return [*lost, *invented, *(f"{what} {count} times: {key}" for key, count in there.items() if count > 1)]


def _transactions(ledger: Ledger, seen: Seen) -> list[str]:
    there, acknowledged, sent = Counter(seen.orders), ledger.milestones(), ledger.milestones(sent=True)
    found = [f"order without a transaction: {order}" for order in sorted(acknowledged.keys() - there.keys())]
    found += [f"transaction invented: {order}" for order in sorted(there.keys() - sent.keys())]
    found += [f"order with {count} transactions: {order}" for order, count in there.items() if count > 1]
    if seen.board != len(there):
        found.append(f"the board counts {seen.board} open transactions, and there are {len(there)} orders")
    return found


def _milestones(ledger: Ledger, seen: Seen) -> list[str]:
    there, acknowledged, sent = Counter(seen.milestones), ledger.milestones(), ledger.milestones(sent=True)
    found = []
    for order in sorted(sent.keys() | {order for order, _ in there}):
        for milestone in ("captured", "received", "rejected"):
            count, least, most = (
                there[order, milestone],
                acknowledged.get(order, Counter())[milestone],
                sent.get(order, Counter())[milestone],
            )
            if not least <= count <= most:
                found.append(f"milestone {milestone} {count} times, not {least}: {order}")
    return found


def _pages(ledger: Ledger, seen: Seen) -> list[str]:
    """Compare pages with the ledger and with each other: what the history names is shown once, and all of it."""
    acknowledged, sent = ledger.milestones(), ledger.milestones(sent=True)
    found = []
    for order, page in seen.pages:
        if page.found != 1:
            found.append(f"the search finds {page.found} transactions: {order}")
        shown, least, most = Counter(page.milestones), acknowledged.get(order, Counter()), sent.get(order, Counter())
        if not least <= shown <= most:
            found.append(f"the page shows {dict(shown)}, not {dict(least)}: {order}")
        if list(page.events) != [order] * (shown["captured"] + shown["rejected"]):
            found.append(f"the page shows the events {page.events}: {order}")
        if len(page.spans) != shown["received"] or any(ledger.orders.get(trace) != order for trace in page.spans):
            found.append(f"the page shows {len(page.spans)} spans, not {shown['received']}: {order}")
    return found


def _incidents(ledger: Ledger, seen: Seen, restarts: int) -> list[str]:
    """Each rejected order is an incident of its own, told once: as opened, or as worsened where it got worse before that was sent."""
    there = Counter(seen.incidents)
    told: dict[tuple[str, str], set[str]] = {}
    for cause, reason, id_ in seen.messages:
        told.setdefault((cause, reason), set()).add(id_)
    found = []
    for cause in map(cause_of, sorted(ledger.acknowledged("rejections"))):
        if there[cause] != 1:
            found.append(f"{there[cause]} incidents: {cause}")
        if not any((cause, reason) in told for reason in ("opened", "worsened")):
            found.append(f"nobody was told: {cause}")
        found += [
            f"told {len(ids)} times that it is {reason}: {cause}"
            for (about, reason), ids in told.items()
            if about == cause and len(ids) > 1
        ]
        found += [f"told that it is {reason}: {cause}" for about, reason in told if about == cause and reason not in {"opened", "worsened"}]
    known = {cause_of(order) for order in ledger.sent("rejections")} | {"overdue"}
    found += [f"incident invented: {cause}" for cause in sorted((there.keys() | {cause for cause, _ in told}) - known)]
    again = Counter(id_ for _, _, id_ in seen.messages)
    return [*found, *(f"a message {count} times: {id_}" for id_, count in again.items() if count > 1 + restarts)]
