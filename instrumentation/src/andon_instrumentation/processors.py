"""The two processors that stamp business keys. They need the OpenTelemetry SDK, which any exporting process has anyway."""

from __future__ import annotations

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import Span, SpanProcessor

from andon_instrumentation.keys import current_keys


class KeySpanProcessor(SpanProcessor):
    """Sets ``<prefix><type>`` on every span that starts in a context with business keys. ``prefix`` None: does nothing."""

    def __init__(self) -> None:
        self.prefix: str | None = None

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp the keys of the context in which the span starts."""
        if self.prefix is None:
            return
        for key_type, value in current_keys(parent_context).items():
            name = self.prefix + key_type
            if span.attributes is None or name not in span.attributes:
                span.set_attribute(name, value)


class KeyLogRecordProcessor(LogRecordProcessor):
    """Sets ``<prefix><type>`` on every log record emitted in a context with business keys. ``prefix`` None: does nothing."""

    def __init__(self) -> None:
        self.prefix: str | None = None

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Stamp the keys of the record's context."""
        if self.prefix is None:
            return
        record = log_record.log_record
        keys = current_keys(record.context or context.get_current())
        if not keys:
            return
        attributes = record.attributes
        if attributes is None:
            record.attributes = {self.prefix + key_type: value for key_type, value in keys.items()}
            return
        for key_type, value in keys.items():
            if self.prefix + key_type not in attributes:
                attributes[self.prefix + key_type] = value  # type: ignore[index]

    def shutdown(self) -> None:
        """Nothing to shut down."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is buffered."""
        return True
