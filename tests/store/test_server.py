"""Server mode through a stand-in (see ``tests/servers/clickhouse_stand_in.py``): no ClickHouse server binary can be had here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.config import Settings
from core.errors import Retryable, UsageError
from core.signal import Lane, Record, SignalKind
from store.client import open_store
from store.migrations import migrate, schema_statements
from store.reads.connection import LIMITS, connect_reader, reading, whom
from store.server import scheme_of, server_dsn, why
from store.stages.clocks import StoredClocks
from tests.collector.requests import spans
from tests.ports import free_port
from tests.servers.clickhouse_stand_in import StandIn, clickhouse_stand_in
from tests.store.journals import event, ids, loader_on, write_segment


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with clickhouse_stand_in(tmp_path_factory.mktemp("server"), "andon", "correct horse") as running:
        admin = running.admin()
        admin.command("CREATE TABLE kept (n UInt8) ENGINE = Memory")
        admin.close()
        yield running


@pytest.fixture
def settings(server: StandIn, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", store=server.store(), store_password="correct horse")


def test_a_store_over_http_migrates_loads_and_reads(settings: Settings) -> None:
    store = open_store(settings)
    assert migrate(store) == list(schema_statements())
    traces = Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, event("1").received_at, 3, spans(count=3).SerializeToString())
    write_segment(settings, [event("1", {"text": "é '\\"}), traces, event("2")])
    assert loader_on(store, settings).load().signals == {"event": 2, "traces": 3}
    assert ids(store) == ["1", "2"]
    assert store.frame("SELECT count() AS n FROM spans FINAL WHERE service = {s:String}", {"s": "gateway"})["n"].tolist() == [3]
    store.close()


def test_a_reader_of_a_server_is_limited_and_cannot_write(settings: Settings) -> None:
    with reading(settings) as client:
        for name, value in {**LIMITS, "readonly": 1}.items():
            assert client.query(f"SELECT getSetting('{name}') AS found").result_rows == [(value,)]
        many = ["4711"] * 10_000  # too long for an address: sent as a form
        assert client.query("SELECT length({ids:Array(String)})", parameters={"ids": many}).result_rows == [(10_000,)]
    for write in ("CREATE TABLE intruder (n UInt8) ENGINE = Memory", "DROP TABLE kept"):
        with pytest.raises(Retryable, match="READONLY"), reading(settings) as client:
            client.command(write)
    client = connect_reader(settings)
    with pytest.raises(ClickHouseError, match="READONLY"):
        client.insert("kept", [[1]], column_names=["n"])


def test_what_is_too_long_for_a_form_arrives_as_it_is(settings: Settings, server: StandIn) -> None:
    """A server takes 128 KiB of a parameter; a tick names thousands of transactions at once."""
    admin = server.admin()
    admin.command("CREATE DATABASE long")
    admin.close()
    store = open_store(settings.model_copy(update={"store": server.store("long")}))
    migrate(store)
    text, names = "é ' \\ \n {a:String} " * 40_000, [f"o'Neill \\ {number}" for number in range(20_000)]
    asked = "SELECT hex(SHA256({text:String})) AS hash, length({text:String}) AS bytes, {other:String} AS other"
    found = store.rows(asked, {"text": text, "other": "é ' \\"})
    other = text.replace("{a:", "{text:")
    both = store.rows("SELECT {text:String} = {other:String} AS same, length({other:String}) AS bytes", {"text": text, "other": other})
    assert both == [{"same": 0, "bytes": len(other.encode())}]
    assert found == [{"hash": sha256(text.encode()).hexdigest().upper(), "bytes": len(text.encode()), "other": "é ' \\"}]
    assert store.rows("SELECT {names:Array(String)} AS names, {n:UInt8} AS n", {"names": names, "n": 1}) == [{"names": names, "n": 1}]
    numbers = [2**64 - 1 - number for number in range(10_000)]
    assert store.rows("SELECT sum({numbers:Array(UInt64)}[n]) AS sum FROM (SELECT 10000 AS n)", {"numbers": numbers}) == [
        {"sum": numbers[-1]}
    ]
    many = pd.DataFrame({"flow": "o2c", "transaction_id": [f"o2c-20261124T080000.000Z-{number:08}" for number in range(20_000)]})
    assert StoredClocks(store).clocks_of(many).empty
    store.command("INSERT INTO cursors (stage, position) SELECT 'long', length({text:String})", {"text": text})
    assert store.frame("SELECT position FROM cursors")["position"].tolist() == [len(text.encode())]
    store.close()


def test_who_gives_no_answer_is_told_with_what_to_do(settings: Settings, server: StandIn) -> None:
    at = f"http://andon@127.0.0.1:{server.port}"
    closed = free_port()
    for changed, message in (
        (
            {"store_password": "wrong"},
            f"the ClickHouse server at {at}/default refuses the password in ANDON_STORE_PASSWORD for user 'andon'",
        ),
        (
            {"store_password": ""},
            f"the ClickHouse server at {at}/default requires a password, and ANDON_STORE_PASSWORD is not set, for user 'andon'",
        ),
        (
            {"store": server.store("absent")},
            f"the ClickHouse server at {at}/absent has no database 'absent'; create it there with CREATE DATABASE absent, or correct --store",
        ),
        (
            {"store": f"clickhouse://127.0.0.1:{closed}"},
            f"no ClickHouse server answers at http://default@127.0.0.1:{closed}/default; start it, or correct --store",
        ),
    ):
        wrong = Settings.model_validate(settings.model_dump() | changed)
        for opening in (connect_reader, open_store):
            with pytest.raises(Retryable) as caught:
                opening(wrong)
            assert str(caught.value) == message


def test_a_database_that_no_engine_has_used_is_told(settings: Settings, server: StandIn) -> None:
    admin = server.admin()
    admin.command("CREATE DATABASE empty")
    admin.close()
    with (
        pytest.raises(
            Retryable, match=r"the database 'empty' at .* does not contain Andon's tables; 'andon engine' with this --store creates them"
        ),
        reading(settings.model_copy(update={"store": server.store("empty")})) as client,
    ):
        client.query("SELECT 1 FROM transactions")


@pytest.mark.parametrize(
    ("store", "dsn"),
    [
        ("clickhouse://db.example.com", "http://default@db.example.com:8123/default"),
        ("clickhouse://andon@db.example.com:9000/plant", "http://andon@db.example.com:9000/plant"),
        ("clickhouses://andon@db.example.com/plant", "https://andon@db.example.com:8443/plant"),
        ("clickhouses://a%40b@[::1]:9440/plant/", "https://a%40b@[::1]:9440/plant"),
    ],
)
def test_an_address_is_completed(store: str, dsn: str) -> None:
    assert server_dsn(store) == dsn
    assert whom(Settings(store=store)) == f"the ClickHouse server at {dsn}"


@pytest.mark.parametrize("store", ["postgres://x/y", "clickhouse://", "server", "clickhouse://host:many/x", "clickhouse://u:secret@host/x"])
def test_an_address_of_another_form_is_refused_without_a_password_in_the_words(store: str) -> None:
    with pytest.raises(UsageError) as caught:
        server_dsn(store)
    assert "secret" not in str(caught.value)


def test_a_password_goes_to_a_tls_port_over_tls_only(server: StandIn, settings: Settings) -> None:
    """The stand-in speaks no TLS: what matters is that nothing is asked without it."""
    tls = settings.model_copy(update={"store": server.store().replace("clickhouse:", "clickhouses:")})
    for opening in (connect_reader, open_store):
        with pytest.raises(Retryable, match=r"https://.*SSL"):
            opening(tls)


class CodedError(Exception):
    """An error of the client library, which knows ClickHouse's number."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(said)
        self.code = code


