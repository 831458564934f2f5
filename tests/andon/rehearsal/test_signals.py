"""What is given in a scenario is on the wire as its sender would have sent it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andon.rehearsal.scenario import Given
from andon.rehearsal.signals import source_of, to_signal
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.signal import SignalKind

AT = "2026-03-27 15:50 Europe/Berlin"
AT_NANOSECONDS = 1_774_623_000 * 10**9
ATTRIBUTES: dict[str, Any] = {"order.id": "17", "rush": True, "lines": 3, "weight": 1.5}


def given(**fields: Any) -> Given:
    return Given.model_validate({"at": AT, **fields})


def attributes_of(message: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in message.attributes}


def test_an_event_is_a_cloud_event_of_its_own_time() -> None:
    kind, body = to_signal(given(event="shop.captured", subject="17", data={"order": "0017"}, received="2026-03-27T15:00:00Z"), 3)
    sent = json.loads(body)
    assert kind is SignalKind.EVENT
    assert (sent["id"], sent["type"], sent["subject"], sent["data"]) == ("given-3", "shop.captured", "17", {"order": "0017"})
    assert sent["time"] == "2026-03-27T14:50:00+00:00"


def test_attributes_of_an_event_are_its_extension_attributes() -> None:
    _, body = to_signal(given(event="mes.order", attributes={"step": "started", "rush": True, "lines": 3}), 1)
    sent = json.loads(body)
    assert (sent["step"], sent["rush"], sent["lines"]) == ("started", "true", "3")


@pytest.mark.parametrize(("status", "code"), [("ok", 1), ("error", 2), ("unset", 0)])
def test_a_span_has_its_service_status_and_typed_attributes(status: str, code: int) -> None:
    kind, body = to_signal(given(span="order.book", service="erp", status=status, attributes=ATTRIBUTES), 1)
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    (span,) = resource.scope_spans[0].spans
    assert kind is SignalKind.TRACES
    assert attributes_of(resource.resource) == {"service.name": "erp"}
    assert (span.name, span.status.code, span.start_time_unix_nano, span.end_time_unix_nano) == ("order.book", code, *[AT_NANOSECONDS] * 2)
    assert attributes_of(span) == ATTRIBUTES


def test_a_log_has_its_body_and_severity() -> None:
    kind, body = to_signal(given(log="order rejected", service="erp", severity="error", attributes={"order.id": "17"}), 1)
    (record,) = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0].log_records
    assert kind is SignalKind.LOGS
    assert (record.body.string_value, record.severity_number, record.time_unix_nano) == ("order rejected", 17, AT_NANOSECONDS)
    assert attributes_of(record) == {"order.id": "17"}


def test_a_scenario_is_the_same_bytes_each_time_and_no_two_spans_of_it_are_the_same_span() -> None:
    span = given(span="order.book")
    assert to_signal(span, 1) == to_signal(span, 1)
    first, second = (ExportTraceServiceRequest.FromString(to_signal(span, number)[1]) for number in (1, 2))
    assert first.resource_spans[0].scope_spans[0].spans[0].span_id != second.resource_spans[0].scope_spans[0].spans[0].span_id


def test_a_signal_comes_from_the_source_it_names_or_that_has_its_service() -> None:
    source = Source(source="sap", title="SAP", owner="", services=["erp"])
    catalog = Catalog(version="1", sources={"sap": source})
    assert source_of(given(span="a", service="erp"), catalog) == "sap"
    assert source_of(given(span="a", service="erp", source="other"), catalog) == "other"
    assert source_of(given(span="a", service="wms"), catalog) == "default"
