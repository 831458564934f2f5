"""The units and compose files in ``deploy``: what Andon makes of their commands and settings, and what systemd and Compose's schema say."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_settings
from tests.command_line import ask

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_with_settings_that_there_are(unit: Path) -> None:
    found = configparser.ConfigParser(strict=False)
    found.read(unit, encoding="utf-8")
    program, verb, *options = found["Service"]["ExecStart"].split()
    assert (program, options) == ("/opt/andon/bin/andon", ["--config", "/etc/andon/andon.toml"])
    assert ask(verb, "--help", folder=FOLDER).returncode == 0
    settings = load_settings(FOLDER / "andon.toml")
    assert settings.data == Path("/var/lib") / found["Service"]["StateDirectory"]
    assert {UNITS[0].stem, *(found["Unit"]["After"].split())} <= {one.stem for one in UNITS} | {"network-online.target"} | {
        f"{one.stem}.service" for one in UNITS
    }


def test_the_commands_of_the_page_are_commands_with_these_options_run_as_the_services_are() -> None:
    page = (FOLDER.parents[1] / "docs" / "production.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^(.*)/opt/andon/bin/andon (\w+)(.*)$", page)
    assert {verb for _, verb, _ in commands} == {"init", "doctor", "backup"}
    for before, verb, rest in commands:
        assert re.search(r"(sudo -u andon|\* {2}andon {2})\s*$", before), f"{verb}: what another user writes, the services may not read"
        told = ask(verb, "--help", folder=FOLDER).stdout
        assert all(option in told for option in re.findall(r"--\w+", rest)), (verb, rest)


def test_systemd_accepts_them(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze: apt package systemd")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/andon/bin/andon", "/bin/true").replace("User=andon\n", "")
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run([program, "verify", *tmp_path.glob("*.service")], capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "andon-" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_compose_would_take_the_compose_files(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text("services: {andon: {image: andon, restarts: always}}\n")
    files = sorted(FOLDER.parent.glob("compose.*.yaml"))
    assert [_keeps_to_the_schema(*files), _keeps_to_the_schema(wrong)] == [True, False]


def _keeps_to_the_schema(*files: Path) -> bool:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *files]
    return subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0
