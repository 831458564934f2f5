"""The pages behind the proxies of ``deploy/proxy``: below a path, with TLS and login, and with their WebSocket."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.browser import WAIT_MILLISECONDS, drawn
from tests.ports import free_port
from tests.product import Product, running
from tests.waiting import slowness, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.server]
PROXIES = Path(__file__).parents[2] / "deploy" / "proxy"
ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"
LOGIN = ("ana", "correct horse")


def changed(text: str, changes: dict[str, str]) -> str:
    """Return a sample with what a user would change in it."""
    for before, after in changes.items():
        assert before in text, f"the sample does not say '{before}' any more"
        text = text.replace(before, after)
    return text


def nginx(folder: Path, port: int, pages: int, certificate: tuple[Path, Path]) -> list[str]:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("needs nginx: apt package nginx-light")
    hashed = subprocess.run(["openssl", "passwd", "-apr1", LOGIN[1]], check=True, capture_output=True, text=True).stdout.strip()
    (folder / "users").write_text(f"{LOGIN[0]}:{hashed}\n")
    folder.chmod(0o755)
    server = changed(
        (PROXIES / "nginx.conf").read_text(encoding="utf-8"),
        {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/nginx/andon.pem": str(certificate[0]),
            "/etc/nginx/andon.key": str(certificate[1]),
            "/etc/nginx/andon.htpasswd": str(folder / "users"),
            "127.0.0.1:8501": f"127.0.0.1:{pages}",
        },
    )
    places = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if Path("/proc/self").owner() == "root" else ""
    conf = f"daemon off;\n{user}pid {folder / 'pid'};\nerror_log {folder / 'errors'};\nevents {{}}\nhttp {{\naccess_log off;\n{places}{server}}}\n"
    (folder / "nginx.conf").write_text(conf)
    return [program, "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, pages: int, certificate: tuple[Path, Path]) -> list[str]:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("needs Caddy: apt package caddy")
    hashed = subprocess.run([program, "hash-password", "--plaintext", LOGIN[1]], check=True, capture_output=True, text=True).stdout.strip()
    site = changed(
        (PROXIES / "Caddyfile").read_text(encoding="utf-8"),
        {
            "andon.example.com {": f"https://localhost:{port} {{\n\ttls {certificate[0]} {certificate[1]}",
            "HASH": hashed,
            "127.0.0.1:8501": f"127.0.0.1:{pages}",
        },
    )
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder / 'storage'}\n}}\n{site}")
    return [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def proxied(command: list[str], folder: Path, url: str) -> Iterator[None]:
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until(lambda: httpx.get(url, verify=False).status_code == 401, 30, f"the proxy asks for a login; its log is {log.name}")
            yield
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=lambda proxy: proxy.__name__)
def test_the_pages_work_below_a_path_with_login(tmp_path: Path, certificate: tuple[Path, Path], browser: Any, proxy: Any) -> None:
    port = free_port()
    url = f"https://localhost:{port}/andon"
    product = Product(tmp_path / "data", ORDERS, {"ANDON_PUBLIC_URL": url})
    with running(product, "collect", "engine", "dashboard"):
        command = proxy(tmp_path, port, product.dashboard_port, certificate)
        with proxied(command, tmp_path, f"{url}/"):
            assert httpx.get(url, verify=False, follow_redirects=False).headers["location"].endswith("/andon/")
            context = browser.new_context(
                ignore_https_errors=True,
                http_credentials={"username": LOGIN[0], "password": LOGIN[1]},
                viewport={"width": 1440, "height": 900},
            )
            context.set_default_timeout(WAIT_MILLISECONDS * slowness())
            page, errors, sockets = context.new_page(), [], []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("websocket", lambda socket: sockets.append(socket.url))
            page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
            try:
                for address in ("/", "/incidents", "/transactions?flow=orders"):
                    page.goto(url + address)
                    drawn(page)
                page.click("a[href='kpis'], a[href$='/kpis']")
                page.wait_for_url(f"{url}/kpis*")
                drawn(page)
            finally:
                context.close()
    assert errors == []
    assert sockets
    assert all(socket == f"wss://localhost:{port}/andon/_stcore/stream" for socket in sockets)
