"""Every page in every state: filled, empty, engine down, hostile words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pandas as pd
import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest

import dashboard.pages
from core.catalog.catalog import catalog_to_json
from core.catalog.flow import HEARTBEAT
from core.clock import FakeClock
from core.config import Settings
from core.errors import AndonError, Permanent, Retryable
from core.registry import discover
from core.telemetry import M
from dashboard import data, measures
from dashboard.components import signals
from dashboard.components.money import amount, several
from dashboard.components.words import plain
from dashboard.page import Page
from store.catalogs import StoredCatalogs
from store.client import Store
from store.reads import attainment, catalogs, detail, incident_log, leadership
from store.statement import statement
from tests.dashboard.conftest import PAGES
from tests.dashboard.synthetic import HOSTILE, NOW, catalog, line

View = Callable[..., AppTest]


def words(test: AppTest) -> str:
    assert not test.exception, test.exception
    return "\n".join(str(element.proto.body) for element in test.get("html")) + "\n".join(str(element.value) for element in test.markdown)


def first_of(store: Store, table: str, column: str, where: str = "1") -> str:
    return str(store.rows(f"SELECT {column} AS found FROM {table} FINAL WHERE {where} ORDER BY {column} DESC LIMIT 1")[0]["found"])


def test_every_page_keeps_the_contract() -> None:
    found = discover(dashboard.pages, "PAGE", Page)
    assert set(PAGES) == set(found), "name every page in PAGES of tests/dashboard/conftest.py"
    assert len({page.order for page in found.values()}) == len(found)
    assert len({page.url_path for page in found.values()}) == len(found)
    for page in found.values():
        assert re.fullmatch(r":material/[a-z_]+:", page.icon)
        assert re.fullmatch(r"[a-z][a-z-]*", page.url_path)


@pytest.mark.parametrize("page", PAGES)
def test_a_filled_page_shows_no_empty_state(page: str, view: View, filled: Store) -> None:
    shown = words(view(page, filled))
    assert "andon-notice bad" not in shown
    assert "No transactions yet" not in shown


@pytest.mark.parametrize("page", ["board", "transactions", "slas", "incidents", "kpis"])
def test_the_flow_of_heartbeats_is_on_no_page_and_in_no_choice(page: str, view: View, filled: Store) -> None:
    test = view(page, filled)
    assert "Heartbeat" not in words(test)
    assert not [box.label for box in test.selectbox if "Heartbeat" in box.options]


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page_says_so(page: str, view: View, empty: Store) -> None:
    shown = words(view(page, empty))
    assert "andon-notice" in shown
    assert "andon-notice bad" not in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_the_engine_says_that_data_is_delayed_and_shows_no_figure(page: str, view: View) -> None:
    shown = words(view(page, None))
    assert "Data delayed" in shown
    assert "figure" not in shown


def test_the_last_good_picture_is_kept_and_marked_as_old(view: View, filled: Store) -> None:
    words(view("board", filled))
    data._fetch.clear()
    data._client.clear()
    shown = words(view("board", None))
    assert "Data delayed: showing data from 24 Nov 10:30:00" in shown
    assert "andon-board" in shown


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def no_foreign_markup(test: AppTest) -> None:
    tags = _Tags()
    for element in test.get("html"):
        tags.feed(str(element.proto.body))
    read_as_markdown = [
        str(element.value) for kind in (test.markdown, test.subheader, test.caption, test.metric, test.success) for element in kind
    ]
    read_as_markdown += [element.label for kind in (test.expander, test.tabs, test.metric) for element in kind]
    for raw in ("<script>window.hit", "**bold**", "](javascript", "$x$"):
        assert raw not in "\n".join(read_as_markdown)
    for tag, attributes in tags.found:
        assert tag not in {"script", "img", "iframe"}, tag
        assert not any(name.startswith("on") for name, _ in attributes), attributes
        assert not any((value or "").lower().startswith("javascript:") for name, value in attributes if name in {"href", "src"})


@pytest.mark.parametrize("page", PAGES)
def test_hostile_words_stay_words(page: str, view: View, hostile: Store) -> None:
    test = view(page, hostile)
    words(test)
    no_foreign_markup(test)


def test_hostile_words_stay_words_on_the_sheets(view: View, hostile: Store) -> None:
    for page, table, column in (("transactions", "transactions", "transaction_id"), ("incidents", "incidents", "incident_id")):
        test = view(page, hostile, id=first_of(hostile, table, column))
        assert "&lt;script&gt;window.hit" in words(test)
        no_foreign_markup(test)


def test_the_board_counts_what_the_store_holds(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    breached = filled.rows("SELECT uniqExact(flow, transaction_id) AS n FROM clocks FINAL WHERE verdict = 'breached'")[0]["n"]
    opened = filled.rows("SELECT count() AS n FROM transactions FINAL WHERE state = 'open'")[0]["n"]
    assert re.search(rf"Breached</span><b>{breached}</b>", shown)
    assert re.search(rf"Open</span><b>{opened}</b>", shown)
    for flow in catalog().flows.values():
        places = [
            shown.index(f'<span class="name">{flow.milestones[name].title}</span>', shown.index(f'aria-label="{flow.title}"'))
            for name in line(flow)
        ]
        assert places == sorted(places)


def test_a_station_leads_to_what_is_late_there(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, flow="order-to-cash", awaited="booked"))
    late = filled.rows(
        "SELECT reference FROM clocks FINAL WHERE flow = 'order-to-cash' AND stage = 'booked' AND verdict IN ('at_risk', 'breached', 'unknown')"
    )
    assert late
    assert all(row["reference"] in shown for row in late)


def test_the_sheet_of_a_transaction(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    test = view("transactions", filled, id=identity)
    shown = words(test)
    assert "SLA clocks" in [element.value for element in test.subheader]
    assert "POST /orders" in shown
    assert len(test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")) >= 3


def event(number: str, trace: str) -> dict[str, list[object]]:
    row = {"slice": 1, "source": "crm", "received_at": NOW, "event_source": "/notes", "id": number, "type": "crm.note", "time": NOW}
    return {name: [value] for name, value in {**row, "data": '{"note": "by trace alone"}', "trace_id": trace}.items()}


def test_an_event_that_shares_only_the_trace_is_on_the_sheet(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    filled.insert("events", event("note-1", identity))
    filled.insert("events", event("note-2", "0" * 32))
    shown = words(view("transactions", filled, id=identity))
    assert "note-1" in shown
    assert "by trace alone" in shown
    assert "note-2" not in shown


def test_events_of_a_trace_are_found_by_its_index(filled: Store) -> None:
    """A look at one transaction must not read every event there is."""
    named = [{"event_source": "/many", "id": f"{number:07}", "trace_id": f"{number:032x}"} for number in range(100_000)]
    filled.insert(
        "events", {name: [row[name] for row in named] for name in named[0]} | {"slice": [1] * len(named), "received_at": [NOW] * len(named)}
    )
    plan = filled.reader.query(
        f"EXPLAIN indexes = 1 {statement('detail/events', limit=detail.SIGNALS)}",
        parameters={"traces": [f"{4711:032x}"], "ids": [("/many", "0000815")]},
    ).result_rows
    granules = [re.search(r"Granules: (\d+)/(\d+)", row[0]) for row in plan]
    least = [(int(found[1]), int(found[2])) for found in granules if found and int(found[2]) > 10]
    assert min(read for read, _ in least) <= 3, plan
    found = detail.events(filled.reader, trace_ids=(f"{4711:032x}",), signal_ids=(("/many", "0000815"),))
    assert list(found["id"]) == ["0000815", "0004711"]


def test_the_sheet_says_how_many_signals_are_not_shown(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    spans = filled.rows(f"SELECT count() AS n FROM spans FINAL WHERE trace_id = '{identity}'")[0]["n"]
    monkeypatch.setattr(detail, "SIGNALS", 5)
    said = [caption.value for caption in view("transactions", filled, id=identity).caption]
    assert f"Showing the earliest 5 of {spans}." in said
    monkeypatch.setattr(signals, "_TRACES", 0)
    said = [caption.value for caption in view("transactions", filled, id=identity).caption]
    assert "Only 0 of its 1 trace are shown; signals of the others appear only if they are milestones." in said


def test_search_ignores_leading_zeros_and_says_when_nothing_is_found(view: View, filled: Store) -> None:
    reference = first_of(filled, "transactions", "reference", "flow = 'order-to-cash'")
    assert reference in words(view("transactions", filled, find=f"000{reference}"))
    assert "No transaction found for “4711-0815”" in words(view("transactions", filled, find="4711-0815"))


def test_unknown_ids_say_so(view: View, filled: Store) -> None:
    assert "No such transaction" in words(view("transactions", filled, id="nope"))
    assert "No such incident" in words(view("incidents", filled, id="nope"))


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


@pytest.mark.parametrize(("status", "kind"), [(400, Permanent), (401, Permanent), (503, Retryable)])
def test_a_refused_action_carries_the_engines_words(
    status: int, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.httpx, "post", lambda *_, **__: httpx.Response(status, json={"error": "reason: say why"}))
    with pytest.raises(kind, match=f"reason: say why .HTTP {status}."):
        data.Data(Settings(data=tmp_path), FakeClock(NOW)).act("silences", {})


def measured(metric: M, **labels: str) -> float:
    return measures.telemetry().registry.get_sample_value(metric.value.name, labels) or 0.0


def test_old_answers_failed_reads_and_actions_are_counted(
    view: View, filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "store.reads.board.totals"
    before = [measured(metric, read=read) for metric in (M.FAILED_READS, M.OLD_ANSWERS)]
    words(view("board", filled))
    data._fetch.clear()
    data._client.clear()
    words(view("board", None))
    assert [measured(metric, read=read) for metric in (M.FAILED_READS, M.OLD_ANSWERS)] == [count + 1 for count in before]

    results = {200: "done", 400: "refused", 503: "failed"}
    counts = {result: measured(M.ACTIONS, result=result) for result in results.values()}
    for status, result in results.items():
        monkeypatch.setattr(data.httpx, "post", lambda *_, status=status, **__: httpx.Response(status, json={}))
        with contextlib.suppress(AndonError):
            data.Data(Settings(data=tmp_path), FakeClock(NOW)).act("silences", {})
        assert measured(M.ACTIONS, result=result) == counts[result] + 1


def test_a_page_is_measured_once_with_the_part_that_redraws_itself(view: View, filled: Store) -> None:
    def drawn() -> float:
        return measures.telemetry().registry.get_sample_value("andon_page_seconds_count", {"page": "board"}) or 0.0

    before = drawn()
    words(view("board", filled))
    assert drawn() == before + 1


def test_a_search_that_finds_too_much_says_so(view: View, filled: Store) -> None:
    shown = view("transactions", filled, find="45")
    words(shown)
    assert any("Type more of it" in caption.value for caption in shown.caption)


def test_an_incident_with_more_members_than_are_shown_says_how_many(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.reads.incident_log.members.__kwdefaults__", {"limit": 3})
    members = filled.rows("SELECT count() AS n FROM incident_members FINAL WHERE incident_id = 'inc-0000'")[0]["n"]
    shown = view("incidents", filled, id="inc-0000")
    assert members > 3
    assert f"Showing 3 of {members}, earliest due first." in [caption.value for caption in shown.caption]


def test_heartbeats_are_not_listed_unless_asked_for(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'0' * 20}"
    row = {"flow": HEARTBEAT, "transaction_id": identity, "revision": 1, "reference": "beat", "state": "completed", "started_at": NOW}
    filled.insert("transactions", {name: [value] for name, value in row.items()})
    assert identity not in words(view("transactions", filled))
    assert identity in words(view("transactions", filled, flow=HEARTBEAT))


def test_sources_say_who_is_silent_and_what_was_received_in_vain(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=5)
    filled.insert("expected_sources", {"source": ["tms", "wms"], "since": [moment] * 2, "silent_since": [NOW, None], "revision": [1, 1]})
    events = {"slice": 1, "source": "crm", "received_at": moment, "event_source": "/crm"}
    types = ["crm.order.captured", "crm.order.recieved", "andon.heartbeat"]
    filled.insert("events", {**{name: [value] * 3 for name, value in events.items()}, "id": types, "type": types})
    keyless = {"slice": [1], "flow": ["order-to-cash"], "milestone": ["captured"], "event_id": ["k"], "received_at": [moment], "keys": [[]]}
    filled.insert("milestone_events", keyless | {"source": ["crm"]})
    shown = words(view("sources", filled))
    assert "Silent for longer than expected: Transport management" in shown
    assert "Events of type crm.order.recieved" in shown
    assert "crm.order.captured" not in shown
    assert "andon.heartbeat" not in shown
    assert "It carries none of the flow" in shown


def test_a_source_whose_signals_cannot_be_used_is_not_green(view: View, filled: Store) -> None:
    moment = NOW - timedelta(minutes=7)
    events = {"slice": [1], "event_source": ["/e"], "received_at": [moment]}
    filled.insert("events", {**events, "source": ["erp"], "id": ["unread"], "type": ["erp.silent.of"]})
    row = {"slice": [1], "flow": ["order-to-cash"], "milestone": ["captured"], "received_at": [moment], "keys": [[("sales_order", "1")]]}
    filled.insert("milestone_events", row | {"source": ["wms"], "event_id": ["n"], "facts": [{"amount": "abc", "customer": "no number"}]})
    filled.insert("milestone_events", row | {"source": ["tms"], "event_id": ["o"], "facts": [{"amount": " 1e3"}]})
    shown = words(view("sources", filled))
    by_source = {
        name: kind
        for kind, name in re.findall(
            r'<span class="badge (\w+) small"[^>]*>[^<]*</span></td><td[^>]*>[^<]*<br><small>([^<]*)</small>', shown
        )
    }
    assert by_source["erp"] == by_source["wms"] == by_source["crm"] == "warn"
    assert "Last 24 hours: 1 with a fact that is not a number" in shown
    assert "not used by any flow" in shown
    assert "quarantined (" in shown
    assert "Order value of Order to cash: &#39;abc&#39; is not a number" in shown
    assert "1e3" not in shown


def test_a_fact_that_cannot_be_used_is_told_with_what_was_sent(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'f' * 20}"
    row = {"flow": "order-to-cash", "transaction_id": identity, "revision": 1, "reference": "odd", "state": "open", "started_at": NOW}
    for facts, told in (
        (
            {"amount": "abc", "currency": "EUR"},
            "Order value is &#39;abc&#39;, which is not a number. Wherever it is used as money, it counts as 0.",
        ),
        ({"amount": "1200"}, "Order value (1200) has no currency because the fact currency is missing."),
    ):
        filled.insert("transactions", {name: [value] for name, value in {**row, "facts": facts}.items()})
        row["revision"] = 2
        data._fetch.clear()
        assert told in words(view("transactions", filled, id=identity))
    filled.insert(
        "transactions", {name: [value] for name, value in {**row, "revision": 3, "facts": {"amount": "1200", "currency": "EUR"}}.items()}
    )
    data._fetch.clear()
    shown = words(view("transactions", filled, id=identity))
    assert "€1,200" in shown
    assert "cannot be used" not in shown


def test_silences_are_named_as_people_name_things(view: View, filled: Store) -> None:
    silences = words(view("incidents", filled)).split('aria-label="Silences"')[1]
    assert "Procure to pay" in silences
    assert "procure-to-pay" not in silences


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


def test_a_simulated_clock_is_named(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = words(view("board", filled))
    assert "simulated" not in shown
    assert "updated 2 s ago<" in shown
    monkeypatch.setenv("ANDON_CLOCK_SPEED", "60")
    shown = words(view("board", filled))
    assert "Times in Europe/Berlin · simulated, 60 times real speed" in shown
    assert "As of, simulated" in shown
    assert "updated 0 s ago (real)" in shown


def test_the_board_says_how_the_counts_of_a_flow_and_of_its_stations_differ(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    once = "each transaction counted once, by its worst SLA"
    assert f"<b>Next to the flow's name:</b> {once}; one that is late at two stations counts at both" in shown
    head = shown[shown.index('<section class="flow') : shown.index('<ol class="stations">')]
    assert f'title="the deadline has passed; {once}"' in head
    assert 'title="the deadline has passed"' in shown


def test_titles_of_the_catalog_stay_words(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    named = catalog()
    runbooks = {name: runbook.model_copy(update={"title": HOSTILE}) for name, runbook in named.runbooks.items()}
    text = catalog_to_json(replace(named, runbooks=runbooks))
    monkeypatch.setattr(catalogs, "in_force", lambda _: {"definitions": text, "problem": ""})
    title = next(element.value for element in view("incidents", filled, id="inc-0000").subheader if "Runbook" in element.value)
    assert title == f"Runbook: {plain(HOSTILE)}"


def test_a_hostile_currency_stays_words(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    worth = pd.DataFrame({"name": ["all"], "currency": ["[x](javascript:alert(1)) $x$"], "value": [5.0], "transactions": [1]})
    monkeypatch.setattr(leadership, "value_at_risk", lambda *_, **__: worth)
    test = view("kpis", filled)
    words(test)
    no_foreign_markup(test)


def test_no_deadline_ahead_is_not_called_good_while_one_is_past(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "next_due", lambda *_, **__: pd.DataFrame())
    shown = words(view("slas", filled))
    assert "Past the deadline and still open" in shown
    assert "andon-notice good" not in shown


def test_an_unknown_verdict_says_why(view: View, filled: Store) -> None:
    for name, due, said in (("silent", NOW, "source silent"), ("lacking", None, "1 missing a fact")):
        row = {"flow": "order-to-cash", "sla": "ship-as-promised", "transaction_id": name, "revision": 1, "stage": "shipped", "due_at": due}
        filled.insert("open_clocks", {column: [value] for column, value in {**row, "verdict": "unknown"}.items()})
        data._fetch.clear()
        assert said in words(view("board", filled))


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
