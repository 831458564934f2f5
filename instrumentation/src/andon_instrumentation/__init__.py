"""Carries business keys in OpenTelemetry baggage and stamps them on spans and log records."""

from andon_instrumentation.instrumentor import AndonInstrumentor
from andon_instrumentation.keys import business_keys, current_keys, extract, inject

__all__ = ["AndonInstrumentor", "business_keys", "current_keys", "extract", "inject"]
