"""Whatever a decoder is given, it refuses it or means what an independent reader of the same bytes means."""

from __future__ import annotations

import copy
import json
import os
import re
import struct
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pamqp import header
from pamqp.commands import Basic
from pika import spec

from collector.brokers.rabbitmq_decoding import ReadProperties, read_every_message
from collector.cloud_events import parse_batch, parse_structured
from collector.message import records_of
from collector.otlp.json import convert
from collector.otlp.requests import REQUESTS
from collector.receivers.rabbitmq import RabbitmqSettings, message_of
from collector.rejection import Rejection
from core.signal import SignalKind
from tests.collector.http.test_events import event
from tests.collector.otlp.test_json import SAMPLES, for_json_format
from tests.collector.receivers.driving import TestIntake, context_of
from tests.collector.requests import admit_whole, records_in
from tests.collector.test_hostile_bytes import sample

EXAMPLES = int(os.environ.get("ANDON_EXAMPLES", "200"))
pytestmark = pytest.mark.timeout(900 + EXAMPLES / 10)
# how fast examples are made says how busy the machine is
many = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

odd_numbers = st.sampled_from([0, -1, 2**31, 2**32, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64, 0.5, -0.0, 1e300, 5e-324, 1e15, 2.0])
odd_texts = st.sampled_from(
    ["", "0", "-0", "+1", "1.0", "1e3", " 1", "٣", "NaN", "Infinity", "-Infinity", "AP8=", "AP8", "zz", "\x00", "\ud800"]
)
scalars = st.none() | st.booleans() | st.integers() | odd_numbers | odd_texts | st.text(max_size=40) | st.floats(allow_nan=False)
documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4))


def told(rejection: Rejection) -> None:
    assert (rejection.status, rejection.keep) == (400, True)
    assert rejection.error.message


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value of a document but the document itself."""
    pairs = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value at a path."""
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def as_protobuf_reads(kind: SignalKind, document: Any) -> Any:
    """Return the message that protobuf's own JSON reader makes of a document, or None where it refuses it."""
    try:
        return json_format.ParseDict(for_json_format(document), REQUESTS[kind](), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError):
        return None


@pytest.mark.parametrize("kind", SAMPLES)
@many
@given(data=st.data())
def test_changed_json_is_refused_or_means_what_protobufs_own_reader_says(kind: SignalKind, data: st.DataObject) -> None:
    document = SAMPLES[kind]
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(places(document))))
        document = replaced(document, path, data.draw(documents))
    body = json.dumps(document).encode()
    try:
        converted = convert(kind, body)
    except Rejection as rejection:
        told(rejection)
        return
    expected = as_protobuf_reads(kind, document)
    assume(expected is not None)
    assert REQUESTS[kind].FromString(converted).SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("kind", SAMPLES)
@many
@given(data=st.data())
def test_what_is_admitted_is_all_there_is_and_reads_the_same(kind: SignalKind, data: st.DataObject) -> None:
    body = bytearray(sample(kind).SerializeToString())
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    try:
        admitted = admit_whole(kind, bytes(body))
    except Rejection as rejection:
        told(rejection)
        return
    parts = [(admitted.body, admitted.count), *((bad.body, bad.count) for bad in admitted.bad)]
    assert [records_in(kind, part) for part, _ in parts] == [count for _, count in parts]
    assert sum(count for _, count in parts) == records_in(kind, bytes(body))


attributes = st.dictionaries(
    st.sampled_from([*event(), "data", "data_base64", "datacontenttype", "dataschema", "subject", "plant"]) | st.text(max_size=8), documents
)


def usable(value: Any) -> Any:
    """Return a document as it is kept: NULs and lone halves of a pair are U+FFFD, which no later reader takes for anything else."""
    if isinstance(value, str):
        return re.sub("[\\0\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [usable(one) for one in value]
    return {usable(name): usable(one) for name, one in value.items()} if isinstance(value, dict) else value


@many
@given(changes=attributes)
def test_an_event_is_refused_or_kept_as_it_says(changes: dict[str, Any]) -> None:
    document = {**event(), **changes}
    body = json.dumps(document).encode()
    try:
        kept = parse_structured(body)
    except Rejection as rejection:
        told(rejection)
        return
    assert parse_batch(b"[" + body + b"]") == [kept]
    assert json.loads(kept) == usable(document)


fields = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(width=32) | st.text(max_size=20) | st.binary(max_size=20)
    | st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0)),  # noqa: DTZ001 - Hypothesis wants them naive
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
names = st.sampled_from(
    ["cloudEvents:specversion", "cloudEvents:id", "cloudEvents_type", "cloudEvents:source", "cloudEvents:", "traceparent"]
)
short = st.text(max_size=60)
content_types = st.sampled_from(
    ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain; charset=x", "a/b+json", "", ";"]
)
messages = st.fixed_dictionaries(
    {
        "body": st.binary(max_size=60) | documents.map(lambda value: json.dumps(value).encode()),
        "routing_key": short,
        "headers": st.dictionaries(names | short, fields, max_size=5),
    },
    optional={
        "content_type": content_types | short,
        "message_id": short,
        "message_type": short,
        "correlation_id": short,
        "timestamp": st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)),  # noqa: DTZ001 - Hypothesis wants them naive
    },
)


@many
@given(words=messages)
def test_a_message_from_a_queue_becomes_good_events_or_goes_to_quarantine(words: dict[str, Any]) -> None:
    message = received(**words)
    with tempfile.TemporaryDirectory() as state:
        chosen = {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": "orders"}
        context, settings = context_of(chosen, TestIntake(), Path(state) / "state"), RabbitmqSettings(**chosen)
        kept = list(records_of([message], context, settings))
    assert kept or message.content_type.startswith("application/cloudevents-batch")
    for record in kept:
        if record.kind is SignalKind.EVENT:
            assert parse_structured(record.body) == record.body, "it is as if it had come over HTTP"
        else:
            assert record.kind is SignalKind.QUARANTINE
            assert json.loads(record.detail)["reason"] not in {"", "unreadable_message"}


def received(*, body: bytes, routing_key: str, **properties: Any) -> Any:
    """Return a message as the client gives it to us: its properties have been through AMQP's own encoding."""
    try:
        sent = header.ContentHeader(0, len(body), Basic.Properties(**properties)).marshal()
    except (ValueError, TypeError, UnicodeError, struct.error):
        assume(False)
    read_every_message()
    method = spec.Basic.Deliver("tag", 1, False, "", routing_key)
    return message_of(
        method, ReadProperties().decode(sent[12:]), body, "orders"
    )  # what stands before are the class and the size of the body
