"""Input for tests: recorded runs of the plant with their ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from core.clock import EPOCH
from core.signal import SignalKind
from plant.emit import Emitter, Outgoing
from plant.faults import Fault
from plant.model import Model, Schedule
from plant.signal import Happening, Truth


@dataclass(frozen=True, slots=True)
class Input:
    """One signal as it goes over the wire: an OTLP request with one span or log record (protobuf), or one CloudEvent (JSON).

    OTLP bodies of the same kind can be concatenated into one valid request. Its fields are those of a journal record.
    """

    kind: SignalKind
    service: str
    body: bytes


@dataclass(frozen=True)
class Recording:
    """A run of the plant: what was sent, in the order it was sent, and what really happened."""

    inputs: tuple[Input, ...]
    ledger: tuple[Truth, ...]


def record(transactions: int, start: datetime, seed: int = 7, rate: float = 120, faults: Sequence[Fault] = ()) -> Recording:
    """Record the first ``transactions`` of a plant that goes live at ``start`` (aware), each to its end."""
    model = Model(seed, start, rate, faults)
    happenings = list(islice(model.arrivals(), transactions))
    return Recording(_inputs(happenings, f"{seed}/{start.isoformat()}"), tuple(happening.truth for happening in happenings))


def _inputs(happenings: list[Happening], seed: str) -> tuple[Input, ...]:
    emitter = Emitter(seed)
    schedule = Schedule()
    for happening in happenings:
        schedule.add(happening.signals)
    forever = EPOCH + timedelta(days=365_000)
    for signal in schedule.until(forever):
        emitter.take(signal)
    inputs = tuple(_input(outgoing) for outgoing in emitter.ready(forever))
    emitter.close()
    return inputs


def _input(outgoing: Outgoing) -> Input:
    if isinstance(outgoing.data, ReadableSpan):
        return Input(SignalKind.TRACES, outgoing.service, encode_spans([outgoing.data]).SerializeToString())
    if isinstance(outgoing.data, ReadableLogRecord):
        return Input(SignalKind.LOGS, outgoing.service, encode_logs([outgoing.data]).SerializeToString())
    return Input(SignalKind.EVENT, outgoing.service, json.dumps(outgoing.data, ensure_ascii=False, separators=(",", ":")).encode())
