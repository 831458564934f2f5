"""Real senders of syslog, and those who are none."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from andon.preflight import is_free
from collector.receivers import syslog
from collector.receivers.syslog import RECEIVER
from core.errors import WrongSetting
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.ports import free_port
from tests.waiting import wait_until


class Listening:
    """A source that listens, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.intake = TestIntake()
        self.telemetry = Telemetry()
        self.port = free_port()
        self.state = path / "state"

    def run(self, scenario: Callable[[], Awaitable[None]], loop: Any = asyncio, **settings: Any) -> None:
        async def listening() -> None:
            self.telemetry.set(M.RECEIVER_UP, 0, source="erp")
            context = context_of({"type": "syslog", "port": self.port, **settings}, self.intake, self.state, self.telemetry)
            async with running(RECEIVER, context):
                await until(lambda: self.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
                await scenario()

        loop.run(listening())

    def after(self, send: Callable[[], object], wanted: int, **settings: Any) -> list[dict[str, Any]]:
        """Return the log records once ``wanted`` have come of what is sent."""

        async def scenario() -> None:
            await asyncio.to_thread(send)
            await until(lambda: sum(record.count for record in self.intake.accepted) >= wanted)

        self.run(scenario, **settings)
        return self.intake.log_records

    def send(self, *parts: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            for part in parts:
                connection.sendall(part)


@pytest.fixture
def listening(tmp_path: Path) -> Listening:
    return Listening(tmp_path)


@pytest.mark.parametrize("way", [["--tcp"], ["--tcp", "--octet-count"], ["--udp"]])
@pytest.mark.parametrize("form", ["--rfc5424", "--rfc3164"])
def test_logger_is_understood(listening: Listening, way: list[str], form: str) -> None:
    def send() -> None:
        command = ["logger", "-n", "127.0.0.1", "-P", str(listening.port), *way, form, "-t", "posting", "-p", "user.err"]
        for number in (1, 2):
            subprocess.run([*command, f"order {number} – posted"], check=True, timeout=60)

    found = listening.after(send, 2, protocol=way[0].removeprefix("--"))
    assert [(record["body"], record["severityText"]) for record in found] == [(f"order {number} – posted", "err") for number in (1, 2)]
    now = time.time()
    assert all(abs(int(record["timeUnixNano"]) / 1e9 - now) < 3_600 for record in found)


def test_structured_data_of_logger_are_attributes(listening: Listening) -> None:
    command = [
        "logger",
        "-n",
        "127.0.0.1",
        "-P",
        str(listening.port),
        "--tcp",
        "--rfc5424",
        "--sd-id",
        "order@32473",
        "--sd-param",
        'id="4711"',
        "x",
    ]
    (record,) = listening.after(lambda: subprocess.run(command, check=True, timeout=60), 1)
    assert record["attributes"]["order.id"] == "4711"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_handler_of_python_is_understood(listening: Listening, protocol: str) -> None:
    def send() -> None:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        handler = logging.handlers.SysLogHandler(("127.0.0.1", listening.port), socktype=kind)
        handler.append_nul = protocol == "udp"
        handler.emit(logging.LogRecord("erp", logging.WARNING, "", 0, "order 4711\n" if protocol == "tcp" else "order 4711", None, None))
        handler.close()

    (record,) = listening.after(send, 1, protocol=protocol)
    assert (record["body"], record["severityText"]) == ("order 4711", "warning")


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="rsyslog is not installed")
@pytest.mark.parametrize("framing", ["traditional", "octet-counted"])
def test_rsyslog_is_understood(listening: Listening, tmp_path: Path, framing: str) -> None:
    rules, source = tmp_path / "rsyslog.conf", free_port()
    rules.write_text(
        f'global(workDirectory="{tmp_path}")\nmodule(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{source}")\n'
        f'action(type="omfwd" target="127.0.0.1" port="{listening.port}" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"'
        f' TCP_Framing="{framing}" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList")\n'
    )
    command = ["rsyslogd", "-n", "-f", str(rules), "-i", str(tmp_path / "pid")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    stream = b"".join(b"<14>Mar 27 13:00:00 erp posting[1]: order %d\n" % number for number in range(200))

    def send() -> None:
        wait_until(lambda: not is_free("127.0.0.1", source), 30, "rsyslog listens")
        with socket.create_connection(("127.0.0.1", source)) as connection:
            connection.sendall(stream)

    try:
        found = listening.after(send, 200)
    finally:
        server.terminate()
        server.wait(60)
    assert [record["body"].strip() for record in found] == [f"order {number}" for number in range(200)]


@pytest.mark.parametrize("loop", [asyncio, uvloop])
def test_over_tls_only_who_has_a_certificate_is_heard(
    listening: Listening, tmp_path: Path, certificate: tuple[Path, Path], loop: Any
) -> None:
    own, key = certificate  # signed by itself, so that it is its own authority
    stranger = tmp_path / "stranger.pem"
    making = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*making, "-keyout", str(stranger), "-out", str(tmp_path / "cert")], check=True, capture_output=True, timeout=60)
    stranger.write_text(stranger.read_text() + (tmp_path / "cert").read_text())

    def send(text: str, *shown: str) -> None:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{listening.port}", "-quiet", "-no_ign_eof", "-CAfile", str(own), *shown]
        subprocess.run(command, input=f"<14>1 - - - - - - {text}\n".encode(), capture_output=True, timeout=60, check=False)

    async def scenario() -> None:
        await asyncio.to_thread(send, "of nobody")
        await asyncio.to_thread(send, "of a stranger", "-cert", str(stranger), "-key", str(stranger))
        await asyncio.to_thread(send, "order 4711", "-cert", str(own), "-key", str(key))
        await until(lambda: bool(listening.intake.accepted))

    listening.run(scenario, loop, protocol="tls", certificate=str(own), key=str(key), client_ca=str(own))
    assert [record["body"] for record in listening.intake.log_records] == ["order 4711"]


