"""Writes the folder of the release that ``pyproject.toml`` names (see ``tests/releases/__init__.py``).

Run: ``python -m tests.releases.make``.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
import tomllib
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from core.config import Settings
from core.signal import Lane, Record, SignalKind
from store.catalogs import StoredCatalogs
from store.client import open_store
from store.migrations import migrate, schema_statements
from store.stages.derived import follow_clocks
from tests.andon.shop import BOOK, BY_SPAN, SHIP, Shop, catalog
from tests.andon.world import World, live
from tests.releases.content import content_of
from tests.store.journals import refused_input

RELEASES = Path(__file__).parent
_LEFT_OUT = {"status", "uuid"}
"""Files of the engine that say which process has the store open, and on which machine."""


def make(folder: Path) -> None:
    """Write data folder, content and checksums into ``folder``."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        held = _write_data(Path(temporary))
        _pack(Path(temporary), folder / "data.tar.xz")
    (folder / "content.json").write_text(json.dumps(held, indent=1, sort_keys=True, default=str) + "\n", encoding="utf-8")
    (folder / "schema.sha256").write_text("".join(f"{checksum}  {name}\n" for name, checksum in checksums().items()), encoding="utf-8")


def checksums() -> dict[str, str]:
    """Return the SHA-256 of each statement of the schema as it is applied, by the name of its file."""
    return {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in schema_statements().items()}


def _write_data(folder: Path) -> dict[str, object]:
    """Let orders be met, late and lost in a store of its own; return the moment of its end and what the store holds then."""
    definitions = catalog(folder / "catalog", BOOK % "15 minutes" + SHIP % "4 hours", facts=", note: {}", booked=BY_SPAN)
    settings = Settings(data=folder / "data")
    store = open_store(settings)
    try:
        migrate(store)
        world = World(store, folder, definitions)
        StoredCatalogs(store, world.shop.clock).taken(definitions)
        world.shop.send(*_other_signals(world.shop), refused_input("q_1"))
        live(world)
        world.end()
        follow_clocks(store)
        return {"now": world.shop.clock.now(), "tables": content_of(store)}
    finally:
        store.close()


def _other_signals(shop: Shop) -> list[Record]:
    nanoseconds = shop.now * 1_000_000
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=nanoseconds, severity_text="WARN").body.string_value = "slow"
    metrics = ExportMetricsServiceRequest()
    scope = metrics.resource_metrics.add().scope_metrics.add()
    scope.metrics.add(name="queue.depth").gauge.data_points.add(time_unix_nano=nanoseconds, as_int=7)
    scope.metrics.add(name="calls").sum.data_points.add(time_unix_nano=nanoseconds, as_double=1.5)
    return [
        Record(kind, "default", Lane.STANDARD, shop.now, count, request.SerializeToString())
        for kind, count, request in ((SignalKind.LOGS, 1, logs), (SignalKind.METRICS, 2, metrics))
    ]


def _pack(folder: Path, archive: Path) -> None:
    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return None if Path(entry.name).name in _LEFT_OUT else entry

    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for name in ("catalog", "data"):
            packed.add(folder / name, name, filter=anonymous)


if __name__ == "__main__":
    make(RELEASES / tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
