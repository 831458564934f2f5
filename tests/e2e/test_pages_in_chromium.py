"""Every page of the running dashboard in a real browser: light, dark, on a desk, a phone and a wall."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import plain_http
from tests.e2e.browser import SIZES, WAIT_MILLISECONDS, drawn, look, visit, window
from tests.ports import free_port
from tests.product import START_SECONDS
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages in chromium")]
ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent / "screenshots"
ADDRESSES = {"board": "/", "transactions": "/transactions", "transaction": "/transactions?find=4500000500", "incidents": "/incidents", "incident": "/incidents?id=inc-0000", "slas": "/slas",
             "sla": "/slas?sla=order-to-cash/book-in-time", "kpis": "/kpis", "behind": "/kpis?behind=missed", "interfaces": "/interfaces", "sources": "/sources"}  # fmt: skip
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
ALL_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""Those of :data:`ALL_RULES` whose answer may be another one where it is dark."""
SERIOUS = """async rules => {
    const found = await axe.run(document, {resultTypes: ['violations'], runOnly: rules});
    return found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).map(one => `${one.id}: `
        + one.nodes.slice(0, 3).map(node => `${node.html.slice(0, 200)} (${[...node.any, ...node.all].map(why => why.message)})`).join(' | '));
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard over a synthetic store, in a process of its own."""
    folder = tmp_path_factory.mktemp("dashboard")
    port = free_port()
    script = ROOT / "tests" / "e2e" / "served.py"
    environment = {
        **os.environ,
        "ANDON_DATA": str(folder),
        "ANDON_DASHBOARD_PORT": str(port),
        "ANDON_DASHBOARD_METRICS_PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
    }
    start = f"from pathlib import Path; from core.config import load_settings; from dashboard.server import serve; serve(Path({str(script)!r}), load_settings())"
    arguments = [sys.executable, "-c", start]
    process = subprocess.Popen(arguments, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: plain_http.get(f"http://127.0.0.1:{port}/_stcore/health").is_success, START_SECONDS, "the pages are served")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_is_drawn_without_an_error_a_request_elsewhere_or_anything_serious_for_axe(name: str, served: str, browser: Any) -> None:
    """Drawn on a desk and on a phone, one of them dark; then axe looks at it, with all unfolded, on a phone, a desk and a wall, light and
    dark."""
    desk, phone = ("dark", "light") if name in {"board", "sla", "kpis", "incident"} else ("light", "dark")
    on_phone = visit(browser, served + ADDRESSES[name], PICTURES / f"{name}-phone-{phone}.png", "phone", phone)
    with window(browser, served + ADDRESSES[name], "desk", desk, new_viewer=False) as (page, on_desk):
        drawn(page)
        page.wait_for_timeout(700)
        look(page, on_desk, PICTURES / f"{name}-desk-{desk}.png")
        for seen in (on_phone, on_desk):
            assert not seen.errors
            assert not seen.foreign
            assert "Oh no" not in seen.text
            assert "Traceback" not in seen.text
        if not AXE.exists():
            pytest.skip("needs Node.js packages: apt install nodejs npm; cd tests/e2e/node && npm ci")
        unfold(page)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert not serious(page)
        assert not on_desk.errors


def unfold(page: Any) -> None:
    """Open what is folded away, such as the form that publishes a message again."""
    folded = page.locator('[data-testid="stExpander"] details:not([open]) > summary')
    for _ in range(folded.count()):
        folded.first.click()
        drawn(page)
    assert folded.count() == 0


def serious(page: Any) -> list[tuple[str, str, str]]:
    """Return what axe finds serious, each with the scheme and the size."""
    found = {}
    for scheme, rules in (("light", ALL_RULES), ("dark", COLOUR_RULES)):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("scheme => getComputedStyle(document.querySelector('.stApp')).colorScheme === scheme", arg=scheme)
        for size in ("phone", "desk", "wall"):
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.querySelector('.stApp').getBoundingClientRect()")
            found |= {(scheme, size, each): None for each in page.evaluate(SERIOUS, rules)}
    return list(found)


