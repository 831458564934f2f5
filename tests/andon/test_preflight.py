"""What is in the way of a start is named before anything is made: a second Andon, a taken port, an address that others could reach."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.preflight import PORT_SETTINGS, check_inner_host, is_free, require_free_ports, require_single_instance
from core.config import Settings
from core.errors import UsageError
from tests.andon.test_commands import one_line
from tests.command_line import andon
from tests.ports import free_port
from tests.waiting import slowness

HOLDER = """
import sys
from pathlib import Path
from core.file_lock import lock
files = [Path(name).open("ab") for name in sys.argv[1:]]
assert all(lock(file) for file in files)
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held(*files: Path) -> Iterator[int]:
    """A live process that holds locks, and does not give them up for as long as it is asked; give its id."""
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", HOLDER, *map(str, files)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process.pid
        finally:
            process.communicate()


def settings_of(data: Path) -> Settings:
    names = ("otlp_grpc_port", "http_port", "engine_port", "dashboard_port", "dashboard_metrics_port")
    return Settings(data=data, **{name: free_port() for name in names})


@pytest.mark.parametrize(
    ("kind", "file", "said"),
    [
        ("collector", "journal/local/lock", "another collector writes the journal {data}/journal/local"),
        ("engine", "store/status", "the engine has the store in {data} open"),
    ],
)
def test_who_has_journal_or_store_is_named_without_waiting_for_him(tmp_path: Path, kind: str, file: str, said: str) -> None:
    settings = settings_of(tmp_path)
    with held(tmp_path / file) as process:
        began = time.monotonic()
        with pytest.raises(UsageError) as caught:
            require_single_instance(settings, ("collector", "engine", "dashboard"))
        assert time.monotonic() - began < 5.0 * slowness(), "a lock of a live process is never waited for"
        other = "engine" if kind == "collector" else "collector"
        require_single_instance(settings, (other, "dashboard"))
    what, _, who = str(caught.value).partition(": ")
    assert what == said.format(data=tmp_path)
    assert who.startswith("'python -c import sys")
    assert f"' (process {process}); stop it first" in who
    require_single_instance(settings, ("collector", "engine", "dashboard"))


def test_nothing_is_made_by_asking(tmp_path: Path) -> None:
    require_single_instance(settings_of(tmp_path / "data"), ("collector", "engine", "dashboard"))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("command", "file"),
    [("up", "journal/local/lock"), ("demo", "store/status"), ("collect", "journal/local/lock"), ("engine", "store/status")],
)
def test_a_second_one_starts_and_forgets_nothing(tmp_path: Path, command: str, file: str) -> None:
    data = tmp_path / "data"
    names = {"collect": ("otlp-grpc", "http"), "engine": ("http", "engine")}
    ports = [
        f"--{name}-port={free_port()}" for name in names.get(command, ("otlp-grpc", "http", "engine", "dashboard", "dashboard-metrics"))
    ]
    with held(data / file) as process:
        result = andon(command, f"--data={data}", *ports, *(["--fresh"] if command == "demo" else []), folder=tmp_path)
    assert result.returncode == 2
    assert f"(process {process}); stop it first" in one_line(result)
    assert result.stdout == ""
    assert [path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()] == [file]
    assert not os.path.lexists(data / "log")


@pytest.mark.parametrize(
    ("command", "port"),
    [
        ("up", "engine-port"),
        ("demo", "http-port"),
        ("collect", "otlp-grpc-port"),
        ("engine", "engine-port"),
        ("dashboard", "dashboard-port"),
    ],
)
def test_a_port_that_another_holds_is_named_before_anything_is_made(tmp_path: Path, command: str, port: str) -> None:
    names = {
        "collect": ("otlp-grpc-port", "http-port"),
        "engine": ("http-port", "engine-port"),
        "dashboard": ("engine-port", "dashboard-port", "dashboard-metrics-port"),
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = dict.fromkeys(
            names.get(command, ("otlp-grpc-port", "http-port", "engine-port", "dashboard-port", "dashboard-metrics-port")), 0
        )
        ports = {name: taken.getsockname()[1] if name == port else free_port() for name in ports}
        result = andon(command, f"--data={tmp_path / 'data'}", *(f"--{name}={number}" for name, number in ports.items()), folder=tmp_path)
        assert result.returncode == 2
        said = f"port {ports[port]} is in use by '.*' \\(process {os.getpid()}\\); stop it, or choose another port with --{port}"
        assert re.search(said, one_line(result))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in PORT_SETTINGS.items() for name in names])
def test_every_port_in_use_is_named_with_its_holder_and_its_flag(tmp_path: Path, kind: str, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = settings_of(tmp_path).model_copy(update={name: port})
        flag = "--" + name.replace("_", "-")
        said = f"port {port} is in use by '.*' \\(process {os.getpid()}\\); stop it, or choose another port with {flag}$"
        with pytest.raises(UsageError, match=said):
            require_free_ports(settings, (kind,))


def test_a_port_is_looked_at_where_it_will_be_listened_on() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        require_free_ports(Settings(host="127.0.0.2", engine_port=port), ("engine",))
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            require_free_ports(Settings(inner_host="127.0.0.2", engine_port=port), ("engine",))
    with pytest.raises(UsageError, match="set --inner-host and --engine-port"):
        require_free_ports(Settings(inner_host="192.0.2.1"), ("engine",))


def test_a_taken_port_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
    assert is_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "erp.example.com"])
def test_engine_and_dashboard_are_for_this_machine(host: str) -> None:
    with pytest.raises(UsageError, match="reverse proxy") as caught:
        check_inner_host(Settings(inner_host=host))
    assert "\n" not in str(caught.value)
    check_inner_host(Settings(inner_host=host, insecure=True))
    for loopback in ("127.0.0.1", "::1", "localhost"):
        check_inner_host(Settings(inner_host=loopback, host=host))
