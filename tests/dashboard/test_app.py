"""The frame around all pages."""

from __future__ import annotations

import pytest

from core.clock import FakeClock
from dashboard import data
from store.catalogs import StoredCatalogs
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog


def test_a_simulated_clock_is_named(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = words(view("board", filled))
    assert "simulated" not in shown
    assert "updated 2 s ago<" in shown
    monkeypatch.setenv("ANDON_CLOCK_SPEED", "60")
    shown = words(view("board", filled))
    assert "Times in Europe/Berlin · simulated, 60 times real speed" in shown
    assert "As of, simulated" in shown
    assert "updated 0 s ago (real)" in shown


def test_a_refused_catalog_is_told_until_it_is_corrected(view: View, filled: Store) -> None:
    kept = StoredCatalogs(filled, FakeClock(NOW))
    kept.refused("contracts/gold-customers.yaml:3:17: fact 'tier' is of no flow\nflows/order-to-cash.yaml:9:5: unknown key 'withn'")
    data._fetch.clear()
    shown = words(view("board", filled))
    assert "The catalog on disk is invalid" in shown
    assert "contracts/gold-customers.yaml:3:17: fact" in shown  # the first of what follows from it
    assert "The previous catalog stays in force and is shown here" in shown
    assert "Order to cash" in shown
    kept.taken(catalog())
    data._fetch.clear()
    shown = words(view("board", filled))
    assert "The catalog on disk is invalid" not in shown
