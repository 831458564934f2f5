"""Takes the README's pictures of a running demo: ``python tools/pictures.py http://127.0.0.1:8501`` writes them into ``docs/``.

It needs Chromium and what ``make install`` installs for tests. What is shown is what the demo shows at that moment: take them when an
incident is open that is worth a picture. A palette of 256 colours is enough for a page, and weighs a third.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
COLOURS = 256


class Picture(NamedTuple):
    """``address``: of the page; ``follow``: a link on it that leads to what is shown; ``ready``: what is there once it is drawn."""

    address: str
    size: tuple[int, int]
    scheme: str
    ready: str
    follow: str = ""


FIRST = ".andon-table td.key a"
PICTURES = {
    "board": Picture("/", (1920, 1080), "light", ".andon-board"),
    "wall": Picture("/?wall=1", (1920, 1080), "dark", ".andon-board"),
    "incident": Picture("/incidents?owner=integration-platform", (1440, 900), "dark", ".andon-detail", FIRST),
    "transaction": Picture(
        "/transactions?flow=order-to-cash&verdict=breached", (1440, 900), "light", ".stVegaLiteChart :is(canvas, svg)", FIRST
    ),
}


def take(browser: Any, url: str, picture: Picture) -> bytes:
    """Return a page as it is drawn, as PNG."""
    page = browser.new_page(
        viewport={"width": picture.size[0], "height": picture.size[1]}, color_scheme=picture.scheme, timezone_id="Europe/Berlin"
    )
    page.goto(url.rstrip("/") + picture.address)
    if picture.follow:
        page.locator(picture.follow).first.click()
    page.wait_for_selector(picture.ready, state="attached")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', state="attached")
    page.wait_for_timeout(1500)
    shown: bytes = page.screenshot()
    page.close()
    return shown


def small(png: bytes) -> bytes:
    """Return the same picture with a palette."""
    written = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


def main(url: str) -> None:
    """Write all pictures."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for name, picture in PICTURES.items():
            (DOCS / f"{name}.png").write_bytes(small(take(browser, url, picture)))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
