"""Each source module has its test where one looks for it: ``tests/X/test_Y.py`` for ``X/Y.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIRRORED = (
    "core",
    "correlator",
    "dashboard",
    "journal",
    "plant",
    "slas",
    "store",
)
"""The packages the rule holds for, folders in them included."""
WITHOUT: dict[str, str] = {
    "core/catalog/contract.py": "declares what a contract holds; check_rest.py tells what is wrong in one",
    "core/signal.py": "declares records and lanes",
    "core/verdict.py": "declares the words of verdicts and states",
    "correlator/ports.py": "declares what the stage needs of the store",
    "correlator/statement.py": "names the folder whose files core/statement.py renders",
    "plant/settings.py": "declares the settings and their defaults",
    "plant/signal.py": "declares what a signal and the ledger hold",
    "slas/ports.py": "declares what the stage needs of the store",
}
"""Modules that have no test of their own, and why."""


def modules(package: str) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in sorted((ROOT / package).rglob("*.py")) if file.name != "__init__.py"]


def has_a_test(module: str) -> bool:
    path = Path(module)
    return (ROOT / "tests" / path.parent / f"test_{path.name}").exists()


@pytest.mark.parametrize("package", MIRRORED)
def test_every_module_has_its_test_where_one_looks_for_it(package: str):
    assert modules(package)
    assert [module for module in modules(package) if not has_a_test(module) and module not in WITHOUT] == []


def test_every_exception_is_a_module_that_has_no_test():
    assert [module for module in WITHOUT if not (ROOT / module).exists() or has_a_test(module)] == []
