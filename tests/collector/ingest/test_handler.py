"""What was validated is journalled, and what is wrong goes to quarantine: together where that keeps nobody waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from collector.ingest.authentication import Sender, Senders
from collector.ingest.content import Content
from collector.ingest.handler import PORTION_BYTES, Envelope, IngestHandler
from collector.otlp.admission import Admitted
from collector.otlp.records import BadRecords
from collector.rejection import ValidationError, unusable
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import SystemClock
from core.errors import Full
from core.signal import Lane, Receipt, Record, SignalKind

CATALOG = Catalog(sources={"crm": Source(source="crm", owner="sales", lane=Lane.CRITICAL, services=["crm"])})
SENDERS = Senders(CATALOG, token_required=False)
BAD_ID, BAD_TIME = ValidationError("otlp_bad_id", "no id"), ValidationError("otlp_bad_time", "no time")


class Accepted:
    """Takes records and notes what came together; ``room``: how many times there is room."""

    def __init__(self, room: int = 1000) -> None:
        self.together: list[Sequence[Record]] = []
        self._room = room

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        if len(self.together) == self._room:
            raise Full("no room", 7)
        self.together.append(records)
        return []


def handler(accepted: Accepted) -> IngestHandler:
    return IngestHandler(accepted, SystemClock())


def envelope(kind: str = "traces") -> Envelope:
    return Envelope(SENDERS.default, kind, "text/plain", "gzip", "192.0.2.1", SENDERS, {"ce-id": "1"})


def test_good_and_bad_records_of_a_request_are_journalled_together() -> None:
    accepted = Accepted()
    pieces = [
        Admitted(b"good", 3, [BadRecords(BAD_ID, b"bad", 2)], frozenset({"crm"})),
        Admitted(b"", 0, [BadRecords(BAD_ID, b"more", 1), BadRecords(BAD_TIME, b"late", 4)], frozenset({"crm"})),
    ]
    outcome = asyncio.run(handler(accepted).take_otlp(SignalKind.TRACES, pieces, envelope()))
    (records,) = accepted.together
    assert [(record.kind, record.source, record.lane, record.count, record.body) for record in records] == [
        (SignalKind.TRACES, "crm", Lane.CRITICAL, 3, b"good"),
        (SignalKind.QUARANTINE, "default", Lane.STANDARD, 2, b"bad"),
        (SignalKind.QUARANTINE, "default", Lane.STANDARD, 1, b"more"),
        (SignalKind.QUARANTINE, "default", Lane.STANDARD, 4, b"late"),
    ]
    details = [json.loads(record.detail) for record in records[1:]]
    assert {(each["content_type"], each["encoding"], each["peer"]) for each in details} == {("application/x-protobuf", "", "192.0.2.1")}
    assert outcome.rejected == 7
    assert outcome.message.startswith("3 of otlp_bad_id: no id; 4 of otlp_bad_time: no time (in quarantine: q_")
    assert all(each["quarantine_id"] in outcome.message for each in details)


def test_what_is_large_is_journalled_in_portions_in_order() -> None:
    accepted = Accepted()
    sizes = [PORTION_BYTES // 2, PORTION_BYTES // 2, 1, PORTION_BYTES + 1, 1]
    pieces = [Admitted(bytes(size), 1) for size in sizes]
    asyncio.run(handler(accepted).take_otlp(SignalKind.LOGS, pieces, envelope("logs")))
    assert [[len(record.body) for record in portion] for portion in accepted.together] == [sizes[:2], sizes[2:3], sizes[3:4], sizes[4:]]


def test_no_room_is_the_senders_to_know() -> None:
    with pytest.raises(Full) as caught:
        asyncio.run(handler(Accepted(room=0)).take_otlp(SignalKind.TRACES, [Admitted(b"good", 1)], envelope()))
    assert caught.value.retry_after_seconds == 7


def test_a_rejected_body_is_kept_as_it_was_sent() -> None:
    accepted = Accepted()
    with Content(b"packed") as content:
        kept = asyncio.run(handler(accepted).keep(unusable("bad_protobuf", "no request"), content, envelope()))
    ((record,),) = accepted.together
    detail = json.loads(record.detail)
    assert (record.body, detail["quarantine_id"], detail["reason"]) == (b"packed", kept, "bad_protobuf")
    assert (detail["content_type"], detail["encoding"], detail["headers"]) == ("text/plain", "gzip", {"ce-id": "1"})


@pytest.mark.parametrize(("origin", "source", "lane"), [("/crm", "crm", Lane.CRITICAL), ("/other", "default", Lane.STANDARD)])
def test_an_event_is_its_sources_where_no_token_says_whose_it_is(origin: str, source: str, lane: Lane) -> None:
    accepted = Accepted()
    event = json.dumps({"source": origin}).encode()
    asyncio.run(handler(accepted).take_event(event, envelope("event")))
    proven = Envelope(Sender("shop", Lane.BULK), "event", "", "", "", SENDERS)
    asyncio.run(handler(accepted).take_event(event, proven))
    assert [(record.source, record.lane, record.body) for (record,) in accepted.together] == [
        (source, lane, event),
        ("shop", Lane.BULK, event),
    ]


@pytest.mark.parametrize(
    ("body", "headers", "source"),
    [
        (b'{"specversion": "1.0", "id": "", "source": "/crm"}', {}, "crm"),
        (b'{"id": "1", "source": "/other"}', {}, "default"),
        (b'{"id": "1", "source": 7}', {}, "default"),
        (b'{"id": "1", "source": "/crm"', {}, "default"),
        (b"[" * 100_000, {}, "default"),
        (b"\xff", {"ce-source": "/crm"}, "crm"),
    ],
)
def test_an_unusable_event_is_its_sources_too_if_it_names_one(body: bytes, headers: dict[str, str], source: str) -> None:
    accepted = Accepted()
    asked = Envelope(SENDERS.default, "event", "application/cloudevents+json", "", "", SENDERS, headers)
    with Content(body) as content:
        asyncio.run(handler(accepted).keep(unusable("bad_event", "no id"), content, asked))
    _, part = handler(accepted).quarantine(unusable("bad_event", "no id").error, body, asked, "application/json")
    assert accepted.together[0][0].source == source
    assert part.source == (source if not headers else "default"), "one of a batch has no headers of its own"
    proven = Envelope(Sender("shop", Lane.BULK), "event", "", "", "", SENDERS)
    assert handler(accepted).quarantine(unusable("bad_event", "no id").error, body, proven, "")[1].source == "shop"


def test_what_is_packed_or_too_large_to_be_kept_whole_is_not_searched_for_its_source() -> None:
    accepted = Accepted()
    large = b'{"source": "/crm", "data": "' + b"x" * (1 << 20) + b'"}'
    for body, encoding in ((b'{"source": "/crm"}', "gzip"), (large, "")):
        with Content(body) as content:
            asked = Envelope(SENDERS.default, "event", "", encoding, "", SENDERS)
            asyncio.run(handler(accepted).keep(unusable("bad_event", "no id"), content, asked))
    assert [record.source for (record,) in accepted.together] == ["default", "default"]
