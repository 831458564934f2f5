"""Events travel in the highest of their source's lane and the lanes of the flows that name their type."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.receiver import ReceiverContext
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.source import Source
from core.errors import Permanent
from core.signal import Lane, Record, SignalKind
from tests.collector.conftest import Running, running
from tests.collector.http.test_events import BATCH, ONE, event
from tests.collector.http.test_webhooks import BODY, standard
from tests.collector.requests import PROTOBUF, spans
from tests.waiting import wait_until


def flow(name: str, lane: str | None, *matches: dict[str, Any]) -> Flow:
    milestones = {f"m{number}": {"system": "S", "match": match, "keys": {"k": "data.k"}} for number, match in enumerate(matches)}
    lanes = {"lane": lane} if lane else {}
    return Flow.model_validate(
        {"flow": name, "title": name, "owner": "o", "keys": {"k": {}}, "milestones": milestones, "ends": ["m0"], **lanes}
    )


def with_flows(catalog: Catalog, *flows: Flow) -> Catalog:
    return Catalog(sources=catalog.sources, flows={each.flow: each for each in flows})


FLOWS = [
    flow("urgent", "critical", {"event": "a.urgent"}, {"event": ["a.listed", "a.prefix.*"]}, {"span": "POST /orders"}),
    flow("slow", "bulk", {"event": "a.slow"}, {"event": "a.listed"}),
    flow("plain", "standard", {"event": "a.plain"}, {"event": "a.slow"}),
    flow("silent", None, {"event": "a.silent"}),
]


def types(collector: Running, lane: Lane) -> list[str]:
    return [json.loads(record.body)["type"] for record in collector.records(lane) if record.kind is SignalKind.EVENT]


def test_the_highest_lane_counts(start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str]) -> None:
    collector = start(with_flows(catalog, *FLOWS))
    for kind in ("a.urgent", "a.listed", "a.prefix.x", "a.slow", "a.plain", "a.silent", "a.unknown"):
        assert collector.post("/v1/events", json.dumps(event(type=kind)).encode(), ONE).status_code == 200
    assert types(collector, Lane.CRITICAL) == ["a.urgent", "a.listed"]
    assert types(collector, Lane.STANDARD) == ["a.prefix.x", "a.slow", "a.plain", "a.silent", "a.unknown"]
    assert types(collector, Lane.BULK) == []
    crm = {"authorization": f"Bearer {secrets['TOKEN_CRM']}"}
    assert collector.post("/v1/events", json.dumps(event(type="a.slow")).encode(), ONE, **crm).status_code == 200
    assert types(collector, Lane.CRITICAL)[-1] == "a.slow"
    assert (collector.balance(Lane.CRITICAL), collector.balance(Lane.STANDARD)) == ((3, 3, 0), (5, 5, 0))


def test_webhooks_are_raised_and_otlp_is_not(start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str]) -> None:
    collector = start(with_flows(catalog, flow("paid", "critical", {"event": "shop.order.paid"}, {"span": "POST /orders"})))
    assert collector.post("/v1/webhooks/shop", BODY, "application/json", **standard(secrets["HOOK"], "m1", BODY)).status_code == 200
    assert collector.post("/v1/traces", spans(count=1).SerializeToString(), PROTOBUF).status_code == 200
    assert types(collector, Lane.CRITICAL) == ["shop.order.paid"]
    assert [record.kind for record in collector.records()] == [SignalKind.TRACES]


def test_a_batch_is_spread_over_the_lanes_and_answered_as_one(start: Callable[..., Running], catalog: Catalog) -> None:
    collector = start(with_flows(catalog, *FLOWS))
    batch = [event(id="1", type="a.urgent"), event(id="2", type="a.plain"), event(id="3", type=None), event(id="4", type="a.urgent")]
    answer = collector.post("/v1/events", gzip.compress(json.dumps(batch).encode()), BATCH, content_encoding="gzip")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 3)
    assert [json.loads(record.body)["id"] for record in collector.records(Lane.CRITICAL)] == ["1", "4"]
    assert [record.kind for record in collector.records()] == [SignalKind.EVENT, SignalKind.QUARANTINE]


def test_a_batch_for_a_full_lane_is_refused_as_a_whole(start: Callable[..., Running], catalog: Catalog) -> None:
    collector = start(with_flows(catalog, *FLOWS), journal_max_bytes=64 << 20, segment_max_bytes=64 << 20)
    large = json.dumps(event(type="a.plain", data="x" * (3 << 20))).encode()
    while (answer := collector.post("/v1/events", large, ONE)).status_code == 200:
        pass
    assert answer.status_code == 503
    batch = [event(type="a.urgent"), event(type="a.plain", data="x" * (3 << 20))]
    assert collector.post("/v1/events", json.dumps(batch).encode(), BATCH).status_code == 503
    assert collector.records(Lane.CRITICAL) == []
    assert collector.post("/v1/events", json.dumps(batch[:1]).encode(), BATCH).status_code == 200


class Once:
    """A receiver that hands over one event and ends."""

    name = "once"

    def validate(self, settings: dict[str, Any]) -> None:
        pass

    async def run(self, context: ReceiverContext) -> None:
        source = context.source
        body = json.dumps(event(type="a.urgent")).encode()
        await context.intake.accept([Record(SignalKind.EVENT, source.source, source.lane, 1_774_000_000_000, 1, body)])
        raise Permanent("done")


def test_pull_receivers_and_a_reload(tmp_path: Path) -> None:
    sources = {name: Source(source=name, owner="it", lane=Lane.BULK, receiver={"type": "once"}) for name in ("first", "second")}
    with running(tmp_path, Catalog(sources={"first": sources["first"]}), {"once": Once()}) as collector:
        wait_until(lambda: types(collector, Lane.BULK) == ["a.urgent"], 10, "the event is in its lane")
        assert collector.post("/v1/events", json.dumps(event(type="a.urgent")).encode(), ONE).status_code == 200
        assert types(collector, Lane.STANDARD) == ["a.urgent"]
        collector.loop.call_soon_threadsafe(collector.engine.reload, Catalog(sources=sources, flows={"urgent": FLOWS[0]}))
        wait_until(lambda: types(collector, Lane.CRITICAL) == ["a.urgent"], 10, "the event is in its lane")
        assert collector.records(Lane.CRITICAL)[0].source == "second"
        assert collector.post("/v1/events", json.dumps(event(type="a.urgent")).encode(), ONE).status_code == 200
        assert types(collector, Lane.CRITICAL) == ["a.urgent"] * 2


@pytest.mark.parametrize("lane", ["urgent", "CRITICAL", ""])
def test_there_are_three_lanes(lane: str) -> None:
    with pytest.raises(ValueError, match="lane"):
        flow("f", lane or "none", {"event": "a"})
