"""Recorded runs of the plant: what was sent, one signal each, and what really happened."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from core.signal import SignalKind
from plant.builders import Recording, record
from plant.faults import ALWAYS, Fault, FaultName

START = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(12, START)


def test_it_is_the_same_whenever_it_is_recorded(recording: Recording) -> None:
    assert record(12, START) == recording
    assert record(12, START, seed=8) != recording


def test_each_transaction_is_recorded_to_its_end(recording: Recording) -> None:
    assert len(recording.ledger) == 12
    names = {body["type"] for each in recording.inputs if each.kind is SignalKind.EVENT for body in [json.loads(each.body)]}
    assert "tms.shipment.delivered" in names, "days after it began"


def test_every_input_is_one_signal_of_its_service(recording: Recording) -> None:
    assert set(Counter(each.kind for each in recording.inputs)) == {SignalKind.TRACES, SignalKind.LOGS, SignalKind.EVENT}
    for each in recording.inputs:
        if each.kind is SignalKind.EVENT:
            assert json.loads(each.body)["source"] == each.service
            continue
        if each.kind is SignalKind.TRACES:
            (resource,) = ExportTraceServiceRequest.FromString(each.body).resource_spans
            (scope,) = resource.scope_spans
            assert len(scope.spans) == 1
        else:
            (resource,) = ExportLogsServiceRequest.FromString(each.body).resource_logs
            (scope,) = resource.scope_logs
            assert len(scope.log_records) == 1
        assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == each.service


def test_bodies_of_a_kind_make_one_request(recording: Recording) -> None:
    bodies = [each.body for each in recording.inputs if each.kind is SignalKind.TRACES]
    assert len(ExportTraceServiceRequest.FromString(b"".join(bodies)).resource_spans) == len(bodies)


def test_faults_are_in_what_was_sent_and_in_the_ledger(recording: Recording) -> None:
    twice = record(12, START, faults=(Fault(FaultName.DUPLICATE, start_minute=-ALWAYS, minutes=2 * ALWAYS),))
    assert Counter(each.body for each in twice.inputs) == Counter(each.body for each in recording.inputs for _ in range(2))
    assert {truth.faults for truth in twice.ledger} == {("duplicate",)}
