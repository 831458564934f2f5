"""What is validated at once, on the event loop, and what is left to the offload process: by size, encoding and form."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from collector.ingest import validation
from collector.ingest.content import REQUEST_MAX_BYTES, SMALL_MAX_BYTES, Content
from collector.ingest.validation import ENCODED_SMALL_BYTES, JSON_MAX_BYTES, ODD_SMALL_BYTES, Task, validate, validate_small
from collector.otlp.admission import Admitted
from collector.rejection import Rejection
from core.signal import SignalKind
from tests.collector.requests import spans

EVENT = {"specversion": "1.0", "id": "1", "source": "/crm", "type": "crm.order.captured"}
TRACES = Task(SignalKind.TRACES, validation.PROTOBUF)


def event_of(size: int) -> bytes:
    text = json.dumps({**EVENT, "data": ""})
    return text.replace('"data": ""', f'"data": "{"x" * (size - len(text))}"').encode()


def request_of(size: int, **fields: Any) -> bytes:
    body = spans(*[fields] * (size // 100)).SerializeToString()
    assert size // 2 < len(body) < size
    return body


def small(task: Task, body: bytes) -> list[Any] | None:
    with Content(body) as content:
        return validate_small(task, content)


@pytest.mark.parametrize("form", [validation.STRUCTURED, validation.BATCH, validation.JSON])
def test_json_is_validated_at_once_up_to_its_bound(form: str) -> None:
    if form == validation.JSON:
        task, body = Task(SignalKind.TRACES, form), b'{"resourceSpans": []}'.ljust(ODD_SMALL_BYTES)
    else:
        task, body = Task(SignalKind.EVENT, form), event_of(ODD_SMALL_BYTES)
        body = body if form == validation.STRUCTURED else b"[" + event_of(ODD_SMALL_BYTES - 2) + b"]"
    assert len(body) == ODD_SMALL_BYTES
    assert small(task, body) is not None
    assert small(task, body + b" ") is None
    assert list(validate(task, body + b" ")) == small(task, body)


def test_ordinary_protobuf_is_validated_at_once_up_to_the_largest_small_body() -> None:
    body = request_of(SMALL_MAX_BYTES)
    assert small(TRACES, body) == [Admitted(body, SMALL_MAX_BYTES // 100, services=frozenset({"gateway"}))]
    assert small(TRACES, request_of(2 * SMALL_MAX_BYTES)) is None


def test_odd_protobuf_and_metrics_are_validated_at_once_only_where_they_are_few() -> None:
    for body, at_once in ((request_of(ODD_SMALL_BYTES, span_id=b"odd"), True), (request_of(4 * ODD_SMALL_BYTES, span_id=b"odd"), False)):
        assert (small(TRACES, body) is not None) == at_once
        assert [(each.count, [bad.error.reason for bad in each.bad]) for each in validate(TRACES, body)] == [(0, ["otlp_bad_id"])]
    metrics = Task(SignalKind.METRICS, validation.PROTOBUF)
    assert small(metrics, b"") is not None
    assert small(metrics, request_of(2 * ODD_SMALL_BYTES)) is None


def test_an_encoded_body_is_validated_at_once_where_it_is_small_before_and_after() -> None:
    task = Task(SignalKind.TRACES, validation.PROTOBUF, "gzip")
    body = request_of(100_000)
    assert small(task, gzip.compress(body)) == small(TRACES, body)
    assert small(task, gzip.compress(bytes(SMALL_MAX_BYTES + 1))) is None
    assert small(task, gzip.compress(request_of(ENCODED_SMALL_BYTES * 2), compresslevel=0)) is None
    with pytest.raises(Rejection) as caught:
        small(task, b"rubbish")
    assert caught.value.error.reason == "bad_encoding"


@pytest.mark.parametrize(("form", "status"), [(validation.TWICE, 400), (validation.NONE, 415)])
def test_what_is_no_event_by_its_headers_is_rejected_whatever_its_body(form: str, status: int) -> None:
    for body in (b"", event_of(200)):
        with pytest.raises(Rejection) as caught:
            list(validate(Task(SignalKind.EVENT, form), body))
        assert caught.value.status == status


@pytest.mark.parametrize(("form", "most"), [(validation.PROTOBUF, REQUEST_MAX_BYTES), (validation.JSON, JSON_MAX_BYTES)])
def test_more_than_a_form_may_have_is_rejected_before_anything_reads_it(form: str, most: int) -> None:
    with pytest.raises(Rejection) as caught:
        list(validate(Task(SignalKind.TRACES, form), bytes(most + 1)))
    assert (caught.value.status, caught.value.error.reason, caught.value.keep) == (413, "too_large_decompressed", False)
