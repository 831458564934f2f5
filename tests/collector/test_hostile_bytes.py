"""Bytes of every kind: none of them is a crash, none of them is mixed up with another's, and each is told what it is."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import httpx
import pytest
from backports import zstd
from google.protobuf.message import DecodeError

from collector.cloud_events import parse_batch, parse_structured
from collector.otlp.json import convert
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core.protobuf_wire import tag, varint
from core.signal import SignalKind
from tests.collector.conftest import Running
from tests.collector.http.test_events import BATCH, ONE
from tests.collector.requests import PROTOBUF, START, admit_whole, spans

SEED = 20_261_124


def sample(kind: SignalKind) -> Any:
    """Return a request with something in every kind of field."""
    if kind is SignalKind.TRACES:
        request = spans({"trace_state": "a=b", "flags": 1, "kind": 2}, {})
        span = request.resource_spans[0].scope_spans[0].spans[0]
        span.events.add(name="exception", time_unix_nano=START).attributes.add(key="k").value.int_value = 5
        span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8)
        span.attributes.add(key="list").value.array_value.values.add().double_value = 0.5
        return request
    request = REQUESTS[kind]()
    if kind is SignalKind.LOGS:
        log = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=START, severity_text="INFO")
        log.body.kvlist_value.values.add(key="a").value.bool_value = True
        return request
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    point = metrics.add(name="h").histogram.data_points.add(time_unix_nano=START, bucket_counts=[1, 2], explicit_bounds=[0.5])
    point.attributes.add(key="k").value.string_value = "v"
    metrics.add(name="g").gauge.data_points.add(time_unix_nano=START, as_double=1.5)
    return request


@pytest.mark.parametrize("kind", REQUESTS)
def test_protobuf_cut_at_any_byte_is_taken_or_told(kind: SignalKind) -> None:
    whole = sample(kind).SerializeToString()
    told = 0
    for end in range(len(whole)):
        body = whole[:end]
        try:
            REQUESTS[kind].FromString(body)
        except DecodeError:
            with pytest.raises(Rejection) as caught:
                admit_whole(kind, body)
            assert (caught.value.status, caught.value.error.reason) == (400, "bad_protobuf")
            told += 1
        else:
            admit_whole(kind, body)
    assert told > len(whole) * 0.9
    assert admit_whole(kind, whole).count == 2 - (kind is SignalKind.LOGS)


@pytest.mark.parametrize("kind", REQUESTS)
def test_fields_that_are_not_known_yet_are_kept(collector: Running, kind: SignalKind) -> None:
    text = b"of a later version"
    unknown = tag(1000, 2) + varint(len(text)) + text + tag(1001, 0) + varint(7)
    body = sample(kind).SerializeToString() + unknown
    assert collector.post(f"/v1/{kind.value}", body, PROTOBUF).status_code == 200
    (record,) = collector.records()
    assert record.kind is kind
    assert text in record.body


def random_bodies(count: int) -> list[bytes]:
    """Return pure noise, damaged requests, and brackets, from a fixed seed."""
    source = random.Random(SEED)
    samples = [sample(kind).SerializeToString() for kind in REQUESTS]
    bodies = []
    for number in range(count):
        if number % 3 == 0:
            bodies.append(source.randbytes(source.randrange(1, 200)))
        elif number % 3 == 1:
            damaged = bytearray(source.choice(samples))
            for _ in range(source.randrange(1, 6)):
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            bodies.append(bytes(damaged))
        else:
            bodies.append(bytes(source.choices(b'{}[]",:0123456789eE+-.\\untrlfase \xff\x00', k=source.randrange(1, 80))))
    return bodies


PARSERS: dict[str, Callable[[bytes], object]] = {
    **{kind.value: (lambda body, kind=kind: admit_whole(kind, body)) for kind in REQUESTS},
    **{f"{kind.value} as JSON": (lambda body, kind=kind: admit_whole(kind, convert(kind, body))) for kind in REQUESTS},
    "event": parse_structured,
    "batch": parse_batch,
}


def outcome(parse: Callable[[bytes], object], body: bytes) -> int:
    try:
        parse(body)
    except Rejection as rejection:
        return rejection.status
    return 200


@pytest.mark.parametrize("name", PARSERS)
def test_random_bodies_are_taken_or_told(name: str) -> None:
    outcomes = Counter(outcome(PARSERS[name], body) for body in random_bodies(10_000))
    assert set(outcomes) <= {200, 400}
    assert outcomes[400] > 5_000


@pytest.mark.slow
def test_random_bodies_over_http_and_grpc(collector: Running) -> None:
    bodies = random_bodies(150)
    roads = [*((f"/v1/{kind.value}", kind_type) for kind in REQUESTS for kind_type in (PROTOBUF, "application/json"))]
    roads += [("/v1/events", ONE), ("/v1/events", BATCH)]
    statuses = Counter(collector.post(*(path, body, content_type)).status_code for body in bodies for path, content_type in roads)
    assert set(statuses) <= {200, 400}
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        codes: Counter[grpc.StatusCode] = Counter()
        for body in bodies:
            try:
                call(body, timeout=60)
            except grpc.RpcError as error:
                codes[error.code()] += 1
            else:
                codes[grpc.StatusCode.OK] += 1
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
    assert collector.client.get("/readyz").json() == {"ready": True, "problems": []}
    received, acknowledged, refused = collector.balance()
    assert (received, refused) == (acknowledged, 0)


ENCODERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("zstd", zstd.compress),
    ("deflate", zlib.compress),
    ("identity", bytes),
]


def test_32_mixed_streams_at_once_are_not_mixed_up(collector: Running) -> None:
    per_stream, url = 8, f"http://127.0.0.1:{collector.engine.http_port}/v1/traces"

    def stream(number: int) -> list[str]:
        encoding, encode = ENCODERS[number % len(ENCODERS)]
        source, sent = random.Random(number), []
        with httpx.Client(timeout=60) as client:
            for _ in range(per_stream):
                # every second stream is large enough to be validated in the offload process
                body = spans(*[{"name": source.randbytes(30_000).hex()} for _ in range(6 if number % 8 < 4 else 1)]).SerializeToString()
                answer = client.post(url, content=encode(body), headers={"content-type": PROTOBUF, "content-encoding": encoding})
                assert answer.status_code == 200
                sent.append(hashlib.sha256(body).hexdigest())
        return sent

    with ThreadPoolExecutor(32) as pool:
        sent = [digest for digests in pool.map(stream, range(32)) for digest in digests]
    assert Counter(hashlib.sha256(record.body).hexdigest() for record in collector.records()) == Counter(sent)
    assert len(set(sent)) == 32 * per_stream
