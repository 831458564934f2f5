"""Input for tests and benchmarks: recorded runs of the plant with their ledger, and OTLP requests made as fast as memory allows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from core.clock import EPOCH
from core.signal import SignalKind
from plant.emit import Emitter, Outgoing
from plant.faults import Fault
from plant.model import Model, Schedule
from plant.signal import Happening, Truth


@dataclass(frozen=True, slots=True)
class Input:
    """One signal as it goes over the wire: an OTLP request with one span or log record (protobuf), or one CloudEvent (JSON).

    OTLP bodies of a kind can be concatenated into one valid request. Its fields are those of a journal record.
    """

    kind: SignalKind
    service: str
    body: bytes


@dataclass(frozen=True)
class Recording:
    """A run of the plant: what was sent, in the order it was sent, and what really happened."""

    inputs: tuple[Input, ...]
    ledger: tuple[Truth, ...]


def record(transactions: int, start: datetime, seed: int = 7, rate: float = 120, faults: Sequence[Fault] = ()) -> Recording:
    """Record the first ``transactions`` of a plant that goes live at ``start`` (aware), each to its end."""
    model = Model(seed, start, rate, faults)
    happenings = list(islice(model.arrivals(), transactions))
    return Recording(_inputs(happenings, f"{seed}/{start.isoformat()}"), tuple(happening.truth for happening in happenings))


def _inputs(happenings: list[Happening], seed: str) -> tuple[Input, ...]:
    emitter = Emitter(seed)
    schedule = Schedule()
    for happening in happenings:
        schedule.add(happening.signals)
    forever = EPOCH + timedelta(days=365_000)
    for signal in schedule.until(forever):
        emitter.take(signal)
    inputs = tuple(_input(outgoing) for outgoing in emitter.ready(forever))
    emitter.close()
    return inputs


def _input(outgoing: Outgoing) -> Input:
    if isinstance(outgoing.data, ReadableSpan):
        return Input(SignalKind.TRACES, outgoing.service, encode_spans([outgoing.data]).SerializeToString())
    if isinstance(outgoing.data, ReadableLogRecord):
        return Input(SignalKind.LOGS, outgoing.service, encode_logs([outgoing.data]).SerializeToString())
    return Input(SignalKind.EVENT, outgoing.service, json.dumps(outgoing.data, ensure_ascii=False, separators=(",", ":")).encode())


_TRACE_ID = bytes(range(0xA0, 0xB0))
_SPAN_ID = bytes(range(0xC0, 0xC8))
_START = 0x1122334455667788
_END = 0x1122334455667799
_ORDER_DIGITS = 12
_ORDER = b"9" * _ORDER_DIGITS


class TraceTemplate:
    """OTLP trace requests of one shape: ``spans`` spans of nine attributes, which :meth:`requests` fills with ids, times and orders.

    Each span is ``BAPI_SALESORDER_CREATEFROMDAT2`` of service ``sap-connector`` unless said otherwise, with ``business.sales_order`` and
    ``sap.vbeln`` of 12 digits that rise by one from span to span, so that each span books an order of its own.
    """

    def __init__(self, spans: int, name: str = "BAPI_SALESORDER_CREATEFROMDAT2", service: str = "sap-connector") -> None:
        self.spans = spans
        one = _template_span(name).SerializeToString()
        framed = ScopeSpans(spans=[Span.FromString(one)]).SerializeToString()
        resource = Resource(attributes=[_text("service.name", service), _text("service.version", "4.2.0")])
        empty = ScopeSpans(scope=InstrumentationScope(name="bench")).SerializeToString()
        scope = empty + framed * spans
        group = ResourceSpans(resource=resource).SerializeToString() + b"\x12" + _varint(len(scope)) + scope
        body = b"\x0a" + _varint(len(group)) + group
        self._head = np.frombuffer(body[: len(body) - spans * len(framed)], np.uint8)
        self._rows = np.frombuffer(framed * spans, np.uint8).reshape(spans, len(framed))
        self._trace = framed.index(_TRACE_ID)
        self._span = framed.index(_SPAN_ID)
        self._start = framed.index(_START.to_bytes(8, "little"))
        self._end = framed.index(_END.to_bytes(8, "little"))
        first = framed.index(_ORDER)
        self._orders = (first, framed.index(_ORDER, first + 1))

    def requests(self, count: int, start: datetime, first_order: int = 1, seed: int = 7) -> Iterator[bytes]:
        """Yield ``count`` requests whose spans begin at ``start`` (aware) and follow each other by 1 ms; ids are random by ``seed``."""
        random = np.random.default_rng(seed)
        nanoseconds = (start - EPOCH) // timedelta(microseconds=1) * 1000
        powers = 10 ** np.arange(_ORDER_DIGITS - 1, -1, -1, dtype=np.int64)
        numbers = np.arange(self.spans, dtype=np.int64)
        for request in range(count):
            rows = self._rows.copy()
            place = numbers + request * self.spans
            rows[:, self._trace : self._trace + 16] = random.integers(1, 256, (self.spans, 16), np.uint8)
            rows[:, self._span : self._span + 8] = random.integers(1, 256, (self.spans, 8), np.uint8)
            begin = (nanoseconds + place * 1_000_000).astype("<u8")
            rows[:, self._start : self._start + 8] = begin.view(np.uint8).reshape(self.spans, 8)
            rows[:, self._end : self._end + 8] = (begin + np.uint64(600_000)).view(np.uint8).reshape(self.spans, 8)
            digits = ((place + first_order)[:, None] // powers % 10 + ord("0")).astype(np.uint8)
            for column in self._orders:
                rows[:, column : column + _ORDER_DIGITS] = digits
            yield np.concatenate((self._head, rows.reshape(-1))).tobytes()


def captured_events(count: int, start: datetime, first_order: int = 1, customer: str = "Voss Hydraulik") -> Iterator[bytes]:
    """Yield CloudEvents ``crm.order.captured``, one each order, 1 ms apart from ``start`` (aware), as JSON bytes."""
    for place in range(count):
        at = (start + timedelta(milliseconds=place)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        order = f"{first_order + place:012d}"
        promised = (start + timedelta(days=2)).isoformat().replace("+00:00", "Z")
        yield (
            f'{{"specversion":"1.0","id":"bench-{order}","source":"crm","type":"crm.order.captured","time":"{at}",'
            f'"datacontenttype":"application/json","data":{{"orderId":"{order}","opportunityId":"OPP-{order}","total":1250.5,'
            f'"currency":"EUR","customer":"{customer}","plant":"DE07","promisedDate":"{promised}"}}}}'
        ).encode()


def _template_span(name: str) -> Span:
    order = _ORDER.decode()
    return Span(
        trace_id=_TRACE_ID,
        span_id=_SPAN_ID,
        name=name,
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=_START,
        end_time_unix_nano=_END,
        status=Status(code=Status.STATUS_CODE_OK),
        attributes=[
            _text("business.sales_order", order),
            _text("sap.vbeln", order),
            _text("sap.auart", "TA"),
            _text("sap.werks", "DE07"),
            _text("server.address", "erp.example.com"),
            _text("messaging.system", "rabbitmq"),
            _text("messaging.destination.name", "orders.inbound"),
            KeyValue(key="server.port", value=AnyValue(int_value=3300)),
            KeyValue(key="order.amount", value=AnyValue(double_value=1250.5)),
        ],
    )


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
