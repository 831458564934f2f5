"""A real Chromium for tests: pictures of pages, and what went wrong while they were drawn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from tests.waiting import slowness

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--mute-audio",
]
WAIT_MILLISECONDS = 45_000
"""What a quiet machine may take at the most, for each thing that is waited for."""
SIZES = {"desk": (1440, 900), "phone": (390, 844), "wall": (1920, 1080), "small wall": (1280, 800)}
TIME_ZONE = "Europe/Berlin"
READY = ".andon-table, .andon-kpis, .andon-board, .andon-detail, .andon-notice"
_known_viewers: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""By browser, the context of the viewer who was here before."""
_CUT = """[...document.querySelectorAll('.figure b, .andon-kpis .label, .tally, .incident .title, .incident .due, .station > a, [data-testid="stMetricValue"]')]
    .filter(found => found.scrollWidth > found.clientWidth + 1).map(found => found.innerText)"""


@dataclass
class Seen:
    """What a page did: text in its body, requests to other hosts, errors of its scripts and on its console, figures wider than their
    place."""

    text: str = ""
    html: str = ""
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser; skips with the package's name where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs chromium: apt package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def visit(
    browser: Any,
    url: str,
    picture: Path | None = None,
    size: str = "desk",
    scheme: str = "light",
    ready: str = READY,
    settle: int = 700,
    prepare: str = "0",
) -> Seen:
    """Open ``url`` for a viewer who was here before, wait until it is drawn, run the script ``prepare``, keep a picture; return what was
    seen."""
    with window(browser, url, size, scheme, new_viewer=False) as (page, seen):
        drawn(page, ready)
        page.wait_for_timeout(settle)
        page.evaluate(prepare)
        look(page, seen, picture)
    return seen


@contextmanager
def window(browser: Any, url: str, size: str = "desk", scheme: str = "light", *, new_viewer: bool = True) -> Iterator[tuple[Any, Seen]]:
    """Open ``url``; give the page, and what is noted while it is used.

    A new viewer's browser knows nothing of us. One who was here before has the scripts already, which halves the processor time of a page.
    """
    if new_viewer:
        context = browser.new_context(timezone_id=TIME_ZONE)
    elif (context := _known_viewers.get(browser)) is None:
        context = _known_viewers[browser] = browser.new_context(timezone_id=TIME_ZONE)
    page, seen, host = context.new_page(), Seen(), url.split("/")[2]
    page.set_default_timeout(WAIT_MILLISECONDS * slowness())
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)

    def asked(request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")) and host not in request.url:
            seen.foreign.append(request.url)

    def said(message: Any) -> None:
        if message.type == "error":
            seen.errors.append(f"{message.text} ({message.location['url']})")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    try:
        page.goto(url)
        yield page, seen
    finally:
        (context if new_viewer else page).close()


def drawn(page: Any, ready: str = READY) -> None:
    """Wait until ``ready`` is there and Streamlit has come to rest."""
    page.wait_for_selector(ready, state="attached")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', state="attached")


def look(page: Any, seen: Seen, picture: Path | None = None) -> None:
    """Note what the page shows now, and keep a picture."""
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture)
    seen.cut = page.evaluate(_CUT)
    seen.text, seen.html = page.inner_text("body"), page.content()
