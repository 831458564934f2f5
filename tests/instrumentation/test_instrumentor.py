"""The instrumentor against the real SDK."""

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from andon_instrumentation import AndonInstrumentor, business_keys, extract, inject
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider


@dataclass
class Process:
    """A user's process with exporters that were set up before the instrumentor."""

    tracers: TracerProvider
    loggers: LoggerProvider
    spans: InMemorySpanExporter
    records: InMemoryLogRecordExporter
    log: logging.Logger

    def instrument(self, **settings: str) -> None:
        AndonInstrumentor().instrument(tracer_provider=self.tracers, logger_provider=self.loggers, **settings)

    def last_span(self) -> dict[str, object]:
        return dict(self.spans.get_finished_spans()[-1].attributes or {})

    def last_record(self) -> dict[str, object]:
        attributes = self.records.get_finished_logs()[-1].log_record.attributes or {}
        return {name: value for name, value in attributes.items() if not name.startswith("code.")}


@pytest.fixture
def process() -> Iterator[Process]:
    spans, records = InMemorySpanExporter(), InMemoryLogRecordExporter()
    tracers, loggers = TracerProvider(), LoggerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(records))
    log = logging.getLogger("a-user")
    log.setLevel(logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        handler = LoggingHandler(logger_provider=loggers)
    log.addHandler(handler)
    yield Process(tracers, loggers, spans, records, log)
    log.removeHandler(handler)
    if AndonInstrumentor().is_instrumented_by_opentelemetry:
        AndonInstrumentor().uninstrument()
    tracers.shutdown()
    loggers.shutdown()


def test_spans_and_logs_carry_the_keys(process: Process) -> None:
    process.instrument()
    with business_keys(sales_order="4711"), process.tracers.get_tracer("t").start_as_current_span("book"):
        process.log.info("booked")
    assert process.last_span() == {"business.sales_order": "4711"}
    assert process.last_record() == {"business.sales_order": "4711"}


def test_nothing_is_added_without_a_key_and_nothing_overwritten(process: Process) -> None:
    process.instrument(prefix="order.")
    tracer = process.tracers.get_tracer("t")
    tracer.start_span("plain", attributes={"a": 1}).end()
    assert process.last_span() == {"a": 1}
    process.log.info("plain")
    assert process.last_record() == {}
    with business_keys(id="4711"):
        tracer.start_span("own", attributes={"order.id": "mine"}).end()
        process.log.info("own", extra={"order.id": "mine"})
    assert process.last_span() == {"order.id": "mine"}
    assert process.last_record() == {"order.id": "mine"}


def test_the_other_side_of_a_message_is_in_the_same_trace_with_the_same_keys(process: Process) -> None:
    process.instrument()
    tracer = process.tracers.get_tracer("t")
    with business_keys(sales_order="4711"), tracer.start_as_current_span("publish"):
        headers = inject({})
    with extract(headers):
        tracer.start_span("process").end()
        process.log.info("taken")
    publish, consume = process.spans.get_finished_spans()
    assert publish.context is not None
    assert consume.parent is not None
    assert consume.parent.span_id == publish.context.span_id
    assert process.last_span() == {"business.sales_order": "4711"}
    assert process.records.get_finished_logs()[-1].log_record.trace_id == publish.context.trace_id


def test_instrumenting_again_adds_no_second_processor_and_can_be_undone(process: Process) -> None:
    process.instrument()
    process.instrument()
    AndonInstrumentor().uninstrument()
    before = len(process.tracers._active_span_processor._span_processors)
    with business_keys(sales_order="1"):
        process.tracers.get_tracer("t").start_span("after").end()
        process.log.info("after")
    assert process.last_span() == {}
    assert process.last_record() == {}
    process.instrument()
    assert len(process.tracers._active_span_processor._span_processors) == before == 2
    with business_keys(sales_order="1"):
        process.tracers.get_tracer("t").start_span("again").end()
    assert process.last_span() == {"business.sales_order": "1"}


def test_a_process_without_the_sdk_is_left_alone() -> None:
    instrumentor = AndonInstrumentor()
    instrumentor.instrument(tracer_provider=NoOpTracerProvider(), logger_provider=object())
    with business_keys(sales_order="1"):
        assert "baggage" in inject({})
    instrumentor.uninstrument()
