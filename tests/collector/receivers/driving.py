"""Runs one pull receiver against an intake that tests control."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.receiver import Receiver, ReceiverContext
from core.catalog.source import Source
from core.clock import Clock, SystemClock
from core.errors import Full
from core.signal import Lane, Receipt, Record, SignalKind
from core.telemetry import Telemetry
from tests.waiting import slowness

BLOCK_FOR_EVER = 1 << 30


@dataclass
class TestIntake:
    """Keeps what it accepts. The first ``full`` calls are refused; with ``blocked`` no call ever returns."""

    __test__ = False
    accepted: list[Record] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    calls: int = 0
    full: int = 0
    blocked: bool = False

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        self.calls += 1
        if self.blocked:
            await asyncio.Event().wait()
        if self.full > 0:
            self.full -= 1
            raise Full("the journal has no room", retry_after_seconds=0)
        await asyncio.sleep(0.001)
        self.accepted.extend(records)
        self.batches.append(len(records))
        return [Receipt("test", number) for number, _ in enumerate(records)]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(record.body) for record in self.accepted if record.kind is SignalKind.EVENT]

    @property
    def log_records(self) -> list[dict[str, Any]]:
        """The log records, each as OTLP's JSON, its attributes by name, and its body as JSON has it."""
        requests = [ExportLogsServiceRequest.FromString(record.body) for record in self.accepted if record.kind is SignalKind.LOGS]
        return [_plain(record) for request in requests for holder in request.resource_logs for record in holder.scope_logs[0].log_records]

    @property
    def signals(self) -> list[dict[str, Any]]:
        return [*self.events, *self.log_records]

    @property
    def quarantined(self) -> list[dict[str, Any]]:
        return [json.loads(record.detail) for record in self.accepted if record.kind is SignalKind.QUARANTINE]


def _plain(record: LogRecord) -> dict[str, Any]:
    attributes = {each.key: _value(each.value) for each in record.attributes}
    return {**MessageToDict(record), "attributes": attributes, "body": _value(record.body), "id": record.SerializeToString().hex()}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "kvlist_value":
            return {each.key: _value(each.value) for each in value.kvlist_value.values}
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case None:
            return None
        case name:
            return getattr(value, name)


def context_of(
    settings: dict[str, Any], intake: TestIntake, state: Path, telemetry: Telemetry | None = None, clock: Clock | None = None
) -> ReceiverContext:
    state.mkdir(exist_ok=True)
    source = Source(source="erp", owner="it", lane=Lane.CRITICAL, receiver=settings)
    return ReceiverContext(source, intake, clock or SystemClock(), telemetry or Telemetry(), state)


@contextlib.asynccontextmanager
async def running(receiver: Receiver, context: ReceiverContext) -> AsyncIterator[asyncio.Task[None]]:
    """Run until the block ends, then cancel; a receiver that does not stop within 5 s of a quiet machine fails the test."""
    task = asyncio.create_task(receiver.run(context))
    try:
        yield task
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5 * slowness())
        assert done, "the receiver does not stop when it is cancelled"
        assert task.cancelled(), f"the receiver ended by itself: {task.exception()!r}"


def losing_a_cancellation(call: Callable[..., Awaitable[Any]], instead: Any) -> Callable[..., Awaitable[Any]]:
    """Return ``call`` as a client that loses the first cancellation, and returns ``instead``, as ``asyncio.wait_for`` sometimes does."""
    lost = False

    async def calling(*given: Any, **named: Any) -> Any:
        nonlocal lost
        try:
            return await call(*given, **named)
        except asyncio.CancelledError:
            if lost:
                raise
            lost = True
            return instead

    return calling


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait, and ask for a fifth of the time at most: conditions decode all that was accepted, in the loop in which the receiver works."""
    began = asked = time.monotonic()
    while not condition():
        answered = time.monotonic()
        assert answered - began < seconds * slowness(), "not within the time"
        await asyncio.sleep(max(0.02, 4 * (answered - asked)))
        asked = time.monotonic()
