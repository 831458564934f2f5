"""``andon doctor``: each finding by what causes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from andon.addresses import note_addresses
from andon.commands.init import STARTERS
from core.config import Settings
from tests.command_line import ask
from tests.e2e.sinks import http_sink
from tests.ports import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(STARTERS / "orders", tmp_path / "catalog")
    return tmp_path


def examined(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    names = ("otlp-grpc-port", "http-port", "engine-port", "dashboard-port", "dashboard-metrics-port")
    ports = {name: f"--{name}={free_port()}" for name in names}
    for argument in arguments:
        ports.pop(argument[2:].partition("=")[0], None)
    done = ask("doctor", *ports.values(), *arguments, folder=folder)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_a_machine_that_is_fit_says_so(folder: Path) -> None:
    code, lines = examined(folder)
    assert code == 0
    assert not [line for line in lines if line.startswith("problem")]
    assert [line for line in lines if "data folder .andon: not there yet" in line]
    assert examined(folder, "--running") == (1, ["problem  no process of Andon runs here; start one with 'andon up'"])
    assert [line for line in lines if line.startswith("ok       catalog catalog: 1 flow, version ")]
    assert [line for line in lines if "its ports are free" in line] == [
        f"ok       {kind}: does not run; its ports are free" for kind in ("collector", "engine", "dashboard")
    ]


def test_what_keeps_it_from_working_is_a_problem(folder: Path) -> None:
    (folder / "catalog" / "routes.yaml").write_text("channels: 7\n")
    with http_sink() as sink:
        port = sink.url.rpartition(":")[2].strip("/")
        code, lines = examined(folder, f"--engine-port={port}", "--disk-reserve-bytes=1000000000000000")

    assert code == 1
    problems = [line for line in lines if line.startswith("problem")]
    assert [problem.split()[1] for problem in problems] == ["the", "catalog:", "engine:"]
    assert "the disk of .andon is full; free some space there" in problems[0]
    assert "routes.yaml:1:11" in problems[1]
    assert "engine: runs and is not ready" in problems[2] or f"port {port} is in use by" in problems[2]


def test_what_listens_there_for_another_data_folder_is_told_apart(folder: Path) -> None:
    with http_sink() as sink:
        port = int(sink.url.rpartition(":")[2].strip("/"))
        arguments = (f"--data={folder / 'own'}", f"--engine-port={port}")
        said = [line for line in examined(folder, *arguments)[1] if "engine: " in line]
        assert len(said) == 1
        assert said[0].startswith(f"problem  engine: port {port} is in use by ")
        assert f"which is not of the data folder {folder / 'own'}; name its own with --data" in said[0]

        (folder / "own").mkdir(mode=0o700)
        note_addresses(Settings(data=folder / "own", engine_port=port), "engine")
        assert not [line for line in examined(folder, *arguments)[1] if "not of the data folder" in line]
    assert "not of the data folder" not in examined(folder, "--running", *arguments)[1][0], "a container's health check is not to guess"


def test_what_works_although_it_should_not_stay_is_a_warning(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    (folder / "catalog" / "routes.yaml").write_text("channels: {}\nroutes: []\n")
    code, lines = examined(folder, f"--data={data}")

    assert code == 0
    warnings = [line for line in lines if line.startswith("warning")]
    assert [line for line in warnings if f"data folder {data} is open to other users: chmod 700 {data}" in line]
    assert [line for line in warnings if "there is no channel, so nobody is notified" in line]
    assert [line for line in lines if "a byte is on disk after" in line]
