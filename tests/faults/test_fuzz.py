"""Mutated requests of every road against the real process: it lives, says a documented status, stays small, and its books balance.

A short round by default; ``ANDON_SOAK_SECONDS`` says how long otherwise. The same again with ``ANDON_SEED``.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.otlp.requests import REQUESTS
from core.signal import Lane, Record, SignalKind
from journal.format import segments
from journal.reader import read_segment
from tests import plain_http
from tests.collector.http.test_events import BATCH, ONE, event
from tests.collector.requests import PROTOBUF, records_in
from tests.collector.test_hostile_bytes import sample
from tests.faults.attack_cost import GROWTH_MAX_BYTES, forget_peak, healthy_sender, memory_bytes
from tests.faults.attacks import EXPORT, JSON, SECRET, Attacker
from tests.faults.bodies import ENCODERS, batch, structured
from tests.faults.recordings import HEAD_BYTES, PREFACE, exported, frames_of_an_export
from tests.product import Product, running
from tests.waiting import wait_until

SECONDS = float(os.environ.get("ANDON_SOAK_SECONDS", "3"))
EXAMPLES = Path(__file__).parents[1] / "data" / "otlp_examples"
STATUSES = {200, 400, 413, 415, 503}
CODES = {"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
TOKENS = (b"{", b"}", b"[", b"]", b'"', b"\\u0000", b"\\ud800", b"1e999", b"-1", b"null", b"\xff", b"\0", b"\x80" * 10, b"9" * 70)
SERVICES = {"traces": "trace.v1.Trace", "logs": "logs.v1.Logs", "metrics": "metrics.v1.Metrics"}
pytestmark = [pytest.mark.xdist_group("fuzz"), pytest.mark.timeout(900 + SECONDS * 2)]


def mutated(chance: random.Random, body: bytes) -> bytes:
    """Return a body with a few bytes changed, cut out, doubled, or replaced by what is awkward."""
    out = bytearray(body)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(out) + 1)
        to = min(len(out), at + chance.choice((0, 1, 2, 8, 40)))
        out[at:to] = chance.choice((b"", out[at:to] * 2, bytes((chance.randrange(256),)), chance.choice(TOKENS)))
    return bytes(out)


def roads() -> list[tuple[str, str, bytes]]:
    """Return path, type and body of good requests: what others wrote, and what holds something in every kind of field."""
    examples = {"trace": "traces", "logs": "logs", "metrics": "metrics"}
    good = [(f"/v1/{kind}", JSON, (EXAMPLES / f"{name}.json").read_bytes()) for name, kind in examples.items()]
    good += [(f"/v1/{kind.value}", PROTOBUF, sample(kind).SerializeToString()) for kind in REQUESTS]
    good += [(f"/v1/{kind.value}", PROTOBUF, body) for kind, body in exported().items()]
    return [*good, ("/v1/events", ONE, structured('{"a": [1, "x"]}')), ("/v1/events", BATCH, batch(3)), ("/v1/events", JSON, b'{"a": 1}')]


def mutated_frames(chance: random.Random, frames: list[bytes]) -> bytes:
    """Return a client's side of an HTTP/2 connection with a few frames changed, left out, doubled or in another order."""
    out = list(frames)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(out))
        head, content = bytearray(out[at][:HEAD_BYTES]), out[at][HEAD_BYTES:]
        what = chance.randrange(5)
        if what == 0:
            head[chance.randrange(HEAD_BYTES)] = chance.choice((0, 1, 255, chance.randrange(256)))
        elif what == 1:
            content = mutated(chance, content)
            head[:3] = len(content).to_bytes(3, "big")
        elif what == 2:
            content = mutated(chance, content)  # and the length is wrong
        elif what == 3:
            out.insert(chance.randrange(len(out) + 1), out[at] * chance.choice((1, 1, 200)))
        else:
            out.insert(chance.randrange(len(out)), out.pop(at))
            continue
        out[at] = bytes(head) + content
    return (PREFACE if chance.random() < 0.95 else mutated(chance, PREFACE)) + b"".join(out)


class Fuzz:
    """Sends, and keeps what was accepted of OTLP in protobuf."""

    def __init__(self, attacker: Attacker, seed: int) -> None:
        self.attacker = attacker
        self.chance = random.Random(seed)
        self.good = roads()
        self.frames = frames_of_an_export(attacker.product.grpc_port, EXPORT, [sample(SignalKind.TRACES).SerializeToString()] * 2)
        self.accepted: list[tuple[str, bytes]] = []
        self.sent = 0

    def once(self) -> None:
        self.sent += 1
        path, content_type, body = self.chance.choice(self.good)
        body = mutated(self.chance, body)
        way = self.chance.randrange(11)
        if way == 10:
            self.connect(mutated_frames(self.chance, self.frames))
        elif way == 0:
            assert self.attacker.webhook(body).status in STATUSES, body
        elif way == 1 and content_type == PROTOBUF:
            service = f"/opentelemetry.proto.collector.{SERVICES[path.removeprefix('/v1/')]}Service/Export"
            assert self.attacker.export(body, kind=service)[0].status in CODES, body
        else:
            encoding = self.chance.choice(list(ENCODERS))
            packed = ENCODERS[encoding](body)
            whole = self.chance.random() < 0.7
            names = {f"ce-{name}": str(value) for name, value in event().items()} if content_type == JSON and path == "/v1/events" else {}
            answer = self.attacker.post(path, packed if whole else mutated(self.chance, packed), content_type, encoding, **names)
            assert answer.status in STATUSES, (path, content_type, encoding, packed, answer)
            if answer.status == 200 and not answer.text and whole and content_type == PROTOBUF:
                self.accepted.append((path.removeprefix("/v1/"), body))

    def connect(self, sent: bytes) -> None:
        """Send bytes to gRPC's port; whatever it says to them, it says it, closes, or waits for more.

        What was sent before may have ended the server: another one takes its port within a moment.
        """
        address = ("127.0.0.1", self.attacker.product.grpc_port)
        with wait_until(lambda: socket.create_connection(address, timeout=60), 60, "the port is open") as opened:
            try:
                opened.sendall(sent)
                opened.shutdown(socket.SHUT_WR)
                while opened.recv(65536):
                    pass
            except OSError as error:
                assert not isinstance(error, TimeoutError), sent  # noqa: PT017 - any other ending is an answer