def test_the_wall_shows_all_flows_without_navigation_and_stations_lead_to_transactions(served: str, browser: Any) -> None:
    seen = visit(browser, served + "/?wall=1", PICTURES / "wall.png", "wall", "dark", ready=".andon-board")
    assert all(title in seen.text for title in ("Order to cash", "Plan to produce", "Procure to pay"))
    assert "Sources" not in seen.text
    with window(browser, served + "/?wall=1", "wall", "dark", new_viewer=False) as (page, _):
        drawn(page, ".andon-board")
        assert page.locator(".legend").evaluate("legend => legend.getBoundingClientRect().bottom <= innerHeight"), (
            "nothing is below the screen"
        )
        page.goto(served + "/")
        drawn(page, ".andon-board")
        widths = page.locator(".flow .stations").evaluate_all(
            "flows => flows.map(flow => new Set([...flow.querySelectorAll('.share')].map(bar => Math.round(bar.clientWidth))).size)"
        )
        assert widths == [1, 1, 1], "the bars of a flow are equally wide: their parts are compared"
    found = re.search(r'href="(transactions\?flow=order-to-cash&amp;state=open&amp;stage=mapped&amp;period=all)"', seen.html)
    assert found
    listed = visit(browser, f"{served}/{found[1].replace('&amp;', '&')}", ready=".andon-table")
    assert "Mapped" in listed.text
    identity = re.search(r"transactions\?id=([0-9a-f]{32})", listed.html)
    assert identity
    sheet = visit(browser, f"{served}/transactions?id={identity[1]}", PICTURES / "transaction-desk-light.png", ready=".andon-detail")
    assert not sheet.errors
    assert "SLA clocks" in sheet.text


_BUSY_DAY = """() => {
    const set = (where, text) => document.querySelectorAll(where).forEach(found => { found.textContent = text });
    set('.station .here b', '391');
    set('.incident .title', 'shopfloor.orders stands still · 11 production orders wait behind it, 2 late · DE07, US02 · €175k + $6.68k at risk');
    document.querySelectorAll('.incident .title').forEach(found => { found.className = 'title critical' });
    set('.incident .due', 'overdue 23\\u00a0h\\u00a059\\u00a0min');
    document.querySelectorAll('.figure').forEach((figure, place) => {
        figure.querySelector('b').textContent = ['1,925', '108', '187', '162', '€99.9k + $88.8k', 'in 23 h 59 min', '21:08:50'][place];
    });
    set('[data-testid="stMetricValue"] p', '€99.9k + $88.8k');
}"""


def test_no_station_reaches_into_the_next_however_much_waits_there(served: str, browser: Any) -> None:
    with window(browser, served + "/", "wall", new_viewer=False) as (page, _):
        drawn(page, ".andon-board")
        assert page.evaluate(_CROWDED) == []


_CROWDED = """() => {
    document.querySelectorAll('.station .here').forEach((here, place) => {
        here.className = 'here long';
        here.querySelector('b').textContent = place % 2 ? '1,764' : '12,345';
    });
    const cards = [...document.querySelectorAll('.station > a')];
    return cards.filter(card => card.getBoundingClientRect().right > card.parentElement.getBoundingClientRect().right + 1
        || card.scrollWidth > card.clientWidth + 1).map(card => card.innerText);
}"""
"""Let thousands wait before every station; return the stations that are too narrow for it."""


def test_no_figure_and_no_title_is_cut_on_a_small_wall_or_a_phone(served: str, browser: Any) -> None:
    for address, size in (("/?wall=1", "small wall"), ("/", "small wall"), ("/", "wall"), ("/kpis", "small wall"), ("/", "phone")):
        seen = visit(browser, served + address, size=size, prepare=_BUSY_DAY)
        assert not seen.cut, (address, size, seen.cut)


def test_every_choice_of_a_filter_is_kept_and_the_back_button_takes_it_back(served: str, browser: Any) -> None:
    with window(browser, f"{served}/incidents", new_viewer=False) as (page, _):
        drawn(page)
        box = page.get_by_role("combobox", name="Flow")
        for flow, title in (
            ("order-to-cash", "Order to cash"),
            ("procure-to-pay", "Procure to pay"),
            ("plan-to-produce", "Plan to produce"),
        ):
            box.click()
            page.get_by_role("option", name=title).click()
            page.wait_for_url(f"**/incidents?flow={flow}", timeout=WAIT_MILLISECONDS)
            drawn(page)
            assert box.input_value() == title
        page.go_back()
        page.wait_for_url("**/incidents?flow=procure-to-pay", timeout=WAIT_MILLISECONDS)
        page.wait_for_selector('input[role="combobox"][value="Procure to pay"]', timeout=WAIT_MILLISECONDS)


