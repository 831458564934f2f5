"""What the collector's process loads."""

from __future__ import annotations

import subprocess
import sys


def test_the_collector_does_not_load_what_only_the_store_needs() -> None:
    """Each is tens of megabytes of memory and seconds of a start."""
    code = "import sys, andon.wiring.collector; print(*{'chdb', 'clickhouse_connect', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split() == []
