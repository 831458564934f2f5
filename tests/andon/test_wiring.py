"""What the processes say of themselves when they start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from andon import wiring


@pytest.mark.parametrize(("user", "warnings"), [(0, 1), (1000, 0)])
def test_running_as_root_is_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, user: int, warnings: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    wiring._warn_of_root()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warnings
    assert all(record.fields == {"event": "running_as_root"} for record in caplog.records)


def test_the_collector_does_not_load_what_only_the_store_needs() -> None:
    """Each is tens of megabytes of memory and seconds of a start."""
    code = "import sys, andon.wiring, collector.engine; print(*{'chdb', 'clickhouse_connect', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split() == []
