"""What people can do about an incident: one POST each, told as it will be."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from dashboard import data
from store.client import Store
from store.reads import incident_log
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW


def test_acknowledging_needs_a_name_and_posts_once(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, object, str]] = []

    def post(url: str, *, json: object, headers: dict[str, str], **_: object) -> httpx.Response:
        sent.append((url, json, headers["Authorization"]))
        return httpx.Response(200, json={"incidents": ["inc-0000"]})

    monkeypatch.setattr(data.httpx, "post", post)
    test = view("incidents", filled, id="inc-0000")
    button = next(button for button in test.button if button.label == "Acknowledge")
    test = button.click().run()
    assert not sent
    assert "Enter your name" in test.error[0].value
    test.text_input[0].set_value("m.weber")
    next(button for button in test.button if button.label == "Acknowledge").click().run()
    assert len(sent) == 1
    assert sent[0][0].endswith("/api/v1/incidents/inc-0000/acknowledge")
    assert sent[0][1] == {"by": "m.weber", "note": ""}
    assert sent[0][2].startswith("Bearer ")


def test_an_acknowledgement_is_on_the_page_at_once(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def post(_: str, *, json: dict[str, str], **__: object) -> httpx.Response:
        filled.command(
            "INSERT INTO incidents SELECT * REPLACE (revision + 1000000 AS revision, 'acknowledged' AS status, 'm.weber' AS acknowledged_by) "
            "FROM incidents FINAL WHERE incident_id = 'inc-0001'"
        )
        row = {
            "at": NOW,
            "actor": json["by"],
            "action": "acknowledge",
            "target": "inc-0001",
            "detail": "until 2026-11-24T12:00:00+00:00 on it",
        }
        filled.insert("actions", {name: [value] for name, value in row.items()})
        return httpx.Response(200, json={})

    monkeypatch.setattr(data.httpx, "post", post)
    test = view("incidents", filled, id="inc-0001")
    assert "acknowledged</span>" not in words(test)
    test.text_input[0].set_value("m.weber")
    test = next(button for button in test.button if button.label == "Acknowledge").click().run()
    shown = words(test)
    assert "acknowledged</span>" in shown
    assert "until 24 Nov 13:00 on it" in shown
    assert "Acknowledged by m" in test.success[0].value


def test_what_acknowledging_does_is_said_as_it_will_be(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = incident_log.incident(filled.reader, incident_id="inc-0000")
    assert row is not None
    for due, said in ((NOW + timedelta(hours=2), "until the next deadline, 24 Nov 12"), (NOW - timedelta(hours=2), "for 4 hours")):
        monkeypatch.setattr(
            incident_log, "incident", lambda _, incident_id, due=due: {**row, "incident_id": incident_id, "next_due_at": due}
        )
        assert any(said in caption.value for caption in view("incidents", filled, id="inc-0000").caption)
        data._fetch.clear()
