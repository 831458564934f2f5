"""The rules of the house that no other tool checks."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("alerts", "andon", "collector", "core", "correlator", "dashboard", "journal", "plant", "slas", "store")
FORBIDDEN_NAMES = {"utils", "common", "helpers", "misc", "base", "manager"}
STAGES = ("collector", "correlator", "slas", "alerts")


def source_files() -> list[Path]:
    return [file for package in (*PACKAGES, "instrumentation") for file in sorted((ROOT / package).rglob("*.py"))]


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_over_400_lines_and_no_function_over_50():
    too_long = []
    for file in source_files():
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            too_long.append(f"{file.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in functions(ast.parse(text)):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > 50:
                too_long.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")

    assert too_long == []


def test_no_file_of_tests_is_over_400_lines():
    files = [*(ROOT / "tests").rglob("*.py")]
    found = [str(file.relative_to(ROOT)) for file in files if file.read_text(encoding="utf-8").count("\n") > 400]

    assert len(files) > 300
    assert found == []


def test_files_and_functions_stay_small_on_the_whole():
    lines = [file.read_text(encoding="utf-8").count("\n") for file in source_files() if file.name != "__init__.py"]
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for file in source_files()
        for node in functions(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert statistics.median(lines) <= 110
    assert statistics.quantiles(lines, n=10)[-1] <= 300
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_name_that_says_nothing_or_hides_another(package: str):
    names = {file.stem for file in (ROOT / package).rglob("*.py")}

    assert not names & FORBIDDEN_NAMES
    if package == "andon":
        top_level = {file.stem for file in (ROOT / package).iterdir()}
        assert not top_level & set(PACKAGES), "the entry script's folder comes first on the import path"
    assert package not in sys.stdlib_module_names


def test_only_wiring_makes_stages_and_what_they_are_given():
    concrete = {
        "alerts.unstored",
        "store.catalogs",
        "store.stages.clocks",
        "store.stages.correlation",
        "store.stages.incidents",
        "store.loading.loader",
        "store.loading.unseen",
    }
    concrete |= {f"{stage}.engine" for stage in STAGES}
    made = []
    for file in (ROOT / "andon").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in concrete]
        names = {alias.asname or alias.name for node in imports for alias in node.names}
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        made += [(file.parent.name, name.id) for name in calls if isinstance(name, ast.Name) and name.id in names]

    assert {name for folder, name in made if folder == "wiring"} >= {"Collector", "Correlator", "SlaEngine", "AlertEngine", "StoredClocks"}
    assert [(folder, name) for folder, name in made if folder != "wiring"] == []


def test_each_module_of_andon_has_its_test_where_one_looks_for_it():
    """Commands and wiring are tested as processes, and by the tests of what they wire."""
    modules = [file.relative_to(ROOT) for file in (ROOT / "andon").rglob("*.py") if file.name not in {"__init__.py", "__main__.py"}]
    own = [
        module for module in modules if module.parent.name not in {"commands", "wiring"} and module.stem not in {"streamlit_app", "ports"}
    ]

    assert [str(module) for module in own if not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()] == []


def test_time_is_read_in_one_place():
    reading = re.compile(
        r"\b(datetime\.now|datetime\.utcnow|datetime\.today|date\.today|time\.time|time\.time_ns|time\.monotonic|time\.perf_counter)\("
    )
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in source_files()
        if file != ROOT / "core" / "clock.py"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if reading.search(line)
    ]

    assert found == []


def test_broad_excepts_are_named_boundaries():
    broad = re.compile(r"except (Exception|BaseException)\b|except:")
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in source_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if broad.search(line) and "# boundary:" not in line
    ]

    assert found == []


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_the_same_inside(stage: str):
    words = (ast.get_docstring(ast.parse((ROOT / stage / "__init__.py").read_text(encoding="utf-8"))) or "").lower()

    assert all(f"{word}:" in words for word in ("reads", "writes", "promises", "on failure"))
    assert (ROOT / stage / "engine.py").exists()
    assert (ROOT / stage / "ports.py").exists()


def test_ports_have_at_most_five_members():
    wide = [
        f"{stage}.{node.name}"
        for stage in STAGES
        for node in ast.walk(ast.parse((ROOT / stage / "ports.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and len([item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]) > 5
    ]

    assert wide == []


def test_every_package_of_tests_is_a_package():
    folders = {file.parent for file in (ROOT / "tests").rglob("test_*.py")}

    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_reference_is_what_the_code_says():
    """Every setting, metric and plug-in with its default, kind and meaning."""
    spec = spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)

    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == tool.reference(), "run: python tools/reference.py"


@pytest.mark.parametrize("package", ["correlator", "store"])
def test_every_sql_file_is_asked_for(package: str):
    code = "\n".join(file.read_text(encoding="utf-8") for folder in (package, "andon") for file in (ROOT / folder).rglob("*.py"))
    named = set(re.findall(r'"([a-z_/]+)"', code))
    composed = [re.sub(r"\\{\w+\\}", r"\\w+", re.escape(name)) for name in re.findall(r'f"([a-z_/]+\{\w+\})"', code)]
    sql = ROOT / package / "sql"
    files = {str(file.relative_to(sql)).removesuffix(".sql.j2") for file in sql.rglob("*.sql.j2") if file.name != "macros.sql.j2"}

    assert files
    assert {name for name in files - named if not any(re.fullmatch(pattern, name) for pattern in composed)} == set()
