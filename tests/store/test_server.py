"""Server mode through a stand-in (see ``tests/servers/clickhouse_stand_in.py``): no ClickHouse server binary can be had here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.config import Settings
from core.signal import Lane, Record, SignalKind
from store.client import open_store
from store.migrations import SCHEMA, migrate
from tests.collector.requests import spans
from tests.store.journals import event, ids, loader_on, write_segment


def test_a_store_over_http_migrates_loads_and_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.clickhouse_stand_in", str(tmp_path / "server")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            settings = Settings(data=tmp_path / "data", store=f"clickhouse://default@127.0.0.1:{port}/default")
            store = open_store(settings)
            assert len(migrate(store)) == len(list(SCHEMA.glob("*.sql")))
            traces = Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, event("1").received_at, 3, spans(count=3).SerializeToString())
            write_segment(settings, [event("1", {"text": "é '\\"}), traces, event("2")])
            assert loader_on(store, settings).load().signals == {"event": 2, "traces": 3}
            assert ids(store) == ["1", "2"]
            assert store.frame("SELECT count() AS n FROM spans FINAL WHERE service = {s:String}", {"s": "gateway"})["n"].tolist() == [3]
            store.close()
        finally:
            server.terminate()
