"""What the collector's process loads."""

from __future__ import annotations

import subprocess
import sys


def test_the_collector_does_not_load_what_only_others_need() -> None:
    """Most of them are tens of megabytes of memory; all are processor time of every start."""
    code = "import sys, andon.wiring.collector; print(*{'chdb', 'clickhouse_connect', 'httpx', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split() == []
