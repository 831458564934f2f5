"""A schema registry that is slow or does not answer: messages wait for it, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path

import pytest

from andon.plugins import formats
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
                records_of([message], context, MessageSettings(**receiver))
            while True:
                try:
                    return records_of([message], context, MessageSettings(**receiver))[0].body
                except Retryable:
                    await asyncio.sleep(0.02)

        assert json.loads(asyncio.run(read_it()))["data"] == {"no": 5}
