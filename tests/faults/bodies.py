"""Bodies at a limit and beyond it, of every road."""

from __future__ import annotations

import functools
import gzip
import json
import zlib
from collections.abc import Callable

from backports import zstd

from collector.otlp.requests import REQUESTS
from core import protobuf_wire as wire
from core.signal import SignalKind
from tests.collector.http.test_events import event
from tests.collector.requests import START, spans

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": functools.partial(gzip.compress, compresslevel=1),
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}


def ordinary(size_bytes: int, records: int) -> bytes:
    """Return a request of ordinary spans that is as large as may be, and at most so large."""
    request = spans(*[{"name": "x" * (size_bytes // records - 90)}] * records)
    assert size_bytes * 0.9 < request.ByteSize() <= size_bytes
    return bytes(request.SerializeToString())


def otlp_json(*values: str, count: int = 1, **fields: str) -> bytes:
    """Return ``count`` spans in OTLP/JSON, each with these attribute values (as JSON); ``fields``: more of a span, as JSON."""
    attributes = ",".join(f'{{"key":"k","value":{value}}}' for value in values)
    more = "".join(f',"{name}":{value}' for name, value in fields.items())
    ids = f'"traceId":"{"1" * 32}","spanId":"{"2" * 16}","startTimeUnixNano":"{START}"'
    span = f'{{{ids},"attributes":[{attributes}]{more}}}'
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{",".join([span] * count)}]}}]}}]}}'.encode()


def structured(data: str) -> bytes:
    """Return an event in structured mode with ``data``, which is JSON."""
    return json.dumps(event(data=0))[:-2].encode() + data.encode() + b"}"


def batch(count: int) -> bytes:
    return json.dumps([event(id=str(number)) for number in range(count)]).encode()


def nested_json(kind: str, depth: int) -> bytes:
    """Return a span in OTLP/JSON whose attribute holds arrays, or key-value lists, in each other."""
    opening, closing = {
        "array": ('{"arrayValue":{"values":[', "]}}"),
        "kvlist": ('{"kvlistValue":{"values":[{"key":"","value":', "}]}}"),
    }[kind]
    return otlp_json(opening * depth + '{"stringValue":"x"}' + closing * depth)


def nested(kind: str, depth: int) -> bytes:
    """Return the same in protobuf."""
    request = spans(count=1)
    value = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value
    for _ in range(depth):
        value = value.array_value.values.add() if kind == "array" else value.kvlist_value.values.add(key="").value
    value.string_value = "x"
    return bytes(request.SerializeToString())


def records(kind: SignalKind, count: int) -> bytes:
    """Return a request with so many spans, log records or data points."""
    request = REQUESTS[kind]()
    if kind is SignalKind.TRACES:
        request = spans(count=count)
    elif kind is SignalKind.LOGS:
        logs = request.resource_logs.add().scope_logs.add().log_records
        for _ in range(count):
            logs.add(time_unix_nano=START, severity_text="INFO").body.string_value = "a line"
    else:
        points = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m").gauge.data_points
        for _ in range(count):
            points.add(time_unix_nano=START, as_int=1)
    return bytes(request.SerializeToString())


def crowded(place: str, count: int) -> bytes:
    """Return a request with one span and so many attributes at a place of it."""
    request = spans(count=1)
    resource = request.resource_spans[0]
    span = resource.scope_spans[0].spans[0]
    holder = {
        "span": lambda: span,
        "event": lambda: span.events.add(name="e"),
        "link": lambda: span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8),
        "resource": lambda: resource.resource,
        "scope": lambda: resource.scope_spans[0].scope,
    }[place]()
    while len(holder.attributes) < count:
        holder.attributes.add(key=f"k{len(holder.attributes)}").value.int_value = 1
    return bytes(request.SerializeToString())


def many_attributes(count: int, each: int) -> bytes:
    """Return a request with so many spans of so many attributes."""
    request = spans(count=1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for number in range(each):
        span.attributes.add(key=f"attribute.{number}").value.string_value = f"value {number}"
    content = wire.tag(2, 2) + wire.delimited(span.SerializeToString())
    return wire.tag(1, 2) + wire.delimited(wire.tag(2, 2) + wire.delimited(content * count))


def empty(place: str, count: int) -> bytes:
    """Return a request with so many empty resources, spans or links: two bytes each."""
    if place == "resource":
        return b"\x0a\x00" * count
    content = (b"\x12\x00" if place == "span" else b"\x6a\x00") * count
    for number in (2, 1) if place == "span" else (2, 2, 1):
        content = wire.tag(number, 2) + wire.delimited(content)
    return content


def long_text(place: str, size_bytes: int) -> bytes:
    """Return a request with a long text at a place of it."""
    request = spans(count=1)
    resource = request.resource_spans[0]
    span = resource.scope_spans[0].spans[0]
    text = "x" * size_bytes
    if place == "name":
        span.name = text
    elif place == "attribute":
        span.attributes.add(key="long").value.string_value = text
    elif place == "inner":
        span.attributes.add(key="long").value.array_value.values.add().kvlist_value.values.add(key="k").value.string_value = text
    elif place == "resource":
        resource.resource.attributes.add(key="long").value.string_value = text
    else:
        resource.scope_spans[0].scope.name = text
    return bytes(request.SerializeToString())


def members(encoding: str, count: int) -> bytes:
    """Return a span in so many gzip members or zstd frames, all but one of them empty."""
    return ENCODERS[encoding](b"") * (count - 1) + ENCODERS[encoding](spans(count=1).SerializeToString())


def head(*lines: bytes, path: bytes = b"/v1/traces") -> bytes:
    return b"POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\n%s\r\n" % (path, b"".join(line + b"\r\n" for line in lines))
