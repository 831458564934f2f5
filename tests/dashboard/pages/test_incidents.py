"""The list of incidents, and all that is told of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pandas as pd
import pytest
from markupsafe import escape

from core.money import amount, count, several
from dashboard import data
from store.client import Store
from store.reads import incident_log
from tests.dashboard.shown import View, files_offered, first_of, words
from tests.dashboard.synthetic import NOW, catalog


def test_an_incident_shows_runbook_members_and_log(view: View, filled: Store) -> None:
    shown = words(view("incidents", filled, id="inc-0000"))
    runbook = catalog().runbooks[first_of(filled, "incidents", "runbook", "incident_id = 'inc-0000'")]
    assert runbook.body.strip().splitlines()[0] in shown
    assert first_of(filled, "incident_members", "reference", "incident_id = 'inc-0000'") in shown
    assert "503 Service Unavailable" in shown


def test_an_incident_of_andon_itself_speaks_of_no_transactions(view: View, filled: Store) -> None:
    title = "Disk of /srv/andon is full: ingest stopped since 10:02 UTC"
    filled.command(
        "INSERT INTO incidents (incident_id, revision, flow, stage, cause, title, severity, status, opened_at, updated_at, members, breached)"
        " VALUES ('own', 999999999, 'andon', 'disk-full', '/srv/andon', {title:String}, 'critical', 'open', now64(3), now64(3), 1, 1)",
        {"title": title},
    )
    try:
        for page in ("board", "incidents"):
            row = words(view(page, filled)).split(title, 1)[1].split("</a>" if page == "board" else "</tr>")[0]
            assert "affected" not in row
            assert "overdue" not in row
        shown = words(view("incidents", filled, id="own"))
        assert title in shown
        assert "/srv/andon" in shown
        assert "Affected transactions" not in shown
        assert "Value at risk" not in shown
    finally:
        filled.command("DELETE FROM incidents WHERE incident_id = 'own'")


def test_an_incident_says_whom_to_reach_and_what_lateness_costs_and_so_does_its_transaction(view: View, filled: Store) -> None:
    owed = filled.rows(
        "SELECT incident_id, transaction_id, sla, penalty, currency FROM incident_members FINAL "
        "WHERE penalty > 0 AND transaction_id IN (SELECT transaction_id FROM transactions) LIMIT 1"
    )[0]
    row = incident_log.incident(filled.reader, incident_id=owed["incident_id"])
    assert row is not None
    shown = words(view("incidents", filled, id=owed["incident_id"]))
    contact = str(catalog().owners.owners[row["owner"]].contact)
    assert f"<i>Contact</i><b>{escape(contact)}</b>" in shown
    assert "@example.com" in contact
    assert f"<i>Penalty so far</i><b>{escape(several(row['penalty']))}</b>" in shown
    cell = f">{amount(owed['penalty'], owed['currency'])}</td>"
    assert cell in shown
    assert cell in words(view("transactions", filled, id=owed["transaction_id"]))


def test_an_incident_with_more_members_than_are_shown_says_how_many(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.reads.incident_log.members.__kwdefaults__", {"limit": 3})
    members = filled.rows("SELECT count() AS n FROM incident_members FINAL WHERE incident_id = 'inc-0000'")[0]["n"]
    files = files_offered(monkeypatch)
    shown = view("incidents", filled, id="inc-0000")
    assert members > 3
    told = f"Showing 3 of {members}, highest value first. The file has all, up to 50,000."
    assert told in [caption.value for caption in shown.caption]
    assert len(files["affected-transactions"]()) == members


def test_what_is_resolved_is_listed_as_large_as_it_was_at_its_worst(view: View, filled: Store) -> None:
    row = filled.rows("SELECT * FROM incidents FINAL WHERE status = 'resolved' AND peak_breached > 0 AND notEmpty(peak_value) LIMIT 1")[0]
    assert (row["members"], row["breached"], row["value"]) == (0, 0, {})
    shown = words(view("incidents", filled, status="resolved")).split(str(escape(row["title"])), 1)[1].split("</tr>")[0]
    for said in (count(row["peak_members"]), count(row["peak_breached"]), several(row["peak_value"], 2)):
        assert f">{escape(said)}</td>" in shown


def test_a_silence_shows_in_the_list_on_the_board_and_in_the_header_and_is_ended_there(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def post(url: str, **_: Any) -> httpx.Response:
        sent.append(url.partition("/api/v1/")[2])
        filled.command(
            "INSERT INTO silences SELECT * REPLACE (revision + 1 AS revision, 1 AS removed) FROM silences FINAL WHERE silence_id = 's-9'"
        )
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "post", post)
    row = {"silence_id": "s-9", "revision": 1, "incident_id": "inc-0001", "created_by": "n.koch", "reason": "Broker <b>moves</b>"}
    row |= {"starts_at": NOW, "ends_at": NOW + timedelta(hours=3)}
    filled.insert("silences", {name: [value] for name, value in row.items()})
    title = str(escape(first_of(filled, "incidents", "title", "incident_id = 'inc-0001'")))
    for page, end in (("board", "</a>"), ("incidents", "</tr>")):
        assert "silenced" in words(view(page, filled)).split("inc-0001", 1)[1].split(end)[0]
    test = view("incidents", filled, id="inc-0001")
    head = words(test).split(title, 1)[1].split("</h1>")[0]
    assert "silenced</span>" in head
    assert "<i>Silenced</i><b>until 24 Nov 13:30 by n.koch: Broker &lt;b&gt;moves&lt;/b&gt;</b>" in words(test)
    place = next(index for index, one in enumerate(test.button) if one.label == "End silence")
    [box for box in test.text_input if box.label == "Your name"][place].set_value("m.weber")
    test = test.button[place].click().run()
    assert sent == ["silences/s-9/end"]
    assert [one.value for one in test.toast] == ["Silence ended by m\\.weber."]
    assert "silenced</span>" not in words(test)


def test_an_acknowledgement_that_has_run_out_is_told_as_over(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = incident_log.incident(filled.reader, incident_id="inc-0002")
    assert row is not None
    assert row["status"] == "acknowledged"
    said = words(view("incidents", filled, id="inc-0002"))
    assert "<i>Acknowledged</i><b>m.weber until 24 Nov 11:10</b>" in said
    for status in ("acknowledged", "open"):  # the engine has not written it yet, or has
        ended = {**row, "status": status, "acknowledged_until": NOW - timedelta(minutes=5)}
        monkeypatch.setattr(incident_log, "incident", lambda *_, ended=ended, **__: ended)
        data._fetch.clear()
        said = words(view("incidents", filled, id="inc-0002"))
        assert "<i>Acknowledgement ended</i><b>24 Nov 10:25; it was m.weber&#39;s</b>" in said
        assert "acknowledged</span>" not in said


def test_silences_are_named_as_people_name_things(view: View, filled: Store) -> None:
    silences = words(view("incidents", filled)).split('aria-label="Silences"')[1]
    assert "Procure to pay" in silences
    assert "procure-to-pay" not in silences


def test_members_that_left_are_apart_with_when_and_why(view: View, filled: Store) -> None:
    filled.command(
        "INSERT INTO incident_members SELECT * REPLACE (revision + 1000000 AS revision, 'gone-4711' AS transaction_id, 'met' AS verdict, "
        "toDateTime64('2026-11-24 08:00:00', 3, 'UTC') AS left_at) FROM incident_members FINAL WHERE incident_id = 'inc-0002' LIMIT 1"
    )
    test = view("incidents", filled, id="inc-0002")
    present, gone = words(test).split('aria-label="Transactions no longer affected"')
    assert "gone-4711" not in present
    assert "gone-4711" in gone
    assert "reached on time" in gone
    assert "24 Nov 09:00" in gone
    assert "1 transaction no longer affected" in [expander.label for expander in test.expander]


@pytest.mark.parametrize(
    ("address", "asked"),
    [({}, "unresolved"), ({"status": "all"}, ""), ({"status": "resolved"}, "resolved"), ({"status": "acknowledged"}, "acknowledged")],
)
def test_the_list_is_of_what_is_not_resolved_unless_asked(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch, address: dict[str, str], asked: str
) -> None:
    given: list[dict[str, Any]] = []
    real = incident_log.incidents

    def read(client: Any, **parameters: Any) -> pd.DataFrame:
        given.append(parameters)
        return real(client, **parameters)

    monkeypatch.setattr(incident_log, "incidents", read)
    words(view("incidents", filled, flow="order-to-cash", **address))
    assert given == [{"status": asked, "flow": "order-to-cash", "owner": "", "now": NOW.replace(second=0, microsecond=0)}]


def test_a_selection_without_incidents_is_good(view: View, filled: Store) -> None:
    assert "andon-notice good" in words(view("incidents", filled, owner="nobody"))


@pytest.mark.parametrize(("runbook", "said"), [("gone", "Runbook not found"), ("", "No runbook")])
def test_an_incident_without_a_runbook_says_where_to_write_one(
    runbook: str, said: str, view: View, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = incident_log.incident(filled.reader, incident_id="inc-0000")
    assert row is not None
    monkeypatch.setattr(incident_log, "incident", lambda *_, **__: {**row, "runbook": runbook})
    test = view("incidents", filled, id="inc-0000")
    assert said in words(test)
    assert "andon check catalog" in [code.value for code in test.code]


def test_an_incident_that_is_resolved_has_no_deadline_and_can_only_be_noted(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = incident_log.incident(filled.reader, incident_id="inc-0000")
    assert row is not None
    begun = row["opened_at"] + timedelta(hours=1)
    resolved = {"status": "resolved", "resolved_at": begun + timedelta(hours=2), "reopened_at": begun}
    monkeypatch.setattr(incident_log, "incident", lambda *_, **__: {**row, **resolved})
    test = view("incidents", filled, id="inc-0000")
    assert "<i>Deadline</i>" not in words(test)
    assert " after 2 h</b>" in words(test), "since it was reopened"
    assert "<i>Reopened</i>" in words(test)
    assert [button.label for button in test.button] == ["Add note"]
