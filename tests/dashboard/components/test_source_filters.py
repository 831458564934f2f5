"""Which sources their page shows."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog.catalog import Catalog
from core.catalog.source import Source
from dashboard.components import filters, source_filters

READ = {"type": "kafka", "url": "env:KAFKA_URL", "topics": ["orders"]}
CATALOG = Catalog(sources={"erp": Source(source="erp", title="ERP", owner="desk", receiver=READ)})
ROW = {"system": "", "owner": "", "state": "receiving", "kinds": {"events": 3}}
ROWS: list[dict[str, Any]] = [
    {**ROW, "name": "erp", "title": "ERP", "owner": "desk"},
    {**ROW, "name": "erp-log", "title": "Log of the ERP", "state": "silent", "kinds": {"logs": 2, "events": 1}},
    {**ROW, "name": "wms", "title": "Warehouse", "system": "Regensburg", "state": "never", "kinds": {}},
]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["erp", "erp-log", "wms"]), ({"source": "erp"}, ["erp"]), ({"source": "of the erp"}, ["erp-log"]), ({"source": "ERP"}, ["erp", "erp-log"]),
        ({"source": "REGENS"}, ["wms"]), ({"source": "Kafka"}, ["erp"]), ({"source": "desk"}, ["erp"]), ({"source": "nowhere"}, []),
        ({"state": "silent"}, ["erp-log"]), ({"state": "never"}, ["wms"]), ({"kind": "logs"}, ["erp-log"]), ({"kind": "events", "state": "receiving"}, ["erp"]),
    ],
)  # fmt: skip
def test_sources_are_chosen_by_name_words_state_and_kind(asked: dict[str, str], names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "choose", lambda _, name, *__, **___: asked.get(name, ""))
    assert [row["name"] for row in source_filters.chosen(CATALOG, ROWS)] == names
