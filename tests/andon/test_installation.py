"""What is installed for which role: the collector alone needs nothing of the extras."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MODULES = {
    "opentelemetry-api": "opentelemetry.trace",
    "opentelemetry-exporter-otlp-proto-grpc": "opentelemetry.exporter",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter",
    "opentelemetry-instrumentation": "opentelemetry.instrumentation",
    "opentelemetry-sdk": "opentelemetry.sdk",
}
"""The modules of those that share a package with others."""
ALONE = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {missing}):
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
import andon.__main__
sys.argv = ["andon", *{arguments}]
andon.__main__.main()
"""


def extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(one).name for one in project["dependencies"]}
    found = {name for extra, names in project["optional-dependencies"].items() if extra != "dev" for name in map(_name, names)}
    return found - needed - {"andon"}


def _name(requirement: str) -> str:
    return Requirement(requirement).name


@cache
def modules_of(requirement: str) -> frozenset[str]:
    """Return the modules that only what is required here brings."""
    if requirement in MODULES:
        return frozenset({MODULES[requirement]})
    wanted = {canonicalize_name(requirement)}
    found = frozenset(module for module, owners in packages_distributions().items() if set(map(canonicalize_name, owners)) == wanted)
    assert found, f"{requirement} brings no module of its own"
    return found


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = ALONE.format(missing=sorted(frozenset[str]().union(*map(modules_of, extras()))), arguments=list(arguments))
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )


def test_the_collector_checks_its_catalog_and_begins_without_what_the_others_need(tmp_path: Path) -> None:
    assert set(MODULES) <= extras()
    catalog = tmp_path / "catalog"
    assert alone("init", str(catalog)).returncode == 0
    done = alone("collect", f"--data={tmp_path / 'data'}", f"--catalog={catalog}", "--host=192.0.2.1", "--insecure")
    assert "port 4317 on 192.0.2.1 cannot be opened" in done.stderr, done.stderr
    (catalog / "calendars" / "office.yaml").write_text("calendar: office\n")
    broken = alone("channel", "test", "desk", f"--catalog={catalog}")
    assert broken.returncode == 2
    assert "office.yaml" in broken.stderr


def test_what_is_missing_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    done = alone("find", "4711", f"--data={tmp_path}")
    assert (done.returncode, done.stderr) == (
        1,
        "andon: pandas is not installed: this may be the collector alone; install the rest with pipx install 'andon[all]'\n",
    )
