"""Content encodings: what they carry is taken as it is, and neither a bomb nor a broken body costs more than its bound."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from collections.abc import Callable

import cramjam
import lz4.frame
import pytest
from backports import zstd

from collector.http.encoding import decode
from collector.rejection import Rejection
from tests.collector.conftest import Running
from tests.collector.http.test_otlp import quarantined
from tests.collector.requests import PROTOBUF, spans


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("zstd", zstd.compress),
        ("zlib", zlib.compress),
        ("lz4", lz4.frame.compress),
        ("lz4", lambda body: lz4.frame.compress(body[:50]) + lz4.frame.compress(body[50:])),
        ("snappy", lambda body: bytes(cramjam.snappy.compress_raw(body))),
        ("snappy", lambda body: bytes(cramjam.snappy.compress(body))),
        ("x-snappy-framed", lambda body: bytes(cramjam.snappy.compress(body))),
        ("identity", bytes),
        ("UTF-8", bytes),
    ],
)
def test_encodings(collector: Running, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    body = spans(count=40).SerializeToString()
    assert collector.post("/v1/traces", encode(body), PROTOBUF, content_encoding=encoding).status_code == 200
    assert collector.records()[0].body == body


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(gzip.compress(body)) * 2000),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("lz4", lz4.frame.compress),
        ("snappy", lambda body: bytes(cramjam.snappy.compress_raw(body))),
        ("snappy", lambda body: bytes(cramjam.snappy.compress(body))),
    ],
)
def test_a_bomb_is_refused_and_not_kept(collector: Running, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(300 << 20) if encoding == "zstd" else bytes(64 << 20))
    answer = collector.post("/v1/traces", bomb, "application/json", content_encoding=encoding)
    assert answer.status_code in ({413} if len(bomb) < 10 << 20 else {413, 400})
    assert not collector.records() or answer.status_code == 400


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("lz4", lz4.frame.compress),
        ("snappy", lambda body: bytes(cramjam.snappy.compress_raw(body))),
        ("snappy", lambda body: bytes(cramjam.snappy.compress(body))),
    ],
)
def test_truncated_and_mislabelled_bodies_are_kept(collector: Running, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    body = spans(count=40).SerializeToString()
    packed = encode(body)
    for broken in (packed[:-5], body, b"\0" * 20, packed + b"rubbish"):
        answer = collector.post("/v1/traces", broken, "application/json", content_encoding=encoding)
        assert (answer.status_code, answer.json()["field"]) == (400, "content-encoding")
    assert [kept for _, kept in quarantined(collector)] == [packed[:-5], body, b"\0" * 20, packed + b"rubbish"]


@pytest.mark.parametrize("nothing", [gzip.compress(b""), zstd.compress(b"")], ids=["gzip", "zstd"])
def test_members_that_hold_nothing_have_an_end(nothing: bytes) -> None:
    body = spans(count=40).SerializeToString()
    encoding, packed = ("gzip", gzip.compress(body)) if nothing[:2] == b"\x1f\x8b" else ("zstd", zstd.compress(body))
    assert decode(nothing * 999 + packed, encoding, 1 << 20) == body
    began = time.process_time()
    with pytest.raises(Rejection, match="more than 1000 compressed members") as caught:
        decode(nothing * 1_000_000, encoding, 1 << 20)
    assert caught.value.status == 400
    assert time.process_time() - began < 5  # it was minutes


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_end_anywhere(encoding: str) -> None:
    """The body is decoded in slices; where a member ends in one must not matter."""
    compress = {"gzip": lambda part: gzip.compress(part, 1), "zstd": zstd.compress}[encoding]
    chance = random.Random(7)
    parts = [chance.randbytes(chance.choice([0, 1, 511, 512, 600, 70_000])) for _ in range(60)]
    packed = b"".join(map(compress, parts))
    assert decode(packed, encoding, 4 << 20) == b"".join(parts)
    assert decode(packed, encoding, sum(map(len, parts))) == b"".join(parts)
    with pytest.raises(Rejection) as caught:
        decode(packed, encoding, sum(map(len, parts)) - 1)
    assert caught.value.status == 413


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip", "x" * 500])
def test_unknown_encodings(collector: Running, encoding: str) -> None:
    assert collector.post("/v1/traces", b"x", PROTOBUF, content_encoding=encoding).status_code == 415