def test_who_wrote_it_is_its_resource_and_two_that_are_alike_stay_two(listening: Listening) -> None:
    message = b"<14>Mar 27 13:00:00 erp posting: again\n"
    found = listening.after(lambda: listening.send(message, message), 2)
    assert len({record["id"] for record in found}) == 2
    assert b"posting" in listening.intake.accepted[0].body


def test_a_message_in_json_is_a_structured_body(listening: Listening) -> None:
    stream = b'<14>1 - - - - - - {"order": {"id": "4711"}}\n<14>1 - - - - - - @cee: {"order": 1}\n'
    found = listening.after(lambda: listening.send(stream), 2)
    assert [record["body"] for record in found] == [{"order": {"id": "4711"}}, {"order": 1}]


def test_hostile_bytes_cost_nothing(listening: Listening) -> None:
    def send() -> None:
        listening.send(b"\xff\xfe\0\x16\x03\x01" * 1_000 + b"\n")
        listening.send(b"99999999 " + b"x" * 100_000)
        listening.send(b"GET / HTTP/1.1\r\n\r\n")
        listening.send(b"<14>1 - - - - - - order 4711\n")

    found = listening.after(send, 4)
    assert "order 4711" in [record["body"] for record in found]
    assert [each["reason"] for each in listening.intake.quarantined] == ["message_too_long"]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_strangers_are_not_heard(listening: Listening, protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario() -> None:
        for _ in range(2):
            if protocol == "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.sendto(b"<14>order", ("127.0.0.1", listening.port))
            else:
                with socket.create_connection(("127.0.0.1", listening.port)) as sender:
                    sender.sendall(b"<14>order\n")
                    assert await asyncio.to_thread(_is_closed, sender)
        await until(lambda: "a sender of syslog is refused" in caplog.messages)

    listening.run(scenario, protocol=protocol, senders=["10.0.0.0/8"])
    assert (caplog.messages.count("a sender of syslog is refused"), listening.intake.accepted) == (1, [])


def test_of_any_number_of_forged_addresses_only_some_are_told(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(syslog, "PEERS_TOLD", 3)
    caplog.set_level(logging.WARNING)

    def send() -> None:
        for last in range(2, 12):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((f"127.0.0.{last}", 0))
                sender.sendto(b"<14>order", ("127.0.0.1", listening.port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<14>the last", ("127.0.0.1", listening.port))

    found = listening.after(send, 1, protocol="udp", senders=["127.0.0.1"])
    assert ([record["body"] for record in found], caplog.messages.count("a sender of syslog is refused")) == (["the last"], 3)


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_there_are_not_too_many_connections(listening: Listening) -> None:
    def send() -> None:
        with socket.create_connection(("127.0.0.1", listening.port)) as first:
            first.sendall(b"<14>one\n")
            while not listening.intake.accepted:
                time.sleep(0.01)
            with socket.create_connection(("127.0.0.1", listening.port)) as second:
                assert _is_closed(second)
            first.sendall(b"<14>two\n")

    assert [record["body"] for record in listening.after(send, 2, connections=1)] == ["one", "two"]


def test_a_silent_connection_gives_way_to_another_and_what_it_began_to_say_is_kept(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send() -> None:
        with (
            socket.create_connection(("127.0.0.1", listening.port)) as first,
            socket.create_connection(("127.0.0.1", listening.port)) as second,
        ):
            for connection in (first, second):
                connection.sendall(b"<14>one\n<14>be")
            wait_until(lambda: len(listening.intake.accepted) == 2, 20, "both are heard")
            second.sendall(b"gun\n")
            wait_until(lambda: len(listening.intake.accepted) == 3, 20, "the second is heard last")
            monkeypatch.setattr(syslog, "SILENT_SECONDS", 0.0)
            listening.send(b"<14>new\n")
            assert _is_closed(first)
            second.sendall(b"<14>still here\n")
            wait_until(lambda: len(listening.intake.accepted) == 6, 20, "all are heard")

    found = [record["body"] for record in listening.after(send, 6, connections=2)]
    assert sorted(found) == ["be", "begun", "new", "one", "one", "still here"]


def test_a_handshake_under_way_becomes_no_connection_once_its_source_has_ended(
    listening: Listening, certificate: tuple[Path, Path]
) -> None:
    own, key = certificate

    async def scenario() -> None:
        listening.telemetry.set(M.RECEIVER_UP, 0, source="erp")
        settings = {"type": "syslog", "port": listening.port, "protocol": "tls", "certificate": str(own), "key": str(key)}
        context = context_of(settings, listening.intake, listening.state, listening.telemetry)
        async with running(RECEIVER, context):
            await until(lambda: listening.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            probe, _ = await asyncio.open_connection("127.0.0.1", listening.port, ssl=ssl._create_unverified_context())
            assert not probe.at_eof(), "whoever came before was taken, too, and waits for its handshake"
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
        assert listening.intake.accepted == []

    asyncio.run(scenario())


def test_a_silent_connection_that_gave_way_ends_with_its_source(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        listening.telemetry.set(M.RECEIVER_UP, 0, source="erp")
        settings = {"type": "syslog", "port": listening.port, "connections": 1}
        context = context_of(settings, listening.intake, listening.state, listening.telemetry)
        async with running(RECEIVER, context):
            await until(lambda: listening.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            _, first = await asyncio.open_connection("127.0.0.1", listening.port)
            first.write(b"<14>one\n<14>be")
            await until(lambda: bool(listening.intake.accepted))
            monkeypatch.setattr(syslog, "SILENT_SECONDS", 0.0)
            listening.intake.blocked = True
            called = listening.intake.calls
            _, second = await asyncio.open_connection("127.0.0.1", listening.port)
            await until(lambda: listening.intake.calls > called)  # the first hands over what it has begun to say
            first.close()
            second.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


@pytest.mark.parametrize("loop", [asyncio, uvloop])
def test_the_system_looks_whether_a_silent_sender_is_still_there(listening: Listening, loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int, int]] = []

    def ask(connection: socket.socket) -> None:
        real(connection)
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        asked.append(
            (
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                *(connection.getsockopt(socket.IPPROTO_TCP, name) for name in names),
            )
        )

    async def scenario() -> None:
        await asyncio.to_thread(listening.send, b"<14>one\n")
        await until(lambda: bool(listening.intake.accepted))

    real = syslog._ask_when_silent
    monkeypatch.setattr(syslog, "_ask_when_silent", ask)
    listening.run(scenario, loop=loop)
    assert asked == [(1, 60, 15, 4)]


def test_no_more_is_read_before_the_journal_has_what_was(listening: Listening) -> None:
    listening.intake.full = 3
    stream = b"".join(b"<14>order %d\n" % number for number in range(20_000))
    found = listening.after(lambda: listening.send(stream), 20_000, messages_per_second=1_000_000)
    assert [record["body"] for record in found] == [f"order {number}" for number in range(20_000)]
    assert max(listening.intake.batches) <= 1
    assert max(record.count for record in listening.intake.accepted) <= syslog.READ_BYTES // 10


def test_datagrams_that_the_system_dropped_are_counted(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.logs.datagrams.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("collector.logs.datagrams.BUFFER_BYTES", 4_096)
    sent = 2_000

    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:  # in this thread, so that nobody reads meanwhile
            for number in range(sent):
                sender.sendto(b"<14>order %d" % number, ("127.0.0.1", listening.port))

        def known() -> float:
            return len(listening.intake.log_records) + listening.telemetry.value(M.DATAGRAMS_DROPPED, source="erp")

        await until(lambda: known() == sent)

    listening.run(scenario, protocol="udp")
    assert listening.telemetry.value(M.DATAGRAMS_DROPPED, source="erp") > 0
    assert listening.telemetry.value(M.SOURCE_GAPS, source="erp") > 0


def test_a_port_that_is_taken_is_tried_again(listening: Listening) -> None:
    taken = socket.create_server(("127.0.0.1", listening.port))

    async def scenario() -> None:
        context = context_of({"type": "syslog", "port": listening.port}, listening.intake, listening.state, listening.telemetry)
        listening.telemetry.set(M.RECEIVER_UP, 1, source="erp")
        async with running(RECEIVER, context):
            await until(lambda: listening.telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            taken.close()
            await until(lambda: listening.telemetry.value(M.RECEIVER_UP, source="erp") == 1)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": "erp"}, "'erp' is no address"),
        ({"host": "0.0.0.0"}, "name under 'senders' who may send"),
        ({"senders": ["10.0.0.1/8"]}, "'10.0.0.1/8' is no network"),
        ({"protocol": "tls"}, "belong together"),
        ({"certificate": "/c", "key": "/k"}, "belong together"),
        ({"client_ca": "/c"}, "'client_ca' is of 'protocol: tls' alone"),
        ({"port": 0}, "'port' is wrong"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongSetting, match=message):
        RECEIVER.validate({"type": "syslog", "port": 6514, **settings})
