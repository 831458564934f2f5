"""What is installed is pinned with hashes, fits what the projects ask for, and is told to whoever audits it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.txt", "tools/uv.txt"]
PROJECTS = ["pyproject.toml", "instrumentation/pyproject.toml"]


@dataclass
class Pin:
    """One distribution of a lock."""

    requirement: Requirement
    hashes: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def pins(lock: str) -> dict[str, Pin]:
    """Read a lock; a line that is neither a pin nor a hash of it is an error."""
    found: dict[str, Pin] = {}
    for entry in (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        pinned, *hashes = entry.split("--hash=")
        requirement = Requirement(pinned)
        assert requirement.url is None
        assert canonicalize_name(requirement.name) not in found
        found[canonicalize_name(requirement.name)] = Pin(requirement, [one.strip() for one in hashes])
    return found


def asked() -> list[Requirement]:
    """Return what both projects need: at run time, with every extra, and to be built."""
    found: list[str] = []
    for file in PROJECTS:
        content = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))
        project = content["project"]
        found += [*project["dependencies"], *content["build-system"]["requires"]]
        found += [one for extra in project.get("optional-dependencies", {}).values() for one in extra]
    return [Requirement(one) for one in found if not one.startswith("andon[")]  # an extra made of the others


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_none_says_where_it_is_from(lock: str) -> None:
    found = pins(lock)
    assert found
    for pin in found.values():
        assert pin.version
        assert pin.hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes)


def test_the_lock_fits_what_the_projects_ask_for() -> None:
    found = pins("requirements.txt")
    for requirement in asked():
        pin = found.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement} is not pinned: run make lock"
        assert requirement.specifier.contains(pin.version, prereleases=True), f"{requirement} is pinned to {pin.version}: run make lock"


def test_what_is_installed_is_what_is_pinned() -> None:
    for name, pin in pins("requirements.txt").items():
        if pin.requirement.marker is None or pin.requirement.marker.evaluate():
            assert version(name) == pin.version, f"{name}: run make install"


def test_the_install_takes_nothing_without_its_hash() -> None:
    script = (ROOT / "tools" / "install.sh").read_text(encoding="utf-8")
    taken = [line for line in script.splitlines() if re.search(r"\b(pip|uv) .*-r ", line)]
    assert len(taken) == 2
    assert all(
        found.startswith("--require-hashes ") for line in taken for found in re.findall(r"(?:pip|uv) (--require-hashes -r|.*?-r)", line)
    )
    assert 'own="--no-deps --no-build-isolation -e . -e ./instrumentation"' in script


def test_the_packages_of_node_that_tests_need_are_pinned_too() -> None:
    folder = ROOT / "tests" / "e2e" / "node"
    content = (folder / "package-lock.json").read_text(encoding="utf-8")
    own, *others = json.loads(content)["packages"].values()
    assert own["dependencies"] == json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert all(one["integrity"].startswith("sha512-") for one in others)
    assert '"resolved"' not in content
    assert "npm ci " in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_modules_of_go_that_tests_need_are_pinned_too() -> None:
    folder = ROOT / "tests" / "e2e" / "go"
    wanted = re.findall(r"^\s*(?:require )?(\S+\.\S+/\S+ v\S+)", (folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    assert any(one.startswith("github.com/ClickHouse/clickhouse-go/v2 ") for one in wanted)
    hashes = (folder / "go.sum").read_text(encoding="utf-8")
    assert all(f"{one} h1:" in hashes for one in wanted)
    assert "go mod download" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_what_is_shipped_is_listed_for_those_who_audit_it(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        subprocess.run([sys.executable, "tools/inventory.py", str(tmp_path / folder)], cwd=ROOT, check=True, capture_output=True)
    text = (tmp_path / "first" / "sbom.cdx.json").read_bytes()
    assert text == (tmp_path / "second" / "sbom.cdx.json").read_bytes()
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "andon")
    listed = {one["name"]: one for one in bill["components"]}
    assert all(one["purl"] == one["bom-ref"] == f"pkg:pypi/{name}@{one['version']}" for name, one in listed.items())
    references = {one["bom-ref"] for one in [bill["metadata"]["component"], *bill["components"]]}
    assert {one["ref"] for one in bill["dependencies"]} == references
    assert {each for one in bill["dependencies"] for each in one["dependsOn"]} <= references

    audited = dict(line.split("==") for line in (tmp_path / "first" / "audit.txt").read_text().splitlines())
    assert audited == {name: one["version"] for name, one in listed.items() if name != "andon-instrumentation"}
    pinned = pins("requirements.txt")
    assert {name: pinned[name].version for name in audited} == audited
    assert {"streamlit", "chdb-core", "pika", "psycopg-binary"} <= set(audited)
    assert not {"pytest", "ruff", "mypy", "hatchling", "playwright"} & set(audited)


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "deploy" / "Containerfile"], ids=lambda page: page.name
)
def test_no_page_tells_pip_to_keep_to_our_lock(page: Path) -> None:
    """Its hashes would be asked of the wheel, too, which has none: pip refuses, uv does not."""
    commands = re.findall(r"(\S+) install [^\n]*--constraint \S*requirements\.txt", page.read_text(encoding="utf-8"))
    assert not [program for program in commands if program.endswith("bin/pip")]
