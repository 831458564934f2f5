"""Every page of the running demo in a real browser: what the store holds is on it, and what a person does there is in the store."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import plain_http
from tests.e2e.browser import Seen, drawn, look, window
from tests.e2e.demo import Demo
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]
PICTURES = Path(__file__).parent / "screenshots"
CHART = '[data-testid="stVegaLiteChart"] :is(canvas, svg)'
ALARM = '.andon-notice.bad, [data-testid="stException"], [data-testid="stAlertContentError"]'
"""Of Streamlit an exception or an error, of ours that the engine does not answer."""


def sound(page: Any, seen: Seen, name: str) -> None:
    """Keep a picture; the page has no error of any kind and asks nobody else."""
    page.wait_for_timeout(700)
    look(page, seen, PICTURES / f"demo-{name}.png")
    assert not seen.errors
    assert not seen.foreign
    assert page.locator(ALARM).all_inner_texts() == []
    assert "Oh no" not in seen.text
    assert "Traceback" not in seen.text


def appears(page: Any, where: str) -> None:
    page.wait_for_selector(where)


def test_the_board_shows_the_stations_of_every_flow_and_the_incidents(demo: Demo, browser: Any) -> None:
    for name, address in (("board", "/"), ("wall", "/?wall=1")):
        with window(browser, demo.product.dashboard_url + address, "wall" if name == "wall" else "desk", "dark", new_viewer=False) as (
            page,
            seen,
        ):
            drawn(page, ".andon-board")
            sound(page, seen, name)
            assert set(page.locator(".flow h3").all_inner_texts()) == {"Order to cash", "Plan to produce", "Procure to pay"}
            numbers = page.locator(".station .here b")
            wait_until(lambda: sum(int(shown.replace(",", "")) for shown in numbers.all_inner_texts()) > 20, 60, "orders stand at stations")  # noqa: B023
            shown = page.locator(".andon-incidents .incident").evaluate_all("rows => rows.map(row => row.href.split('id=')[1])")
            assert shown
            assert set(shown) <= {row["incident_id"] for row in demo.named("SELECT incident_id FROM incidents FINAL")}
            titles = page.locator(".andon-incidents .incident .title").all_inner_texts()
            assert any(re.match(r"[\d,]+ (purchase |production )?orders? (still |perhaps )*[a-z]", title) for title in titles), titles
            assert all(page.locator(f".andon-incidents .incident .{part}").first.inner_text() for part in ("who", "book", "due"))


def test_a_business_id_leads_to_the_transaction_and_its_way_through_the_systems(demo: Demo, browser: Any) -> None:
    sold = demo.named(
        "SELECT transaction_id, reference, keys, mapKeys(first_at) AS reached FROM transactions FINAL WHERE flow = 'order-to-cash'"
        " AND state = 'completed' AND notEmpty(keys['delivery']) ORDER BY transaction_id DESC LIMIT 1"
    )[0]
    delivery = sold["keys"]["delivery"][0]
    with window(browser, f"{demo.product.dashboard_url}/transactions", new_viewer=False) as (page, seen):
        drawn(page, ".andon-table")
        wait_until(lambda: page.locator(".andon-table tbody tr").count() > 20, 60, "the table fills")
        sound(page, seen, "transactions")

        page.get_by_label("Find a number or a name").fill(delivery)
        page.keyboard.press("Enter")
        drawn(page, ".andon-detail")
        page.get_by_text(sold["reference"], exact=True).first.wait_for()
        page.locator(CHART).nth(1).wait_for()
        sound(page, seen, "transaction")
        assert "Path through the systems" in seen.text
        assert "SLA clocks" in seen.text
        assert delivery in seen.text
        assert len(sold["reached"]) > 4


def test_the_slas_show_what_was_met_and_one_of_them_its_charts(demo: Demo, browser: Any) -> None:
    with window(browser, f"{demo.product.dashboard_url}/slas", new_viewer=False) as (page, seen):
        drawn(page, ".andon-table")
        sound(page, seen, "slas")
        for words in ("Misses against budget", "Next deadlines", "Order booked in ERP"):
            assert words in seen.text
        page.locator(".andon-table a", has_text="Order booked in ERP").first.click()
        appears(page, ".andon-kpis .figure")
        page.locator(CHART).nth(1).wait_for()
        sound(page, seen, "sla")
        (decided,) = re.findall(r"of ([\d,]+) decided", " ".join(page.locator(".andon-kpis .note").all_inner_texts()))
        assert int(decided.replace(",", "")) > 100


def test_the_kpis_have_figures_and_trends(demo: Demo, browser: Any) -> None:
    with window(browser, f"{demo.product.dashboard_url}/kpis", scheme="dark", new_viewer=False) as (page, seen):
        drawn(page, ".andon-kpis .figure")
        page.locator(CHART).nth(2).wait_for()
        sound(page, seen, "kpis")
        figures = page.locator(".andon-kpis .figure b").all_inner_texts()
        assert len(figures) > 4
        assert "–" not in figures
        assert page.locator('.andon-table[aria-label^="KPIs by"] tbody tr').count() > 1


def test_the_sources_show_who_was_heard_when_and_how_much(demo: Demo, browser: Any) -> None:
    with window(browser, f"{demo.product.dashboard_url}/sources", new_viewer=False) as (page, seen):
        drawn(page, '.andon-table[aria-label="Sources"] .spark')
        sound(page, seen, "sources")
        rows = page.locator('.andon-table[aria-label="Sources"] tbody tr').all_inner_texts()
        heard = {row["source"] for row in demo.named("SELECT DISTINCT source FROM events")} - {"andon"}
        assert len(heard) > 3
        assert all(any(source in row for row in rows) for source in heard)
        assert page.locator('.spark i[style="height:100%"]').count() >= len(heard)


def test_an_incident_is_acknowledged_and_silenced_in_the_browser(demo: Demo, browser: Any) -> None:
    with window(browser, f"{demo.product.dashboard_url}/incidents") as (page, seen):
        drawn(page, ".andon-table")
        sound(page, seen, "incidents")
        incident = _open_one(demo, page)
        sound(page, seen, "incident")
        assert "Affected transactions" in seen.text
        assert "Runbook: " in seen.text
        assert all(customer in seen.html for customer in incident["customers"])

        _submit(page, "Acknowledge", {"Your name": "Ada", "Note": "asking the carrier"})
        page.get_by_text("Acknowledged by Ada.").wait_for()
        page.locator(".andon-detail .fact", has_text="Ada until").first.wait_for()  # twice for a moment, while the page is drawn anew
        identity = incident["incident_id"]
        drawn(page, ".andon-detail")  # forms are new once something was done
        kept = demo.named("SELECT status, acknowledged_by FROM incidents FINAL WHERE incident_id = {id:String}", id=identity)
        assert kept == [{"status": "acknowledged", "acknowledged_by": "Ada"}]
        _submit(page, "Silence", {"Your name": "Ada", "Reason": "the carrier is on strike", "Hours": "168"})
        page.get_by_text("Silenced by Ada.").wait_for()
        page.get_by_role("tab", name="History").click()
        appears(page, '.andon-table[aria-label="History"]:has-text("asking the carrier"):has-text("the carrier is on strike")')
        sound(page, seen, "acted")

        page.goto(f"{demo.product.dashboard_url}/incidents?status=all")
        appears(page, '.andon-table[aria-label="Silences"]:has-text("the carrier is on strike")')

    done = demo.named("SELECT actor, action, detail FROM actions WHERE target = {id:String} ORDER BY at", id=identity)
    assert [(row["actor"], row["action"]) for row in done][:1] == [("Ada", "acknowledge")]
    silences = demo.named("SELECT created_by, reason, removed FROM silences FINAL WHERE incident_id = {id:String}", id=identity)
    assert silences == [{"created_by": "Ada", "reason": "the carrier is on strike", "removed": 0}]


def _open_one(demo: Demo, page: Any) -> dict[str, Any]:
    """Open the sheet of an incident that can be acknowledged for a while: an hour of the plant's passes in a minute."""

    def opened() -> dict[str, Any] | None:
        now = datetime.fromisoformat(plain_http.get(f"{demo.product.engine_url}/healthz", timeout=10).json()["now"])
        for incident in demo.incidents():
            due = incident["next_due_at"]
            if due is not None and now < due.replace(tzinfo=UTC) < now + timedelta(hours=1):
                continue
            page.goto(f"{demo.product.dashboard_url}/incidents?id={incident['incident_id']}")
            drawn(page, ".andon-detail")
            if page.get_by_role("tab", name="Silence").count():
                return incident
        return None

    return wait_until(opened, 120, "an open incident")


def _submit(page: Any, act: str, words: dict[str, str]) -> None:
    page.get_by_role("tab", name=act).click()
    panel = page.get_by_role("tabpanel").filter(has=page.get_by_role("button", name=act, exact=True))
    for label, text in words.items():
        panel.get_by_label(label).fill(text)
    panel.get_by_role("button", name=act, exact=True).click()
