"""Every catalog to begin with is one: it holds no mistake, nothing to warn of but what is the user's, and its own tests pass."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from andon.commands.init import STARTERS, command, starters
from collector.format import Document
from core.errors import UsageError
from tests.collector.formats.reading import data, read
from tests.command_line import ask


@pytest.mark.usefixtures("one_store")
@pytest.mark.parametrize("starter", starters())
def test_a_catalog_to_begin_with_is_complete_and_its_tests_pass(starter: str, tmp_path: Path) -> None:
    made = ask("init", "made", starter, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert {file.relative_to(tmp_path / "made") for file in (tmp_path / "made").rglob("*.*")} == {
        file.relative_to(STARTERS / starter) for file in (STARTERS / starter).rglob("*.*")
    }

    checked = ask("check", "made", folder=tmp_path)
    yours = r"warning: (not readable here: |source '[\w-]+': the folder '/srv/)"  # secrets and folders, which no catalog brings
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if not re.match(yours, line)]) == (0, [])

    tests = sorted(str(file) for file in (tmp_path / "made" / "tests").glob("*.yaml"))
    passed = ask("sla", "test", "--catalog", "made", *tests, folder=tmp_path)
    assert tests
    assert passed.returncode == 0, passed.stdout
    assert passed.stdout.rstrip().endswith("all passed")


@pytest.mark.parametrize("starter", starters())
def test_a_catalog_says_what_to_change_first(starter: str) -> None:
    page = (STARTERS / starter / "README.md").read_text(encoding="utf-8")
    assert f"andon init my-catalog {starter}" in page
    assert len(page.splitlines()) <= 60
    sources = [file.read_text(encoding="utf-8") for file in (STARTERS / starter / "sources").glob("*.yaml")]
    for secret in re.findall(r"env:(\w+)", "".join(sources)):
        assert secret in page


def test_an_unknown_one_is_refused_with_the_nearest(tmp_path: Path) -> None:
    refused = ask("init", "made", "order", folder=tmp_path)
    assert refused.returncode == 2
    assert "'order' is no catalog to begin with; did you mean 'orders'?" in refused.stderr
    assert not (tmp_path / "made").exists()


def test_an_unknown_one_like_no_other_is_refused_with_the_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^'foo' is no catalog to begin with; known: {', '.join(starters())}$"):
        command(tmp_path / "made", "foo")


def holds(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(holds(whole.get(name), value) for name, value in part.items())
    return bool(whole == part)


def test_the_samples_of_edi_are_read_as_its_test_says() -> None:
    folder = STARTERS / "edi" / "tests"
    given = yaml.safe_load((folder / "acknowledgement.yaml").read_text(encoding="utf-8"))["given"]
    samples = [read("edifact", file.read_bytes(), time_zone="Europe/Berlin") for file in sorted((folder / "samples").iterdir())]

    assert len(samples) == 3
    for (document,), event in zip(samples, [given[0], given[2], given[3]], strict=True):
        assert isinstance(document, Document)
        assert document.type == event["event"].partition(".")[2]
        assert holds(data(document), event["data"]), event
        assert "problems" not in data(document)


@pytest.mark.usefixtures("one_store")
@pytest.mark.parametrize(
    ("source", "sample", "milestones"),
    [("legacy-erp", "import.log", ["received", "refused", "posted"]), ("plant-syslog", "gateway.syslog", ["confirmed"])],
)
def test_every_entry_of_the_sample_logs_is_a_milestone_of_its_order(
    source: str, sample: str, milestones: list[str], tmp_path: Path
) -> None:
    catalog = STARTERS / "logs"
    shown = ask(
        "source", "preview", source, str(catalog / "tests" / "samples" / sample), "--json", "--catalog", str(catalog), folder=tmp_path
    )
    assert shown.returncode == 0, shown.stdout
    reached = [milestone for one in json.loads(shown.stdout) for milestone in one["milestones"]]
    assert [one["milestone"] for one in reached] == milestones
    assert {key["value"] for one in reached for key in one["keys"]} == {"4711"}
