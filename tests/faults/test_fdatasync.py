"""An acknowledgement is sent only after the record's ``fdatasync`` has returned: seen from outside of the process, on every road in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest

from tests.collector.requests import PROTOBUF, spans
from tests.faults.system_calls import WRAPPER, Call, calls, holds_http2_data
from tests.product import Product, running

CATALOG = Path(__file__).parents[2] / "benchmarks" / "catalogs" / "orders"
ENVIRONMENT = {"ANDON_TEST_WEBHOOK": "http://127.0.0.1:9/", "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA=="}
REQUESTS = 20
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
Sender = Callable[[Product, list[str]], None]


def http_traces(product: Product, marks: list[str]) -> None:
    with httpx.Client() as client:
        for mark in marks:
            body = spans({"name": mark}).SerializeToString()
            assert client.post(f"{product.door}/v1/traces", content=body, headers={"content-type": PROTOBUF}).status_code == 200


def grpc_traces(product: Product, marks: list[str]) -> None:
    with closing(grpc.insecure_channel(f"127.0.0.1:{product.grpc_port}")) as channel:
        for mark in marks:
            assert channel.unary_unary(EXPORT)(spans({"name": mark}).SerializeToString(), timeout=20) == b""


def events(product: Product, marks: list[str]) -> None:
    with httpx.Client() as client:
        for mark in marks:
            event = {"specversion": "1.0", "id": mark, "source": "/ledger", "type": "t"}
            reply = client.post(f"{product.door}/v1/events", json=event, headers={"content-type": "application/cloudevents+json"})
            assert reply.json() == {"accepted": 1}


def http_answer(call: Call) -> bool:
    return call.sends and b"HTTP/1.1 200" in call.data


def grpc_answer(port: int) -> Callable[[Call], bool]:
    return lambda call: call.sends and f":{port}->" in call.on and holds_http2_data(call.data)


@pytest.mark.slow
@pytest.mark.parametrize("send", [http_traces, grpc_traces, events])
def test_no_answer_before_the_disk_has_it(tmp_path: Path, send: Sender) -> None:
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt package strace")
    trace = tmp_path / "trace"
    marks = [f"mark-{number:04d}-{send.__name__}" for number in range(REQUESTS)]
    with running(Product(tmp_path / "data", CATALOG, ENVIRONMENT, wrapper=(*WRAPPER, "-o", str(trace))), "collect") as product:
        send(product, marks)
    seen = list(calls(trace))
    is_answer = grpc_answer(product.grpc_port) if send is grpc_traces else http_answer
    answers = [call for call in seen if is_answer(call)][-REQUESTS:]  # before them: the answer that it is ready
    for mark, answer in zip(marks, answers, strict=True):  # one request after the other: the n-th answer is that of the n-th mark
        written = next(call for call in seen if call.name == "pwrite64" and "-wal" in call.on and mark.encode() in call.data)
        synced = next(call for call in seen if call.syncs and call.on == written.on and call.began > written.ended)
        assert answer.began > synced.ended, mark
    folders = {call.on for call in seen if call.syncs}
    assert {str(Path(call.on).parent) for call in seen if call.name == "pwrite64" and "-wal" in call.on} <= folders, (
        "a new name is not durable"
    )
