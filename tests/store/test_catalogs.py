"""The catalogs the engine goes by, in a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.catalog.catalog import catalog_from_json, catalog_to_json
from core.catalog.load import load_catalog
from core.clock import FakeClock
from store.catalogs import StoredCatalogs
from store.client import Store
from store.reads import catalogs

SHIPPED = load_catalog(Path(__file__).parents[2] / "catalog").catalog


@pytest.fixture
def kept(store: Store) -> StoredCatalogs:
    return StoredCatalogs(store, FakeClock(datetime(2026, 3, 27, tzinfo=UTC)))


def test_nothing_is_in_force_before_the_first(store: Store) -> None:
    assert catalogs.in_force(store.reader) == {"definitions": "", "problem": ""}


def test_a_refused_one_leaves_the_one_in_force_until_one_is_taken(store: Store, kept: StoredCatalogs) -> None:
    later = replace(SHIPPED, version="later", runbooks={})
    kept.taken(SHIPPED)
    kept.taken(SHIPPED)
    assert store.rows("SELECT count() AS n FROM catalogs")[0]["n"] == 1
    kept.refused("flows/a.yaml:1:1: unknown key")
    assert catalogs.in_force(store.reader) == {"definitions": catalog_to_json(SHIPPED), "problem": "flows/a.yaml:1:1: unknown key"}
    kept.taken(SHIPPED)
    assert catalogs.in_force(store.reader)["problem"] == ""
    kept.taken(later)
    assert catalogs.in_force(store.reader) == {"definitions": catalog_to_json(later), "problem": ""}
    known = catalogs.of_versions(store.reader, versions=(SHIPPED.version, "later", "never"))
    assert {version: catalog_from_json(text).version for version, text in known.items()} == {
        name: name for name in (SHIPPED.version, "later")
    }
