"""The frame around all pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import FakeClock
from dashboard import app, data
from dashboard.components.time_format import Zone
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
    assert "Times in Europe/Berlin (UTC+1) · simulated, 60 times real speed" in shown
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


def _frame() -> None:
    import streamlit as st

    from dashboard import app

    zone = app._zone(wall=st.query_params.get("wall") == "1")
    st.text(zone.name)


def zone(**address: str) -> AppTest:
    test = AppTest.from_function(_frame, default_timeout=30)
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


def test_the_zone_is_the_addresss_else_the_viewers_own() -> None:
    assert zone().text[0].value == "UTC"
    assert zone(zone="Asia/Tokyo").text[0].value == "Asia/Tokyo"
    test = zone(zone="Asia/Tokyo")
    assert test.selectbox[0].options[0] == "Asia/Tokyo"
    assert test.selectbox[0].set_value("Europe/London").run().text[0].value == "Europe/London"


def test_on_a_wall_nobody_is_asked_for_zone_or_name() -> None:
    test = zone(wall="1", zone="Asia/Tokyo")
    assert test.text[0].value == "Asia/Tokyo"
    assert not test.selectbox
    assert not test.text_input
    assert [box.label for box in zone().text_input] == ["Your name"]


@pytest.mark.parametrize("made_up", ["Mars/Base", "<script>", "../../etc/passwd"])
def test_a_zone_that_does_not_exist_is_utc(made_up: str) -> None:
    assert zone(zone=made_up, wall="1").text[0].value == "UTC"


def test_pages_stand_in_the_order_of_the_navigation_and_are_found_once() -> None:
    assert [page.name for page in app.pages()] == ["board", "transactions", "incidents", "slas", "kpis", "interfaces", "sources"]
    assert app.pages() is app.pages()


def test_a_page_is_given_what_the_settings_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(app, "_clock", lambda: FakeClock(NOW))
    for name, value in {"DATA": str(tmp_path), "CLOCK_SPEED": "60", "IMAGE_HOSTS": "wiki.example.com", "ENGINE_PORT": "9"}.items():
        monkeypatch.setenv(f"ANDON_{name}", value)
    given = app.context(Zone("Asia/Tokyo"), wall=True)
    assert (given.speed, given.simulated, given.wall, given.image_hosts) == (60.0, True, True, ("wiki.example.com",))
    assert (given.now, given.zone.name, given.refused) == (NOW, "Asia/Tokyo", "")


def test_times_of_a_page_lead_to_the_other_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(app, "_clock", lambda: FakeClock(datetime(2026, 3, 27, tzinfo=UTC)))
    monkeypatch.setenv("ANDON_DATA", str(tmp_path))
    monkeypatch.setenv("ANDON_ENGINE_PORT", "9")
    board, slas = app.pages()[0], next(page for page in app.pages() if page.name == "slas")
    shown = str(app._frame(slas, app.context(Zone("Europe/Berlin"))))
    assert '<a href="slas" aria-keyshortcuts="g s" aria-current="page">SLAs</a>' in shown
    assert f'<a href="." aria-keyshortcuts="g b">{board.title}</a>' in shown
    assert shown.count("<a ") == len(app.pages()) + 1, "and one to the wall"
    assert '<form class="andon-search" action="transactions"' in shown
    assert "Times in Europe/Berlin (UTC+1) <button" in shown
    assert all(f"<kbd>{key}</kbd>" in shown for key in ("/", "?", "j", "k", "g b", "g s"))
    assert app._zone_words(app.context(Zone("Asia/Kolkata"))) == "Asia/Kolkata (UTC+5:30)"
    assert app._zone_words(app.context(Zone("America/New_York"))) == "America/New_York (UTC−4)"
    assert app._zone_words(app.context(Zone())) == "UTC"


def test_every_page_has_a_letter_of_its_own() -> None:
    assert app._letters(["Sources", "SLAs", "Incidents", "Interfaces"]) == {
        "Sources": "s",
        "SLAs": "l",
        "Incidents": "i",
        "Interfaces": "n",
    }
    letters = app._letters([page.title for page in app.pages()])
    assert len(set(letters.values())) == len(app.pages())
