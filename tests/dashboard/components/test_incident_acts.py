"""What people can do about an incident: one POST each, told as it will be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from dashboard import data
from store.client import Store
from store.reads import incident_log
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW, catalog


def test_acknowledging_needs_a_name_and_posts_once(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, object, str]] = []

    def post(url: str, *, json: object, headers: dict[str, str], **_: object) -> httpx.Response:
        sent.append((url, json, headers["Authorization"]))
        return httpx.Response(200, json={"incidents": ["inc-0000"]})

    monkeypatch.setattr(httpx, "post", post)
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

    monkeypatch.setattr(httpx, "post", post)
    test = view("incidents", filled, id="inc-0001")
    assert "acknowledged</span>" not in words(test)
    test.text_input[0].set_value("m.weber")
    test = next(button for button in test.button if button.label == "Acknowledge").click().run()
    shown = words(test)
    assert "acknowledged</span>" in shown
    assert "until 24 Nov 13:00 on it" in shown
    assert "Acknowledged by m" in test.toast[0].value


def test_what_acknowledging_does_is_said_as_it_will_be(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = incident_log.incident(filled.reader, incident_id="inc-0000")
    assert row is not None
    for due, said in ((NOW + timedelta(hours=2), "until the next deadline, 24 Nov 12"), (NOW - timedelta(hours=2), "for 4 hours")):
        monkeypatch.setattr(
            incident_log, "incident", lambda _, incident_id, due=due: {**row, "incident_id": incident_id, "next_due_at": due}
        )
        assert any(said in caption.value for caption in view("incidents", filled, id="inc-0000").caption)
        data._fetch.clear()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is posted to the engine, which takes everything."""
    found: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: object) -> httpx.Response:
        found.append((url.partition("/api/v1/")[2], json))
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "post", post)
    return found


def acted(test: Any, button: str, **texts: str) -> Any:
    """Fill in a form and send it; ``texts`` by their label in small letters."""
    place = next(index for index, one in enumerate(test.button) if one.label == button)
    names = [box for box in test.text_input if box.label == "Your name"]
    names[place].set_value("m.weber")
    for box in test.text_input:
        if (wanted := texts.get(box.label.lower().replace(" ", "_"))) is not None:
            box.set_value(wanted)
    if "assign_to" in texts:
        next(box for box in test.selectbox if box.label == "Assign to").set_value(texts["assign_to"])
    return test.button[place].click().run()


def test_assigning_posts_to_whom(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    acted(view("incidents", filled, id="inc-0003"), "Assign", assign_to="Sam Okafor")
    assert sent == [("incidents/inc-0003/assign", {"by": "m.weber", "assignee": "Sam Okafor"})]


def test_silencing_posts_the_reason_and_the_hours(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    test = view("incidents", filled, id="inc-0003")
    test.number_input[0].set_value(4.5)
    acted(test, "Silence", reason="planned maintenance")
    assert sent == [("incidents/inc-0003/silence", {"by": "m.weber", "reason": "planned maintenance", "hours": 4.5})]


def test_hours_are_those_that_the_engine_takes(view: View, filled: Store) -> None:
    hours = view("incidents", filled, id="inc-0003").number_input[0]
    assert (hours.min, hours.max, hours.value) == (0.5, 168.0, 2.0)


def test_what_the_engine_says_to_a_refusal_is_shown_as_it_is(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    words_of_it = "reason: **say** why [x](javascript:alert(1))"
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(400, json={"error": words_of_it}))
    test = acted(view("incidents", filled, id="inc-0003"), "Silence")
    assert [error.value for error in test.error] == ["The engine did not confirm it."]
    assert f"{words_of_it} (HTTP 400)" in [text.value for text in test.text]
    assert not test.toast


def test_what_was_sent_is_not_in_the_form_any_more_and_the_name_still_is(
    view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = acted(view("incidents", filled, id="inc-0003"), "Silence", reason="planned maintenance")
    assert len(sent) == 1
    assert next(box for box in test.text_input if box.label == "Reason").value == ""
    assert {box.value for box in test.text_input if box.label == "Your name"} == {"m.weber"}


def test_what_was_done_is_confirmed_once_and_only_there(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    test = acted(view("incidents", filled, id="inc-0003"), "Assign", assign_to="Sam Okafor")
    assert len(sent) == 1
    assert [one.value for one in test.toast] == ["Assigned by m\\.weber."]
    assert not test.run().toast


def test_the_name_given_at_the_side_is_in_every_form(view: View, filled: Store) -> None:
    test = view("incidents", filled, id="inc-0003")
    test.session_state["acted_as"] = "j.koch"
    assert [box.value for box in test.run().text_input if box.label == "Your name"] == ["j.koch"] * 5


def test_a_name_once_given_is_in_every_form_of_the_window(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    test = acted(view("incidents", filled, id="inc-0003"), "Assign", assign_to="Sam Okafor")
    assert len(sent) == 1
    assert [box.value for box in test.text_input if box.label == "Your name"] == ["m.weber"] * 5


def test_people_of_the_owning_team_can_be_assigned_first_and_teams_last(view: View, filled: Store) -> None:
    owner = first_of(filled, "incidents", "owner", "incident_id = 'inc-0003'")
    owners = catalog().owners.owners
    box = next(box for box in view("incidents", filled, id="inc-0003").selectbox if box.label == "Assign to")
    assert box.options[: len(owners[owner].members)] == owners[owner].members
    assert set(box.options) == {*(name for one in owners.values() for name in one.members), *(one.title for one in owners.values())}
    assert box.value is None
    assert box.proto.accept_new_options
