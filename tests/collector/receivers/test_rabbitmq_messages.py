"""Any message of a queue becomes records: none raises, which would hold up the queue for good."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cloud_events import BATCH, STRUCTURED
from collector.message import records_of
from collector.receiver import ReceiverContext
from collector.receivers.rabbitmq import RabbitmqSettings, message_of
from core.signal import Record, SignalKind
from tests.collector.receivers.driving import TestIntake, context_of

SETTINGS = {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": "orders", "event_type": "{routing_key}.{headers.kind}"}
WORDS = ("message_id", "type", "routing_key", "exchange", "correlation_id")
TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.binary(max_size=20) | TEXTS | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["cloudEvents:specversion", "cloudEvents_time", "cloudEvents:id", "traceparent", "kind"]) | TEXTS
JSON_BODIES = st.recursive(st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)).map(json.dumps)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ReceiverContext:
    return context_of(SETTINGS, TestIntake(), tmp_path_factory.mktemp("state"))


def records(context: ReceiverContext, **of_message: Any) -> list[Record]:
    given = dict.fromkeys((*WORDS, "content_type", "content_encoding", "timestamp")) | {"body": b"{}", "headers": {}} | of_message
    settings = RabbitmqSettings(**SETTINGS)
    given |= {name: given[name] or "" for name in ("exchange", "routing_key")}  # which every delivery has
    said = SimpleNamespace(**given, unreadable="")
    message = message_of(said, said, given["body"], settings.queue)  # type: ignore[arg-type] # what it reads of one
    return list(records_of([message], context, settings))


@given(
    body=st.binary(max_size=50) | JSON_BODIES.map(str.encode),
    content_type=st.none() | TEXTS | st.sampled_from([BATCH, STRUCTURED, "application/json", "text/plain"]),
    headers=st.dictionaries(NAMES, VALUES, max_size=5),
    words=st.fixed_dictionaries(dict.fromkeys(WORDS, st.none() | TEXTS)),
    timestamp=st.none() | st.datetimes(),
)
def test_no_message_holds_up_the_queue(
    context: ReceiverContext,
    body: bytes,
    content_type: str | None,
    headers: dict[str, Any],
    words: dict[str, str | None],
    timestamp: datetime | None,
) -> None:
    found = records(context, body=body, content_type=content_type, headers=headers, timestamp=timestamp, **words)
    assert found or content_type == BATCH


def test_a_text_that_utf_8_cannot_express_goes_to_quarantine(context: ReceiverContext) -> None:
    (record,) = records(context, correlation_id="\ud800")
    assert record.kind is SignalKind.QUARANTINE
    assert json.loads(record.detail)["reason"] == "unreadable_message"


def test_tables_within_tables_as_deep_as_the_client_reads_them_do_not_hold_up_the_queue(context: ReceiverContext) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": [deep]}
    assert records(context, headers={"cloudEvents:specversion": "1.0", "deep": deep})
    assert records(context, headers={"deep": deep})


def test_a_message_of_a_stream_without_an_id_is_known_by_its_offset(context: ReceiverContext) -> None:
    (record,) = records(context, headers={"x-stream-offset": 7})
    assert json.loads(record.body)["id"] == "orders/7"
