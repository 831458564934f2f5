"""Turns signals into real OTLP and CloudEvents: OpenTelemetry SDK and exporters, W3C trace context and baggage between systems.

Each service has its own providers and resource, as if it were a separate process. A signal's context comes from the headers that its parent
sent, through :func:`andon_instrumentation.inject` and ``extract``; the instrumentor, not this module, stamps the attributes ``business.…``.
Ids follow from the seed and the signal's reference, so that sending again never invents anything.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from andon_instrumentation import AndonInstrumentor, business_keys, extract, inject
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.metrics.export import ResourceMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, StatusCode

from core.clock import EPOCH
from plant.signal import Signal

_MICROSECOND = timedelta(microseconds=1)
_KINDS = {name.lower(): kind for name, kind in SpanKind.__members__.items()}
KEEP_HEADERS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is ready to be sent: OTLP data from the SDK, or a CloudEvent as a JSON object."""

    service: str
    data: ReadableSpan | ReadableLogRecord | ResourceMetrics | dict[str, object]


def nanoseconds(moment: datetime) -> int:
    """Return an aware datetime as nanoseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // _MICROSECOND * 1000


class _Ids(IdGenerator):
    """Ids that follow from a text."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.ref = ""

    def generate_trace_id(self) -> int:
        return int.from_bytes(self._digest("trace"), "big") or 1

    def generate_span_id(self) -> int:
        return int.from_bytes(self._digest("span")[:8], "big") or 1

    def _digest(self, what: str) -> bytes:
        return hashlib.blake2b(f"{self._seed}/{what}/{self.ref}".encode(), digest_size=16).digest()


class _Collect(SpanProcessor, LogRecordProcessor):
    """Keeps a service's last ended span and last emitted record."""

    def __init__(self) -> None:
        self.span: ReadableSpan | None = None
        self.record: ReadableLogRecord | None = None

    def on_end(self, span: ReadableSpan) -> None:
        self.span = span

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self.record = ReadableLogRecord(
            log_record=log_record.log_record,
            resource=log_record.resource or Resource.get_empty(),
            instrumentation_scope=log_record.instrumentation_scope,
        )

    def shutdown(self) -> None:
        """Nothing is buffered."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        return True


class Emitter:
    """Turns signals into real ones and holds them until they are released.

    :meth:`take` signals in the order of their true start; :meth:`ready` returns what may be sent by ``now``.
    """

    def __init__(self, seed: str) -> None:
        self._ids = _Ids(seed)
        self._seed = seed
        self._instrumentor = AndonInstrumentor()
        self._systems: dict[str, tuple[TracerProvider, LoggerProvider, _Collect]] = {}
        self._headers: dict[str, dict[str, str]] = {}
        self._ages: list[tuple[datetime, str]] = []
        self._held: list[tuple[datetime, int, Outgoing]] = []
        self._numbers = itertools.count()

    def take(self, signal: Signal) -> None:
        """Create ``signal`` in the context that its parent sent."""
        with extract(self._headers.get(signal.parent or "", {})), business_keys(**signal.keys):
            if signal.kind == "span":
                data: ReadableSpan | ReadableLogRecord | dict[str, object] = self._span(signal)
            elif signal.kind == "log":
                data = self._log(signal)
            else:
                data = self._event(signal)
        for _ in range(signal.copies):
            heapq.heappush(self._held, (signal.released_at, next(self._numbers), Outgoing(signal.service, data)))

    def ready(self, now: datetime) -> list[Outgoing]:
        """Return what was released at or before ``now``, oldest release first."""
        out = []
        while self._held and self._held[0][0] <= now:
            out.append(heapq.heappop(self._held)[2])
        while self._ages and self._ages[0][0] < now - KEEP_HEADERS:
            self._headers.pop(heapq.heappop(self._ages)[1], None)
        return out

    def close(self) -> None:
        """Remove the instrumentation and shut the providers down."""
        if self._instrumentor.is_instrumented_by_opentelemetry:
            self._instrumentor.uninstrument()
        for tracers, loggers, _ in self._systems.values():
            tracers.shutdown()
            loggers.shutdown()

    def _system(self, service: str) -> tuple[TracerProvider, LoggerProvider, _Collect]:
        if service not in self._systems:
            resource = Resource({"service.name": service, "deployment.environment.name": "simulation"})
            collect = _Collect()
            tracers = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
            loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
            self._systems[service] = tracers, loggers, collect
            if self._instrumentor.is_instrumented_by_opentelemetry:
                self._instrumentor.uninstrument()
            self._instrumentor.instrument(
                tracer_provider=[system[0] for system in self._systems.values()],
                logger_provider=[system[1] for system in self._systems.values()],
            )
            tracers.add_span_processor(collect)
            loggers.add_log_record_processor(collect)
        return self._systems[service]

    def _span(self, signal: Signal) -> ReadableSpan:
        tracers, _, collect = self._system(signal.service)
        self._ids.ref = signal.ref
        attributes = {name: value for name, value in signal.attributes.items() if value is not None}
        span = tracers.get_tracer("plant").start_span(
            signal.name, kind=_KINDS[signal.span_kind], attributes=attributes, start_time=nanoseconds(signal.start)
        )
        if isinstance(span, Span):
            span.set_status(StatusCode.ERROR if signal.error else StatusCode.OK, signal.error or None)
        self._headers[signal.ref] = inject({}, trace.set_span_in_context(span))
        heapq.heappush(self._ages, (signal.order, signal.ref))
        span.end(end_time=nanoseconds(signal.at))
        if collect.span is None:
            raise RuntimeError(f"the SDK ended no span for {signal.ref}")
        return collect.span

    def _log(self, signal: Signal) -> ReadableLogRecord:
        _, loggers, collect = self._system(signal.service)
        severity = SeverityNumber.ERROR if signal.error else SeverityNumber.INFO
        at = nanoseconds(signal.at)
        attributes = {name: value for name, value in signal.attributes.items() if value is not None}
        loggers.get_logger("plant").emit(
            LogRecord(
                timestamp=at,
                observed_timestamp=at,
                severity_number=severity,
                severity_text=severity.name,
                body=signal.name,
                attributes=attributes,
            )
        )
        if collect.record is None:
            raise RuntimeError(f"the SDK emitted no record for {signal.ref}")
        return collect.record

    def _event(self, signal: Signal) -> dict[str, object]:
        headers: dict[str, str] = inject({})
        event: dict[str, object] = {
            "specversion": "1.0",
            "id": hashlib.blake2b(f"{self._seed}/event/{signal.ref}".encode(), digest_size=12).hexdigest(),
            "source": signal.service,
            "type": signal.name,
            "time": signal.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": dict(signal.attributes),
        }
        if "traceparent" in headers:
            event["traceparent"] = headers["traceparent"]
        return event


def events_body(events: Sequence[dict[str, object]]) -> bytes:
    """Return a CloudEvents batch as JSON bytes."""
    return json.dumps(list(events), ensure_ascii=False, separators=(",", ":")).encode()