@pytest.fixture
def attacker(tmp_path: Path) -> Iterator[Attacker]:
    (tmp_path / "catalog" / "sources").mkdir(parents=True)
    (tmp_path / "catalog" / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    source = "source: shop\nowner: desk\nwebhook: {scheme: standard, secrets: ['env:ANDON_TEST_HOOK'], type: 'shop.{type}'}\n"
    (tmp_path / "catalog" / "sources" / "shop.yaml").write_text(source)
    with running(Product(tmp_path / "data", tmp_path / "catalog", {"ANDON_TEST_HOOK": SECRET}), "collect") as product:
        yield Attacker(product)


def counted(attacker: Attacker) -> dict[str, float]:
    """Return the sums of the collector's three counters over all lanes."""
    text = plain_http.get(f"{attacker.product.collector_url}/metrics").text
    names = ("received", "acknowledged", "refused")
    return {name: sum(map(float, re.findall(rf"^andon_{name}_signals_total{{[^}}]*}} (\S+)", text, re.MULTILINE))) for name in names}


def balanced(attacker: Attacker) -> dict[str, float] | None:
    """Return the counters once they balance: the request a sender was stopped in is received, and acknowledged a moment later."""
    books = counted(attacker)
    return books if books["received"] == books["acknowledged"] + books["refused"] > 0 else None


def kept(attacker: Attacker) -> list[Record]:
    """Return what is in the journal."""
    found = (
        stored.record
        for lane in Lane
        for path in segments(attacker.product.data / "journal", lane)
        for stored in read_segment(path, lane, 0, 1 << 40)
    )
    return [record for record in found if record]


def as_read(kind: str, body: bytes) -> tuple[str, bytes]:
    """Return a request as protobuf's own reader understands it; metrics are written anew on their way."""
    return kind, REQUESTS[SignalKind(kind)].FromString(body).SerializeToString(deterministic=True)


def test_mutated_requests_are_taken_or_told(attacker: Attacker) -> None:
    seed = int(os.environ.get("ANDON_SEED", "20260327"))
    logging.getLogger("faults").warning("the same again: ANDON_SEED=%s ANDON_SOAK_SECONDS=%s", seed, SECONDS)
    fuzz = Fuzz(attacker, seed)
    for _ in range(100):
        fuzz.once()
    pid = attacker.product.processes["collect"].pid
    before = memory_bytes(pid)
    forget_peak(pid)
    with healthy_sender(attacker.product.http_port) as healthy:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until or fuzz.sent < 300:
            fuzz.once()
        healthy.wait_for(1, time.monotonic())
        assert {sample.status for sample in healthy.samples} == {200}
    assert attacker.product.processes["collect"].poll() is None
    assert memory_bytes(pid, "VmHWM") - before <= GROWTH_MAX_BYTES
    books = wait_until(lambda: balanced(attacker), 60, "what a sender left under way is on the disk")
    journal = kept(attacker)
    stored = {as_read(record.kind.value, record.body) for record in journal if record.kind in REQUESTS}
    assert [one for one in fuzz.accepted if as_read(*one) not in stored and records_in(SignalKind(one[0]), one[1])] == []
    all_is_loaded(attacker.product, journal)
    logging.getLogger("faults").warning("%s requests, %s of them accepted as they were: %s", fuzz.sent, len(fuzz.accepted), books)


def all_is_loaded(product: Product, journal: list[Record]) -> None:
    """Let an engine load the journal; the store refuses nothing of it, and has every span and every event."""
    product.start("engine")
    wait_until(lambda: not unloaded(product), 600, "the journal is loaded", pause=0.5)
    assert product.query("SELECT kind, message, detail, hex(substring(body, 1, 4000)) FROM quarantine WHERE reason = 'store_refused'") == []
    requests = [REQUESTS[SignalKind.TRACES].FromString(record.body) for record in journal if record.kind is SignalKind.TRACES]
    spans = {
        (span.trace_id, span.span_id)
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    found = product.query("SELECT DISTINCT trace_id, span_id FROM spans")
    assert {(bytes.fromhex(trace), bytes.fromhex(span)) for trace, span in found} >= spans
    events = [json.loads(record.body) for record in journal if record.kind is SignalKind.EVENT]
    named = {(event["source"], event["id"]) for event in events}
    assert set(product.query("SELECT DISTINCT event_source, id FROM events")) >= named


def unloaded(product: Product) -> float:
    """Return how many records of the journal the engine has not loaded yet."""
    text = plain_http.get(f"{product.engine_url}/metrics").text
    return sum(map(float, re.findall(r"^andon_lag_records\{[^}]*\} (\S+)", text, re.MULTILINE)))
