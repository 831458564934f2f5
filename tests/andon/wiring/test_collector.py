"""What the collector's process loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OTHERS = {"chdb", "clickhouse_connect", "httpx", "pandas", "pyarrow"}
CLIENTS = {"asyncssh", "confluent_kafka", "nats", "paho", "pika", "psycopg", "redis", "sqlalchemy", "stomp"}
"""Of systems that receivers read."""
CODE = f"""
import os, signal, sys
from pathlib import Path
from andon.wiring.collector import run_collector
from collector.engine import Collector
from core.config import Settings

Collector.expect_large = lambda _: os.kill(os.getpid(), signal.SIGTERM)
folder = Path(sys.argv[1])
run_collector(Settings(data=folder / "data", catalog=folder, http_port=0, otlp_grpc_port=0))
print(*{OTHERS | CLIENTS!r} & set(sys.modules))
"""
"""A collector that ends once it has started."""


def test_the_collector_does_not_load_what_only_others_or_other_sources_need(tmp_path: Path) -> None:
    """Most of them are tens of megabytes of memory; all are processor time of every start."""
    (tmp_path / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []
