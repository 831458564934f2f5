"""A catalog of its own for each test, to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.catalog.broken import EXAMPLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "catalog")
    return tmp_path / "catalog"