def test_many_filters_are_folded_away_on_a_phone_until_they_are_asked_for(served: str, browser: Any) -> None:
    with window(browser, f"{served}/transactions", "phone", new_viewer=False) as (page, _):
        drawn(page, ".andon-table")
        box, fold = page.get_by_role("combobox", name="SLA status"), page.locator(".andon-fold summary")
        assert not box.is_visible()
        assert page.locator(".andon-table tbody tr").first.evaluate("row => row.getBoundingClientRect().bottom <= innerHeight")
        fold.click()
        box.click()
        page.get_by_role("option", name="Breached").click()
        page.locator(".andon-folded", has_text="1 chosen").wait_for()
        assert box.is_visible(), "what is unfolded stays so while filters are chosen"
        page.set_viewport_size({"width": 1440, "height": 900})
        fold.wait_for(state="hidden")
        assert box.is_visible()
        page.reload()
        drawn(page, ".andon-table")
        assert box.is_visible(), "where there is room, nothing is folded"


_LISTS = ["/sources", "/interfaces", "/transactions?period=all", "/incidents", "/slas", "/kpis"]
_BEHIND = [f"/kpis?period=90d&behind={what}" for what in ("missed", "protected", "slowest", "risk")]
_BEYOND = """found => found
    .filter(each => each.scrollHeight > each.clientHeight + 2 || each.scrollWidth > each.clientWidth + 2).map(each => each.ariaLabel)"""


@pytest.mark.parametrize("address", [*_LISTS, *_BEHIND, "/incidents?id=inc-0000", ADDRESSES["transaction"]])
def test_on_a_phone_nothing_in_the_page_scrolls_but_the_page(address: str, served: str, browser: Any) -> None:
    """Neither what is shown at once, nor what is folded away or in another tab."""
    with window(browser, served + address, "phone", new_viewer=False) as (page, _):
        drawn(page, ".andon-table")
        unfold(page)
        inside = page.locator(".andon-table, .st-key-affected, :has(> .st-key-affected)")
        assert inside.count()
        assert inside.evaluate_all(_BEYOND) == []
        tabs = page.get_by_role("tab")
        for place in range(1, tabs.count()):
            tabs.nth(place).click()
            drawn(page, ".andon-table")
            assert inside.evaluate_all(_BEYOND) == [], tabs.nth(place).inner_text()


def test_an_own_range_of_days_fills_one_row_with_the_other_filters_and_is_not_cut(served: str, browser: Any) -> None:
    for address in ("/kpis", "/slas", "/transactions"):
        with window(browser, f"{served}{address}?period=own", new_viewer=False) as (page, _):
            drawn(page)
            boxes = [page.locator(f".stMain .st{kind}").first for kind in ("Selectbox", "DateInput")]
            assert len({round((box.bounding_box() or {})["y"]) for box in boxes}) == 1, address
            days = page.get_by_test_id("stDateInputFieldsScroller")
            assert days.evaluate("box => box.scrollWidth <= box.clientWidth + 1"), address


def test_the_name_of_the_first_page_leads_to_it_with_all_that_the_address_says(served: str, browser: Any) -> None:
    with window(browser, f"{served}/board?wall=1&zone=Asia/Tokyo", "wall", new_viewer=False) as (page, seen):
        page.wait_for_url(re.compile(r"/\?[^/]*$"), timeout=WAIT_MILLISECONDS)
        drawn(page, ".andon-board")
        assert page.get_by_role("dialog").count() == 0
        assert "Times in Asia/Tokyo" in page.inner_text("body")
        assert page.locator(".andon-wall").count() == 1
        assert not seen.errors


def test_the_first_viewer_may_come_by_a_link_to_any_page(served: str, browser: Any) -> None:
    """Streamlit would take a folder ``pages`` beside the entry script for pages of its own."""
    with window(browser, f"{served}/incidents") as (page, _):
        drawn(page)
        assert page.get_by_role("dialog").count() == 0
    assert not [entry for entry in ("andon/pages", "tests/e2e/pages") if (ROOT / entry).exists()]


def test_a_slash_leads_to_the_search_from_every_page_and_finds(served: str, browser: Any) -> None:
    with window(browser, f"{served}/slas", new_viewer=False) as (page, seen):
        drawn(page)
        page.keyboard.press("/")
        page.keyboard.type("45000001")
        page.keyboard.press("Enter")
        page.wait_for_url("**/transactions?find=45000001", timeout=WAIT_MILLISECONDS)
        drawn(page, ".andon-table, .andon-notice")
        assert page.get_by_label("Find a number or a name").input_value() == "45000001"
        page.get_by_label("Find a number or a name").press("End")
        page.get_by_label("Find a number or a name").press("/")
        assert page.get_by_label("Find a number or a name").input_value() == "45000001/", "a slash in a box is a slash"
        assert not seen.errors


