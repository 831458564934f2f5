"""Sends what is ready, with the real OTLP exporters, until it is acknowledged."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import httpx
import requests
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, ResourceMetrics
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from requests.adapters import HTTPAdapter

from core.errors import Permanent
from plant.emit import Outgoing, events_body

_logger = logging.getLogger(__name__)
T = TypeVar("T")
REQUEST_SIGNALS = 500
REQUEST_EVENTS = 100
TIMEOUT_SECONDS = 10
_LONGEST_PAUSE_SECONDS = 5.0
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class Sender:
    """One connection to the collector, with one credential.

    :meth:`send` returns True once everything was acknowledged, False if ``stop`` was set before. A repeat has the same ids. Raises
    :class:`core.errors.Permanent` if the collector rejects an event for good.
    """

    def __init__(self, endpoint: str, token: str, stop: threading.Event, trust: ssl.SSLContext | None = None) -> None:
        """``trust`` proves the collector; with None, the system's certificate authorities do."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = endpoint.rstrip("/")
        self._spans = OTLPSpanExporter(f"{base}/v1/traces", headers=headers, timeout=TIMEOUT_SECONDS, session=_session(trust))
        self._logs = OTLPLogExporter(f"{base}/v1/logs", headers=headers, timeout=TIMEOUT_SECONDS, session=_session(trust))
        self._metrics = OTLPMetricExporter(f"{base}/v1/metrics", headers=headers, timeout=TIMEOUT_SECONDS, session=_session(trust))
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS, verify=True if trust is None else trust)
        self._events_url = f"{base}/v1/events"
        self._stop = stop

    def send(self, outgoing: Sequence[Outgoing]) -> bool:
        """Send spans, log records, metrics and events in batches, each until it is acknowledged."""
        spans = [item.data for item in outgoing if isinstance(item.data, ReadableSpan)]
        records = [item.data for item in outgoing if isinstance(item.data, ReadableLogRecord)]
        metrics = [item.data for item in outgoing if isinstance(item.data, ResourceMetrics)]
        events = [item.data for item in outgoing if isinstance(item.data, dict)]
        return (
            all(self._until_done(partial(self._export_spans, part)) for part in _parts(spans, REQUEST_SIGNALS))
            and all(self._until_done(partial(self._export_logs, part)) for part in _parts(records, REQUEST_SIGNALS))
            and all(self._until_done(partial(self._export_metrics, part)) for part in _parts(metrics, REQUEST_SIGNALS))
            and all(self._until_done(partial(self._post, events_body(part))) for part in _parts(events, REQUEST_EVENTS))
        )

    def close(self) -> None:
        """Close the connections."""
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._logs.shutdown()  # type: ignore[no-untyped-call]
        self._metrics.shutdown()
        self._http.close()

    def _export_spans(self, spans: Sequence[ReadableSpan]) -> bool:
        return self._spans.export(spans) is SpanExportResult.SUCCESS

    def _export_logs(self, records: Sequence[ReadableLogRecord]) -> bool:
        return self._logs.export(records) is LogRecordExportResult.SUCCESS

    def _export_metrics(self, metrics: Sequence[ResourceMetrics]) -> bool:
        return self._metrics.export(MetricsData(metrics)) is MetricExportResult.SUCCESS

    def _post(self, body: bytes) -> bool:
        try:
            reply = self._http.post(
                self._events_url, content=body, headers={"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
            )
        except httpx.TransportError as error:
            _logger.info("events were not accepted: %s", error)
            return False
        if reply.status_code in _TRY_AGAIN:
            return False
        if reply.is_error:
            raise Permanent(f"the collector rejects events with status {reply.status_code}: {reply.text[:300]}")
        return True

    def _until_done(self, attempt: Callable[[], bool]) -> bool:
        pause = 0.25
        while not attempt():
            if self._stop.wait(pause):
                return False
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return True


class _Pinned(HTTPAdapter):
    """Accepts only the server that ``trust`` proves; requests itself would add the public authorities and check the name in the address."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, ssl_context=self._trust, assert_hostname=False)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the connection's trust unchanged."""


def _session(trust: ssl.SSLContext | None) -> requests.Session:
    session = requests.Session()
    if trust is not None:
        session.mount("https://", _Pinned(trust))
    return session


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
