"""The name of who looks at a page: given once in a window, kept by the browser for the next."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from dashboard import viewer

    typed = st.text_input(viewer.LABEL, value=viewer.name())
    if typed != viewer.name():
        viewer.given(typed)
    st.text(viewer.name())


@pytest.mark.parametrize(("kept", "name"), [({}, ""), ({"andon_name": "J%C3%B6rg%20Koch"}, "Jörg Koch")])
def test_the_browser_keeps_the_name_until_another_is_given(kept: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.cookies", kept)
    test = AppTest.from_function(_script, default_timeout=30).run()
    assert test.text[0].value == name
    test = test.text_input[0].set_value(" Ana Lima ").run().run()
    assert (test.text[0].value, test.text_input[0].value) == ("Ana Lima", "Ana Lima")
