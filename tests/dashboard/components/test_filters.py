"""Choices live in the address: what one sees is a link."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from dashboard.components import filters

    with filters.folded("7d"):
        flow = filters.choose("Flow", "flow", ["o2c", "", "p2p", "o2c"], str.upper)
        period = filters.select("Period", "period", ["24h", "7d", "30d"], st.query_params.get("period", "7d"), str)
    st.text(f"{flow}/{period}")


def shown(**address: str) -> AppTest:
    test = AppTest.from_function(_page, default_timeout=30)
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


def test_without_an_address_all_and_the_usual_period_are_chosen() -> None:
    test = shown()
    assert test.text[0].value == "/7d"
    assert test.selectbox[0].options == ["All", "O2C", "P2P"]
    assert not test.query_params


def test_what_the_address_says_is_chosen_also_where_it_is_not_offered() -> None:
    test = shown(flow="gone", period="30d")
    assert test.text[0].value == "gone/30d"
    assert test.selectbox[0].options[-1] == "GONE"


def test_an_address_that_changes_goes_before_what_was_chosen() -> None:
    """As with the browser's back button."""
    test = shown(flow="o2c", period="30d")
    test.selectbox[0].set_value("p2p").run()
    test.query_params["flow"] = "o2c"
    test.query_params["period"] = "24h"
    assert test.run().text[0].value == "o2c/24h"
    del test.query_params["flow"]
    assert test.run().text[0].value == "/24h"


def test_a_choice_is_kept_in_the_address_and_taken_from_it_again() -> None:
    test = shown(flow="o2c")
    test.selectbox[0].set_value("p2p").run()
    assert test.query_params["flow"] == "p2p"
    test.selectbox[0].set_value("").run()
    assert "flow" not in test.query_params
    test.selectbox[1].set_value("24h").run()
    assert (test.query_params["period"], test.text[0].value) == ("24h", "/24h")


def test_how_many_filters_are_chosen_is_said_where_they_are_folded_away() -> None:
    def said(test: AppTest) -> str:
        return str(test.get("html")[-1].proto.body)

    assert ">none chosen<" in said(shown(period="7d", order="value"))
    test = shown(flow="p2p")
    assert ">1 chosen<" in said(test)
    assert ">2 chosen<" in said(test.selectbox[1].select("30d").run())
