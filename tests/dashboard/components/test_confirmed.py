"""What changes something elsewhere: what speaks against it has to be overruled, with a reason; what nothing speaks against needs none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from store.client import Store
from tests.dashboard.shown import View


def click(test: AppTest, label: str) -> AppTest:
    return next(one for one in test.button if one.label == label).click().run()


@pytest.mark.parametrize(("against", "boxes"), [("", 0), ("\n! it was published by Ana", 1)])
def test_only_where_something_speaks_against_it_one_has_to_say_anyway(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch, against: str, boxes: int
) -> None:
    posted: list[dict[str, Any]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        posted.append(json)
        return httpx.Response(200, json={"said": f"to queue orders{against}", "confirm": "w0rd"} if url.endswith("show") else {})

    monkeypatch.setattr(httpx, "post", post)
    test = click(view("sources", filled), "Show what would be sent")
    assert len([one for one in test.checkbox if one.label.startswith("Send it although")]) == boxes
    [box for box in test.text_input if box.label == "Your name"][-1].set_value("m.weber")
    click(test, "Send it now")
    assert [body.get("anyway") for body in posted] == [None, None], "not without a tick: the engine then refuses what speaks against it"
    assert posted[1]["reason"] == ""


def test_what_the_engine_refuses_to_send_is_told_and_offered_again(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def post(url: str, **_: Any) -> httpx.Response:
        refused = httpx.Response(400, json={"error": "anyway: it was published by Ana"})
        return httpx.Response(200, json={"said": "to queue orders", "confirm": "w0rd"}) if url.endswith("show") else refused

    monkeypatch.setattr(httpx, "post", post)
    test = click(view("sources", filled), "Show what would be sent")
    [box for box in test.text_input if box.label == "Your name"][-1].set_value("m.weber")
    test = click(test, "Send it now")
    assert "anyway: it was published by Ana" in "".join(text.value for text in test.text)
    assert "Send it now" in [one.label for one in test.button]
