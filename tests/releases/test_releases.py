"""What a release wrote is opened, read, rebuilt and gone on from by every later one; what it applied to stores never changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.releases.content import as_known_to
from tests.releases.make import RELEASES, checksums

ALL = sorted(folder.name for folder in RELEASES.iterdir() if (folder / "schema.sha256").is_file())
WITHOUT_ANSWER = {
    "discovery.paths",
    "discovery.fields",
    "discovery.is_deep",
    "incident_findings.changes",
    "discovery.sample",
    "resubmission.begun_since",
    "resubmission.dead_letters",
    "resubmission.given_up",
    "resubmission.history",
    "resubmission.offered",
    "source_troubles.gaps",
    "source_troubles.unread",
    "source_troubles.untold",
    "accounting.losses",
    "accounting.lost_since",
    "incident_findings.first_errors",
    "incident_findings.outstanding",
    "incident_findings.similar",
    "incident_findings.victims",
    "leadership.slowest",
    "detail.usual",
    "origins.expected",
    "origins.pauses",
    "queues.latest",
    "origins.keyless",
    "origins.not_numbers",
    "origins.texts",
    "saved_views.views",
    "search.suggested",
}
"""Reads of what the data of releases does not hold."""


def released(release: str) -> dict[str, str]:
    """Return the checksums of a release by name."""
    lines = (RELEASES / release / "schema.sha256").read_text(encoding="utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split("  ") for line in lines)}


def test_there_is_a_release() -> None:
    assert "0.1.0" in ALL


@pytest.mark.parametrize("release", ALL)
def test_no_released_statement_of_the_schema_changes(release: str) -> None:
    """A store that has applied it applies it no more: write a new file with the next free number instead."""
    now = checksums()
    assert {name: now.get(name) for name in released(release)} == released(release)
    assert all(name > max(released(release)) for name in now.keys() - released(release).keys()), (
        "a new file comes after all that is released"
    )


@pytest.fixture
def held(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the store of a release held at its end."""
    whole: dict[str, Any] = json.loads((RELEASES / request.param / "content.json").read_text(encoding="utf-8"))
    return whole


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The data folder of a release with its catalog, unpacked."""
    with tarfile.open(RELEASES / request.param / "data.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


def opened(folder: Path, held: dict[str, Any]) -> dict[str, Any]:
    """Go on from the folder in a process of its own."""
    command = [sys.executable, "-m", "tests.releases.opened", str(folder), held["now"]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


EACH = pytest.mark.parametrize(("folder", "held"), [(release, release) for release in ALL], indirect=True, ids=ALL)


@EACH
def test_its_data_folder_is_opened_read_and_gone_on_from(folder: Path, held: dict[str, Any]) -> None:
    found = opened(folder, held)
    assert "rebuilt" not in found
    assert as_known_to(held["tables"], found["tables"]) == held["tables"]
    assert {name for name, size in found["reads"].items() if not size} == WITHOUT_ANSWER
    assert found["verdicts"]["5"][-2:] == ["breached", "met_late"]
    assert found["verdicts"]["new"] == ["running"]


@EACH
def test_its_journal_rebuilds_its_store(folder: Path, held: dict[str, Any]) -> None:
    shutil.rmtree(folder / "data" / "store")
    found = opened(folder, held)
    assert found["rebuilt"] > 0
    assert as_known_to(held["tables"], found["tables"]) == held["tables"]