@pytest.mark.parametrize(
    ("code", "said", "with_password", "words"),
    [
        (516, "no", True, "the password in ANDON_STORE_PASSWORD"),
        (516, "no", False, "ANDON_STORE_PASSWORD is not set"),
        (81, "no", True, "has no database 'andon'"),
        (60, "no", True, "Andon's tables"),
        (497, "Not enough privileges", True, "Not enough privileges"),
        (None, "NewConnectionError: refused", True, "no ClickHouse server answers"),
        (None, "odd\n  thing", True, "CodedError: odd thing"),
    ],
)
def test_why_a_server_gave_no_answer_is_one_line_without_a_password(code: int | None, said: str, with_password: bool, words: str) -> None:
    told = why("http://ana@ch:8123/andon", CodedError(code, said), with_password=with_password)
    assert re.search(words, told), told
    assert "\n" not in told
    assert "http://ana@ch:8123/andon" in told


@pytest.mark.parametrize(
    ("dsn", "scheme"),
    [("http://a@b:8123/c", "http"), ("https://a@b:8443/c", "https"), ("chdb:///srv/store", "chdb"), ("chdb://:memory:", "chdb")],
)
def test_the_library_is_told_how_to_speak(dsn: str, scheme: str) -> None:
    assert scheme_of(dsn) == scheme
