"""Installs the processors into the providers of this process."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # has no __all__

DEFAULT_PREFIX = "business."
_MARK = "_andon_key_processor"


class AndonInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Stamps business keys on the spans and log records of the given (or global) providers.

    ``instrument(prefix=…, tracer_provider=…, logger_provider=…)``; a provider may also be a list of providers. Calling it again, even after
    :meth:`uninstrument`, never adds a second processor to a provider. A provider that is not the SDK's is left alone.
    """

    _stamped: list[Any]

    def instrumentation_dependencies(self) -> Collection[str]:
        """It does not instrument a library."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        prefix = kwargs.get("prefix") or DEFAULT_PREFIX
        self._stamped = []
        for provider in _listed(kwargs.get("tracer_provider") or trace.get_tracer_provider()):
            if hasattr(provider, "add_span_processor"):
                self._stamped.append(_span_processor(provider))
        for provider in _listed(kwargs.get("logger_provider") or get_logger_provider()):
            if hasattr(provider, "add_log_record_processor"):
                self._stamped.append(_log_processor(provider))
        for processor in self._stamped:
            processor.prefix = prefix

    def _uninstrument(self, **_: Any) -> None:
        # The SDK cannot remove a processor: ours stays and does nothing.
        for processor in self._stamped:
            processor.prefix = None
        self._stamped = []


def _listed(provider: Any) -> list[Any]:
    return list(provider) if isinstance(provider, list | tuple) else [provider]


def _span_processor(provider: Any) -> Any:
    from andon_instrumentation.processors import KeySpanProcessor  # noqa: PLC0415 - needs the SDK

    if not hasattr(provider, _MARK):
        processor = KeySpanProcessor()
        provider.add_span_processor(processor)
        setattr(provider, _MARK, processor)
    return getattr(provider, _MARK)


def _log_processor(provider: Any) -> Any:
    from andon_instrumentation.processors import KeyLogRecordProcessor  # noqa: PLC0415 - needs the SDK

    if not hasattr(provider, _MARK):
        processor = KeyLogRecordProcessor()
        provider.add_log_record_processor(processor)
        _put_first(provider, processor)
        setattr(provider, _MARK, processor)
    return getattr(provider, _MARK)


def _put_first(provider: Any, processor: Any) -> None:
    """Move ``processor`` before those that export immediately, which were usually added earlier."""
    several = getattr(provider, "_multi_log_record_processor", None)
    ordered = getattr(several, "_log_record_processors", None)
    if isinstance(ordered, tuple) and processor in ordered:
        several._log_record_processors = (processor, *(p for p in ordered if p is not processor))  # type: ignore[union-attr]  # noqa: SLF001 - the SDK has no other way
