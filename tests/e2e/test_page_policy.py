"""What a browser lets the dashboard's page do, whatever found its way into it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.browser import chromium, window
from tests.product import Product, running

pytestmark = pytest.mark.browser
ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"

_REFUSED = """address => new Promise(done => {
    document.addEventListener('securitypolicyviolation', found => done(found.effectiveDirective), {once: true});
    %s
})"""
_ATTEMPTS = {
    "img-src": "new Image().src = address",
    "connect-src": "fetch(address).catch(() => 0)",
    "script-src-elem": "document.head.append(Object.assign(document.createElement('script'), {src: address}))",
    "style-src-elem": "document.head.append(Object.assign(document.createElement('link'), {rel: 'stylesheet', href: address}))",
    "frame-src": "document.body.append(Object.assign(document.createElement('iframe'), {src: address}))",
    "form-action": "const form = document.createElement('form'); form.action = address; document.body.append(form); form.submit()",
    "font-src": "new FontFace('x', 'url(' + address + ')').load().catch(() => 0)",
    "object-src": "document.body.append(Object.assign(document.createElement('object'), {data: address}))",
}
_INLINE = "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
_IMAGE = "address => new Promise(done => { const image = new Image(); image.onload = image.onerror = () => done(1); image.src = address })"


@contextmanager
def host() -> Iterator[tuple[str, list[str]]]:
    """Another host: give its address, and the paths it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_page_speaks_to_its_own_server_and_the_hosts_of_its_images_alone(tmp_path: Path) -> None:
    with host() as (wiki, shown), host() as (other, asked):
        product = Product(tmp_path, ORDERS, environment={"ANDON_IMAGE_HOSTS": wiki})
        with running(product, "dashboard"), chromium() as browser, window(browser, product.dashboard_url) as (page, _):
            page.wait_for_selector('[data-testid="stApp"]')
            for directive, attempt in _ATTEMPTS.items():
                assert page.evaluate(_REFUSED % attempt, f"http://{other}/{directive}") == directive
            assert page.evaluate(_REFUSED % _INLINE, "") == "script-src-elem"
            assert page.evaluate("address => window.ran", "") is None
            page.evaluate(_IMAGE, f"http://{wiki}/plan.png")
            assert page.evaluate(_REFUSED % "fetch(address).catch(() => 0)", f"http://{wiki}/x") == "connect-src"
        assert shown == ["/plan.png"]
        assert asked == []


def test_no_other_page_shows_it_in_a_frame(tmp_path: Path) -> None:
    with running(Product(tmp_path, ORDERS), "dashboard") as product, chromium() as browser:
        page = browser.new_page()
        with page.expect_event("requestfailed") as failed:
            page.set_content(f'<iframe src="{product.dashboard_url}"></iframe>', wait_until="commit")
        assert failed.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"
