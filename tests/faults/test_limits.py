"""Every limit that docs/operating.md names, against the real process: what is sent at it and beyond it, what that costs memory and the
others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from andon.process import raise_open_files_limit
from collector.otlp.requests import RESPONSES
from core.signal import SignalKind
from tests.collector.http.test_events import BATCH, ONE
from tests.collector.requests import PROTOBUF, spans
from tests.faults.attack_cost import GRPC_GROWTH_MAX_BYTES, Healthy, healthy_sender, held, measure, note
from tests.faults.attacks import (
    JSON,
    LIMIT_BYTES,
    MEBIBYTE,
    SECRET,
    Answer,
    Attacker,
    Case,
    at_once,
    beyond_failures,
    endless,
    going_on,
    many_streams,
    one_connection_too_many,
    silent_grpc_connections,
    silent_streams,
    slow_bodies,
    slow_heads,
    too_large_a_catalog,
)
from tests.faults.bodies import (
    ENCODERS,
    batch,
    crowded,
    empty,
    head,
    long_text,
    many_attributes,
    members,
    nested,
    nested_json,
    ordinary,
    otlp_json,
    records,
    structured,
)
from tests.product import Product, running

pytestmark = pytest.mark.alone

SOURCE = "source: shop\nowner: desk\nwebhook: {scheme: standard, secrets: ['env:ANDON_TEST_HOOK'], type: 'shop.{type}'}\n"
OWNERS = "owners: {desk: {title: Desk, email: desk@example.com}}\n"


BODY = "body over HTTP, as sent and decompressed"
LARGE = "large bodies at once (above 512 KiB, or compressed to more than 128 KiB or from more than 512 KiB)"
RECORD = "one span, log record or data point of a large request"
MESSAGE = "message over gRPC, decompressed"
HEAD = "head of a request"
SAYS = "content of a request's head"
NAME = "name and origin of a request"
BESIDE = "overhead of a body (trailers, chunk sizes)"
GOES_ON = "body that continues after its request was answered"
READING = "reading a body"
CONNECTIONS = "connections over HTTP"
GRPC_CONNECTIONS = "connections over gRPC"
STREAMS = "streams of one gRPC connection"
GRPC_READING = "reading a message over gRPC"
CREDENTIALS = "wrong credentials from one address"
JSON_ = "JSON"
MEMBERS = "compressed body"
NESTED = "value of an OTLP attribute"
PARTS = "total content of an OTLP request"
ATTRIBUTES = "span, log record, data point; event or link of a span"
ORIGINS = "resource, scope"
TEXTS = "text anywhere in an OTLP record, resource or scope, including arrays and key-value lists"
CATALOG = "catalog file"
HOST = b"host: 127.0.0.1"
TYPE = f"content-type: {PROTOBUF}".encode()
CHUNKED = b"transfer-encoding: chunked"
OTHER_SECRET = "whsec_b2xkIHNlY3JldA=="


def sent(name: str, make: Callable[[], bytes], path: str = "/v1/traces", content_type: str = PROTOBUF, encoding: str = "") -> Any:
    """Return the attack that posts this body."""
    return lambda attacker: attacker.post(path, attacker.body(name + encoding, lambda: ENCODERS[encoding](make())), content_type, encoding)


def exported(name: str, make: Callable[[], bytes], count: int = 1, compression: Any = None) -> Any:
    """Return the attack that sends this message over gRPC."""
    return lambda attacker: attacker.export(*[attacker.body(name, make)] * count, compression=compression)


def json_spans_of(count: int) -> bytes:
    return b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b",".join([b"{}"] * count) + b"]}]}]}"


def eight(name: str, make: Callable[[], bytes], encoding: str) -> Any:
    """Return the attack that posts eight such bodies at once, each of which is refused or told to come again."""
    one = sent(name, make, encoding=encoding)

    def attack(attacker: Attacker) -> Answer:
        one(attacker)  # makes the body
        others = [answer for answer in at_once(8, lambda: one(attacker)) if answer.status not in {400, 503}]
        return others[0] if others else Answer("told")

    return attack


def forty(make: Callable[[], bytes], *said: str) -> Any:
    """Return the attack that sends a message forty times at once over one connection; each is taken, refused or told to come again."""

    def attack(attacker: Attacker) -> Answer:
        answers = attacker.export(*[attacker.body(str(make), make)] * 40)
        others = [answer for answer in answers if answer.status not in said]
        return others[0] if others else Answer("answered")

    return attack


def member_attack(encoding: str, count: int) -> Any:
    return lambda attacker: attacker.post(
        "/v1/traces", attacker.body(f"{encoding}{count}", lambda: members(encoding, count)), PROTOBUF, content_encoding=encoding
    )


def json_spans(size_bytes: int) -> bytes:
    return otlp_json(count=9000, name='"' + "x" * (size_bytes // 9000 - 200) + '"')


CASES = [
    Case(BODY, "beyond it", sent("21", lambda: bytes(LIMIT_BYTES + 1)), 413),
    Case(BODY, "beyond it, in chunks", lambda attacker: attacker.post("/v1/traces", (bytes(MEBIBYTE) for _ in range(21)), PROTOBUF), 413),
    *(
        Case(
            BODY, f"20 MiB of spans{encoding and ' in '}{encoding}", sent("20", lambda: ordinary(LIMIT_BYTES, 9000), encoding=encoding), 200
        )
        for encoding in ENCODERS
    ),
    Case(BODY, "beyond it, an event", sent("5e", lambda: structured(f'"{"x" * 5 * MEBIBYTE}"'), "/v1/events", ONE), 413),
    *(
        Case(
            LARGE,
            f"eight of 20 MB{encoding and ' in '}{encoding}",
            eight("resources", lambda: empty("resource", 10_000_000), encoding),
            "told",
        )
        for encoding in ("", "gzip")
    ),
    Case(MESSAGE, "20 MiB of spans", exported("20", lambda: ordinary(LIMIT_BYTES, 9000)), "OK", growth_max_bytes=GRPC_GROWTH_MAX_BYTES),
    Case(MESSAGE, "beyond it", exported("21", lambda: bytes(LIMIT_BYTES + 1)), "RESOURCE_EXHAUSTED"),
    Case(
        MESSAGE,
        "far beyond it, in gzip",
        exported("200", lambda: bytes(200 * MEBIBYTE), compression=grpc.Compression.Gzip),
        "RESOURCE_EXHAUSTED",
    ),
    Case(
        STREAMS,
        "40 of 20 MiB",
        forty(lambda: ordinary(LIMIT_BYTES, 9000), "OK", "UNAVAILABLE"),
        "answered",
        growth_max_bytes=GRPC_GROWTH_MAX_BYTES,
    ),
    Case(STREAMS, "40 of 4 MB", forty(lambda: ordinary(4_000_000, 2000), "OK", "UNAVAILABLE"), "answered"),
    Case(
        STREAMS,
        "40 of 4 MB with 1,900,000 empty spans",
        forty(lambda: empty("span", 1_900_000), "INVALID_ARGUMENT", "UNAVAILABLE"),
        "answered",
    ),
    Case(HEAD, "16 KiB", lambda attacker: attacker.raw(head(b"x: " + b"y" * 17_000)), 431),
    *(
        Case(HEAD, f"an endless {name}", lambda attacker, begin=begin: endless(attacker.product.http_port, begin), "closed")
        for name, begin in (("URL", b"POST /"), ("name", head()[:-2]), ("value", head()[:-2] + b"x: "))
    ),
    Case(HEAD, "100 fields", lambda attacker: attacker.raw(head(*[b"x: y"] * 101)), 431),
    Case(HEAD, "URL 8 KiB", lambda attacker: attacker.raw(head(path=b"/" + b"y" * (8 << 10))), 431),
    Case(HEAD, "never ends", lambda attacker: slow_heads(attacker, 200), 408, patient=True),
    Case(SAYS, "two hosts", lambda attacker: attacker.raw(head(b"host: b")), 400),
    Case(SAYS, "not ASCII", lambda attacker: attacker.raw(head(b"x: \xff")), 400),
    Case(NAME, "another's name", lambda attacker: attacker.raw(head().replace(HOST, b"host: shop.example")), 421),
    Case(NAME, "another's page", lambda attacker: attacker.raw(head(b"origin: https://shop.example")), 403),
    Case(READING, "trickles", lambda attacker: slow_bodies(attacker, 200), 408, patient=True),
    Case(GOES_ON, "a body", lambda attacker: going_on(attacker, head(TYPE, b"content-length: 1000000000"), bytes(1000)), 413, patient=True),
    *(
        Case(BESIDE, f"an endless {name}", lambda attacker, begin=begin: endless(attacker.product.http_port, begin), "closed")
        for name, begin in (("trailer", head(TYPE, CHUNKED) + b"0\r\nx: "), ("length of a chunk", head(TYPE, CHUNKED) + b"1;"))
    ),
    Case(CONNECTIONS, "1,020", one_connection_too_many, 503, "retry-after: 5"),
    Case(GRPC_CONNECTIONS, "1,020", silent_grpc_connections, "closed", patient=True),
    Case(STREAMS, "300 at once", many_streams, "taken or told"),
    Case(GRPC_READING, "60 that send nothing", silent_streams, "UNAVAILABLE", patient=True),
    *(
        Case(CREDENTIALS, name, lambda attacker, guess=guess, wrong=wrong: beyond_failures(lambda: guess(attacker), wrong), status)
        for name, wrong, status, guess in (
            ("guessing", 401, 503, lambda attacker: attacker.post("/v1/traces", b"x", PROTOBUF, authorization="Bearer guess")),
            (
                "guessing over gRPC",
                "UNAUTHENTICATED",
                "UNAVAILABLE",
                lambda attacker: attacker.export(b"x", authorization="Bearer guess")[0],
            ),
            ("forging", 401, 503, lambda attacker: attacker.webhook(b"{}", secret=OTHER_SECRET)),
        )
    ),
    Case(JSON_, "64 levels", sent("64l", lambda: structured("[" * 63 + "]" * 63), "/v1/events", ONE), 200),
    Case(JSON_, "65 levels", sent("65l", lambda: structured("[" * 64 + "]" * 64), "/v1/events", ONE), 400, "64 levels"),
    Case(JSON_, "64 digits", sent("64d", lambda: structured("1" * 64), "/v1/events", ONE), 200),
    *(
        Case(JSON_, name, sent(name, make, path, form), status, says)
        for name, make, path, form, status, says in (
            ("4 MB of spans", lambda: json_spans(4_000_000), "/v1/traces", JSON, 200, ""),
            ("150,000 empty spans", lambda: json_spans_of(150_000), "/v1/traces", JSON, 400, "300000 values"),
            ("4 MB in an event", lambda: structured(f'"{"x" * 4_000_000}"'), "/v1/events", ONE, 200, ""),
            ("4 MB beyond ASCII", lambda: structured(f'"{"x" * 4_000_000}\U0001f600"'), "/v1/events", ONE, 200, ""),
            ("4 MB of escapes", lambda: structured(f'"{chr(92)}ud800{(chr(92) + "ud800") * 660_000}"'), "/v1/events", ONE, 200, ""),
            ("4 MB of [", lambda: b"[" * 4_000_000, "/v1/events", ONE, 400, "64 levels"),
            ("10,000 events in a batch", lambda: batch(10_000), "/v1/events", BATCH, 200, '"accepted":10000'),
            ("100,000 values", lambda: structured(f"[{','.join(['1'] * 99_980)}]"), "/v1/events", ONE, 200, ""),
            ("100,020 values", lambda: structured(f"[{','.join(['1'] * 100_020)}]"), "/v1/events", ONE, 400, "100000 values"),
        )
    ),
    Case(
        JSON_,
        "4 MB in a webhook",
        lambda attacker: attacker.webhook(attacker.body("hook", lambda: b'{"a": "%s"}' % (b"x" * 4_000_000))),
        200,
    ),
    Case(JSON_, "65 digits", sent("65d", lambda: structured("1" * 65), "/v1/events", ONE), 400, "64 digits"),
    *(
        Case(MEMBERS, f"{count:,} in {name}", member_attack(name, count), status)
        for name in ("gzip", "zstd")
        for count, status in ((1000, 200), (1001, 400), (300_000, 400))
    ),
    Case(NESTED, "47 arrays", sent("a47", lambda: nested("array", 47)), 200),
    Case(NESTED, "48 arrays", sent("a48", lambda: nested("array", 48)), 400),
    Case(NESTED, "32 key-value lists", sent("k32", lambda: nested("kvlist", 32)), 400),
    Case(NESTED, "19 arrays in JSON", sent("j19", lambda: nested_json("array", 19), content_type=JSON), 400),
    *(
        Case(
            PARTS,
            f"{count:,} {kind.value}",
            sent(f"{kind.value}{count}", lambda kind=kind, count=count: records(kind, count), f"/v1/{kind.value}"),
            200,
        )
        for kind in SignalKind
        if kind in RESPONSES
        for count in (10_001, 100_000)
    ),
    Case(PARTS, "500,000 attributes of 10,000 spans", sent("500000", lambda: many_attributes(10_000, 50)), 200),
    Case(PARTS, "499,990 empty spans", sent("e499990", lambda: empty("span", 499_990)), 200, "499990 of otlp_bad_id"),
    Case(RECORD, "5 MiB of text", sent("5t", lambda: long_text("attribute", 5 * MEBIBYTE)), 400, "4194304 bytes"),
    Case(RECORD, "2 MiB of text in a resource", sent("2r", lambda: long_text("resource", 2 * MEBIBYTE)), 400, "1048576 bytes"),
    *(
        Case(PARTS, f"{count:,} empty {name}{encoding and ' in '}{encoding}", sent(name, make, encoding=encoding), 400, "may hold")
        for name, count, make in (
            ("spans", 2_090_000, lambda: empty("span", 2_090_000)),
            ("resources", 10_000_000, lambda: empty("resource", 10_000_000)),
            ("links", 9_000_000, lambda: empty("link", 9_000_000)),
        )
        for encoding in ("", "gzip")
    ),
    *(
        Case(limit, f"129 of a {place}", sent(f"{place}129", lambda p=place: crowded(p, 129)), 200, "128 attributes")
        for limit, places in ((ATTRIBUTES, ("span", "event", "link")), (ORIGINS, ("resource", "scope")))
        for place in places
    ),
    *(
        Case(TEXTS, f"65 KiB in a {place}", sent(f"{place}65", lambda p=place: long_text(p, 65 << 10)), 200)
        for place in ("name", "inner", "resource")
    ),
    Case(CATALOG, "all of it at once", too_large_a_catalog, "refused", "all told", patient=True),
]


@pytest.fixture(scope="module")
def attacker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacker]:
    """A collector that every road has been taken to."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "catalog" / "sources").mkdir(parents=True)
    (folder / "catalog" / "sources" / "shop.yaml").write_text(SOURCE)
    (folder / "catalog" / "owners.yaml").write_text(OWNERS)
    raise_open_files_limit()
    # as a shell begins: with 1,024 open files
    few = ("prlimit", "--nofile=1024:", "--")
    with running(Product(folder / "data", folder / "catalog", {"ANDON_TEST_HOOK": SECRET}, wrapper=few), "collect") as product:
        attacker = Attacker(product)
        for _ in range(20):
            roads = [
                attacker.post("/v1/traces", spans(count=10).SerializeToString(), PROTOBUF),
                attacker.post("/v1/traces", attacker.body("large", lambda: ordinary(MEBIBYTE, 500)), PROTOBUF),
                attacker.post("/v1/logs", ENCODERS["gzip"](records(SignalKind.LOGS, 10)), PROTOBUF, "gzip"),
                attacker.post("/v1/metrics", ENCODERS["zstd"](records(SignalKind.METRICS, 10)), PROTOBUF, "zstd"),
                attacker.post("/v1/traces", otlp_json(), JSON),
                attacker.post("/v1/events", batch(10), BATCH),
                attacker.webhook(b"{}"),
                *attacker.export(spans(count=10).SerializeToString()),
            ]
            assert {answer.status for answer in roads} == {200, "OK"}
        yield attacker


@pytest.fixture(scope="module")
def healthy(attacker: Attacker) -> Iterator[Healthy]:
    with healthy_sender(attacker.product.http_port) as sender:
        yield sender


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.limit}: {case.name}")
def test_a_limit_costs_neither_memory_nor_the_others(attacker: Attacker, healthy: Healthy, case: Case) -> None:
    attacker.forget()
    measured = measure(attacker.product.processes["collect"].pid, healthy, lambda: case.attack(attacker), case.windows)
    note(f"{case.limit}: {case.name}", measured)
    answers = [one for answer in measured.answers for one in (answer if isinstance(answer, list) else [answer])]
    assert [answer for answer in answers if answer.status != case.status or case.says not in answer.text] == []
    assert held(measured, case.growth_max_bytes) == ""
