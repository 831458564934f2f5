"""Answers for ClickHouse's own clients, and the one that Grafana uses, for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lz4.block
import pytest
from backports import zstd
from clickhouse_cityhash.cityhash import CityHash128

from core.clock import FakeClock
from core.http.guard import Guard
from core.limits import FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import Telemetry
from store.client import Store
from store.read_endpoint.endpoint import Readers, read_endpoint
from store.read_endpoint.native import compressed, greeting
from tests.store.served import served

GO = Path(__file__).parents[2] / "e2e" / "go"
PASSWORD = "correct horse"
HELLO = "SELECT displayName(), version(), revision(), timezone()"


def test_a_greeting_is_in_the_revision_that_was_asked_for() -> None:
    first = greeting(HELLO, "54460", "26.9.1.1")
    assert first is not None
    assert first.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01\x0ddisplayName()\x06String\x00\x05andon\x09version()")
    older = greeting(HELLO, "54405", "26.9.1.1")
    assert older is not None
    assert len(first) - len(older) == 4, "one flag a column"
    assert [greeting(HELLO, protocol, "1") for protocol in ("", "0", "x")] == [None] * 3
    assert greeting("SELECT 1", "54460", "1") is None


@pytest.mark.parametrize("method", ["LZ4", "ZSTD", "", "lz4hc"])
@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_frames_give_back_what_went_in(method: str, size: int) -> None:
    answer = os.urandom(min(size, 1000)) * max(1, size // 1000)
    packed, found = compressed(answer, method), b""
    while packed:
        length, plain = (int.from_bytes(packed[at : at + 4], "little") for at in (17, 21))
        frame, packed = packed[16 : 16 + length], packed[16 + length :]
        assert len(frame) == length
        assert CityHash128(frame) >= 0
        unpack = zstd.decompress if method == "ZSTD" else lambda data, plain=plain: lz4.block.decompress(data, uncompressed_size=plain)
        assert frame[0] == (0x90 if method == "ZSTD" else 0x82)
        found += unpack(frame[9:])
    assert found == answer


@pytest.fixture(scope="module")
def address(engine_folder: Path, admin: Store) -> Iterator[str]:
    admin.command(
        "CREATE TABLE orders (id String, at DateTime64(3, 'UTC'), facts Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY id"
    )
    admin.command(
        "INSERT INTO orders SELECT toString(number), fromUnixTimestamp64Milli(1774605600000 + number), map('plant', 'DE07') FROM numbers(200000)"
    )
    readers = Readers(str(engine_folder))
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    app = read_endpoint(readers, PASSWORD, Guard(FailedAttempts(clock), RejectionLog(clock, Telemetry())))
    with served(app) as url:
        yield url.removeprefix("http://")
    readers.close()
    admin.command("DROP TABLE orders")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of ``tests/e2e/go``, which asks through the release of clickhouse-go that Grafana's data source is built with."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs Go 1.24 or newer, with modules: https://go.dev/dl; then cd tests/e2e/go && go mod download")
    program = tmp_path_factory.mktemp("go") / "ask"
    subprocess.run([go, "build", "-o", program, "."], cwd=GO, check=True, timeout=600)
    return program


def ask(client: Path, address: str, compression: str, *statements: str, password: str = PASSWORD) -> list[dict[str, Any]]:
    """Return what each statement is answered: columns and rows, or the error."""
    lines = "".join(json.dumps(one) + "\n" for one in statements)
    done = subprocess.run(
        [client, address, "andon", password, compression], input=lines, capture_output=True, text=True, timeout=120, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.server
@pytest.mark.parametrize("compression", ["none", "gzip", "lz4", "zstd"])
def test_clickhouse_go_reads_and_understands_errors(client: Path, address: str, compression: str) -> None:
    few, all_of_them, wrong, forbidden, unknown, after = ask(
        client, address, compression,
        "SELECT id, at, facts FROM orders WHERE id IN ('7', '42') ORDER BY id",
        "SELECT id, at FROM orders",
        "SELEC 1",
        "DROP TABLE orders",
        "SELECT * FROM nowhere",
        "SELECT hostName(), count() FROM orders SETTINGS max_threads = 4",
    )  # fmt: skip
    assert few["columns"] == ["id", "at", "facts"]
    assert few["rows"] == [["42", "2026-03-27T10:00:00.042Z", {"plant": "DE07"}], ["7", "2026-03-27T10:00:00.007Z", {"plant": "DE07"}]]
    assert len(all_of_them["rows"]) == 200_000
    for answer, code in ((wrong, 62), (forbidden, 164), (unknown, 60)):
        assert f"Code: {code}. DB::Exception: " in answer["error"]
    assert after["rows"] == [["andon", 200_000]]
    assert "user andon" in ask(client, address, compression, "SELECT 1", password="battery staple")[0]["error"]


GRAFANA = [
    "SELECT version()",
    "SHOW DATABASES",
    'SHOW TABLES FROM "default"',
    "SELECT database, name FROM system.tables ORDER BY database, name",
    "SELECT database, table, name, type, comment FROM system.columns WHERE (database, table) IN (('default', 'orders')) ORDER BY database, table, position",
    'DESC TABLE "default"."orders"',
    'SELECT DISTINCT arrayJoin(facts.keys) as keys FROM "default"."orders" LIMIT 1000',
    "SELECT DISTINCT id FROM default.orders SETTINGS max_execution_time=10",
    "SELECT name, is_aggregate, case_insensitive, alias_to, origin, description FROM system.functions LIMIT 10000",
    "SELECT name, type, table FROM system.columns WHERE database IN ('default')",
    """SELECT toStartOfInterval(toDateTime(at), INTERVAL 60 second) AS time, count() FROM orders
       WHERE at >= toDateTime(1774600000) AND at <= toDateTime(1774700000) GROUP BY time ORDER BY time""",
    """SELECT at as "time", id as "level" FROM "default"."orders" WHERE ( time >= fromUnixTimestamp64Milli(1774600000000)
       AND time <= fromUnixTimestamp64Milli(1774700000000) ) ORDER BY time DESC LIMIT 1000""",
]
"""What its data source sends: its health check, its editor, its filters, and queries with its macros filled in."""


@pytest.mark.server
def test_what_grafana_sends_is_answered(client: Path, address: str) -> None:
    for statement, answer in zip(GRAFANA, ask(client, address, "gzip", *GRAFANA), strict=True):
        assert answer.get("rows"), f"{statement}: {answer}"