def test_tab_leads_to_what_is_on_the_screen_and_shows_where_it_is(served: str, browser: Any) -> None:
    with window(browser, f"{served}/", new_viewer=False) as (page, _):
        drawn(page, ".andon-board")
        stops = []
        for _ in range(18):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(FOCUSED))
        names = [name for name, *_ in stops]
        assert {"Incidents", "Wall"} <= {name.splitlines()[-1] for name in names if name}, names
        assert [name for name, on_screen, _ in stops if not on_screen] == []
        assert [name for name, _, marked in stops if not marked] == []


FOCUSED = """() => {
    const one = document.activeElement, {left, right} = one.getBoundingClientRect(), {outlineStyle, boxShadow} = getComputedStyle(one);
    return [one.innerText || one.ariaLabel || one.outerHTML.slice(0, 200), right > 0 && left < innerWidth, outlineStyle !== "none" || boxShadow !== "none" || one.tagName === "MAIN"];
}"""
"""Name of what has the focus, whether it is on the screen, and whether it looks so; Streamlit draws a line around the whole page itself."""


def test_keys_lead_from_page_to_page_and_through_a_list_and_are_listed(served: str, browser: Any) -> None:
    with window(browser, f"{served}/slas", new_viewer=False) as (page, seen):
        drawn(page)
        page.keyboard.press("?")
        listed = page.locator("dialog.andon-keys[open]")
        assert "go to Incidents" in listed.inner_text()
        page.keyboard.press("g")
        page.keyboard.press("i")
        assert "/slas" in page.url, "while the list is open, keys are the list's"
        page.keyboard.press("Escape")
        listed.wait_for(state="hidden", timeout=WAIT_MILLISECONDS)
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/incidents", timeout=WAIT_MILLISECONDS)
        drawn(page, ".andon-table")
        focused = "document.activeElement.href"
        for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
            page.keyboard.press(key)
            assert page.evaluate(focused) == page.locator(".andon-table td.key a").nth(row).evaluate("one => one.href")
        page.keyboard.press("Enter")
        page.wait_for_url("**/incidents?id=*", timeout=WAIT_MILLISECONDS)
        drawn(page, ".andon-detail")
        box = page.locator('[data-testid="stMain"] input[aria-label="Your name"]').first
        box.press("g")
        box.press("b")
        assert box.input_value() == "gb", "letters in a box are letters"
        box.blur()
        page.keyboard.press("Escape")
        page.wait_for_url("**/incidents", timeout=WAIT_MILLISECONDS)
        page.get_by_role("button", name="Keys").click()
        listed.wait_for(timeout=WAIT_MILLISECONDS)
        assert not seen.errors


def test_every_tab_is_named_and_a_name_given_once_is_kept(served: str, browser: Any) -> None:
    with window(browser, f"{served}/incidents?id=inc-0000") as (page, _):
        drawn(page, ".andon-detail")
        name = page.title().removesuffix(" · Andon")
        assert name
        assert name != "Incidents"
        assert name in page.locator(".andon-detail h1").inner_text()
        box = page.locator('[data-testid="stMain"] input[aria-label="Your name"]').first
        box.fill("Jörg Koch")
        box.press("Tab")
        page.goto(f"{served}/incidents?id=inc-0003")
        drawn(page, ".andon-detail")
        assert page.title().endswith(" · Andon")
        assert box.input_value() == "Jörg Koch"


def test_what_is_typed_is_completed_and_a_suggestion_leads_to_what_it_names(served: str, browser: Any) -> None:
    with window(browser, f"{served}/kpis") as (page, seen):
        box = page.locator(".andon-search input")
        box.press_sequentially("acm")
        page.locator("#andon-suggestions li", has_text="ACME GmbH").wait_for()
        box.press("ArrowDown")
        box.press("Enter")
        page.locator(".andon-table td", has_text="Customer ACME GmbH").first.wait_for()
        assert page.url.endswith("/transactions?find=ACME+GmbH")
        again = page.get_by_label("Find a number or a name")
        again.fill("450000000")
        page.locator("#andon-suggestions li", has_text="Sales order").first.wait_for()
        again.press("Escape")
        assert page.locator("#andon-suggestions").count() == 0
        assert seen.errors == []
