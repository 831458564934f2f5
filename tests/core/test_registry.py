from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from core.errors import AndonError
from core.registry import discover


class Plugin:
    def __init__(self, name: str) -> None:
        self.name = name


PLUGIN = "from tests.core.test_registry import Plugin\nPLUGIN = Plugin({name!r})\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "gadgets").mkdir()
    (tmp_path / "gadgets" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "gadgets"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("gadgets")


def add(package: ModuleType, file: str, text: str) -> None:
    (Path(package.__path__[0]) / f"{file}.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def test_every_file_is_one_plug_in(package: ModuleType):
    add(package, "a", PLUGIN.format(name="first"))
    add(package, "b", PLUGIN.format(name="second"))
    add(package, "_hidden", "raise SystemError")

    assert sorted(discover(package, "PLUGIN", Plugin)) == ["first", "second"]


def test_a_name_used_twice_names_both_files(package: ModuleType):
    add(package, "a", PLUGIN.format(name="same"))
    add(package, "b", PLUGIN.format(name="same"))

    with pytest.raises(AndonError, match=r"b\.py: the name 'same' is already used by .*a\.py"):
        discover(package, "PLUGIN", Plugin)


def test_a_missing_constant_names_the_file(package: ModuleType):
    add(package, "a", "OTHER = 1\n")

    with pytest.raises(AndonError, match=r"a\.py: a plug-in must export PLUGIN"):
        discover(package, "PLUGIN", Plugin)


def test_an_extra_that_is_not_installed_takes_away_one_plug_in(package: ModuleType, caplog: pytest.LogCaptureFixture):
    add(package, "a", PLUGIN.format(name="first"))
    add(package, "b", "import a_package_nobody_has\n")

    assert list(discover(package, "PLUGIN", Plugin)) == ["first"]
    assert caplog.records[0].__dict__["fields"] == {"plugin": "b", "missing": "a_package_nobody_has"}


def test_a_mistake_in_our_own_imports_is_not_hidden(package: ModuleType):
    add(package, "a", "import core.nothing_of_the_kind\n")

    with pytest.raises(ModuleNotFoundError):
        discover(package, "PLUGIN", Plugin)
