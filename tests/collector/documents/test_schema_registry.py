"""A schema registry that is slow or does not answer: messages wait for it, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from andon.plugins import formats
from collector.documents import schema_registry as schema_registry_of_messages
from collector.documents.schema_registry import SchemaRegistry
from collector.message import Message, MessageSettings, records_of
from collector.receiver import ReceiverContext
from core.catalog.source import Source
from core.clock import SystemClock
from core.errors import Retryable
from core.telemetry import Telemetry
from tests.collector.receivers.driving import TestIntake
from tests.servers.schema_registry_stand_in import schema_registry

ANSWERS = {"/schemas/ids/9": {"schema": json.dumps({"type": "record", "name": "Order", "fields": [{"name": "no", "type": "int"}]})}}
ORDER_5 = struct.pack(">bI", 0, 9) + b"\x0a"


def test_a_registry_that_does_not_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    with schema_registry(ANSWERS) as registry:
        monkeypatch.setenv("REGISTRY", registry.url.replace("//", "//andon:hunter2@"))
        registry.working = False
        reader = formats()["avro"].reader({"type": "avro", "registry": "env:REGISTRY"})
        with pytest.raises(Retryable, match="does not give schema 9") as caught:
            list(reader(ORDER_5))
        registry.working = True
        assert len(list(reader(ORDER_5))) == 1

    assert "hunter2" not in str(caught.value)


def test_the_loop_of_the_servers_does_not_wait_for_a_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    receiver = {"type": "test", "url": "env:NONE", "event_source": "/x"}
    with schema_registry(ANSWERS) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        reader = formats()["avro"].reader({"type": "avro", "registry": "env:REGISTRY"})
        source = Source(source="erp", owner="it", receiver=receiver)
        context = ReceiverContext(source, TestIntake(), SystemClock(), Telemetry(), tmp_path, reader)
        message = Message(ORDER_5, {"queue": "orders"})

        async def read_it() -> bytes:
            with pytest.raises(Retryable, match="is being fetched"):
                list(records_of([message], context, MessageSettings(**receiver)))
            while True:
                try:
                    return next(records_of([message], context, MessageSettings(**receiver))).body
                except Retryable:
                    await asyncio.sleep(0.02)

        assert json.loads(asyncio.run(read_it()))["data"] == {"no": 5}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"schema": "x" * (1 << 20)}, "has more than 1048576 bytes; look whether a registry is at the address"),
        ([1], "is no object; look whether a registry is at the address"),
        ({"schema": "{}", "references": 7}, "not iterable"),
        ({"schema": "{}", "references": [{"subject": f"s{n}", "version": 1, "name": "s"} for n in range(200)]}, "more than 100 schemas"),
    ],
)
def test_what_a_registry_says_is_bounded_and_read_as_what_it_is(answer: Any, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {f"/subjects/s{n}/versions/1": {"schema": f'"{n}"'} for n in range(200)}
    with schema_registry({"/schemas/ids/9": answer, **others}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        with pytest.raises(Retryable, match=why):
            SchemaRegistry("env:REGISTRY").schemas_of(ORDER_5)
    assert len(registry.asked) <= 101


@pytest.mark.parametrize(
    ("encoding", "why"), [("identity", "has not ended within 0 seconds"), ("gzip, gzip", r"is compressed \(gzip, gzip\)")]
)
def test_an_answer_without_end_ends_and_none_is_unpacked(encoding: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, it was waited for as long as it went on; packed twice, a small one filled the memory."""

    class Drop(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(1_000):
                yield b" "
                time.sleep(0.001)

    monkeypatch.setenv("REGISTRY", "http://registry")
    monkeypatch.setattr(schema_registry_of_messages, "ANSWER_SECONDS", 0.05)
    client = httpx.Client
    slow = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drop(), headers={"content-encoding": encoding}))
    monkeypatch.setattr(httpx, "Client", lambda **given: client(**given, transport=slow))
    with pytest.raises(Retryable, match=why):
        SchemaRegistry("env:REGISTRY").schemas_of(ORDER_5)


def test_schemas_that_refer_to_each_other_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(text: str, other: str) -> dict[str, Any]:
        return {"schema": text, "references": [{"subject": other, "version": 1, "name": other}]}

    with schema_registry(
        {"/schemas/ids/9": one("root", "a"), "/subjects/a/versions/1": one("A", "b"), "/subjects/b/versions/1": one("B", "a")}
    ) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        _, found, _ = SchemaRegistry("env:REGISTRY").schemas_of(ORDER_5)
    assert [each.text for each in found] == ["B", "A", "root"]
    assert len(registry.asked) == 3
