"""What strangers and their pages can do at the dashboard's ports: the real process, on raw sockets."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests import plain_http
from tests.product import Product, running

ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"
PUBLIC = "https://andon.example.com"
PATHS = ["/", "/incidents", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/static/js/nothing.js", "/media/nothing.csv"]
FOREIGN = [
    "https://evil.example", "http://127.0.0.1:{other}", "http://localhost", "null", "https://x.streamlit.app", "https://share.streamlit.io",
    "http://andon.example.com", "file://",
]  # fmt: skip
UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A dashboard alone: at its ports nothing depends on the engine."""
    folder = tmp_path_factory.mktemp("port")
    environment = {"ANDON_PUBLIC_URL": PUBLIC, "ANDON_METRICS_TOKEN": "env:SCRAPE", "SCRAPE": "scr4pe"}
    with running(Product(folder, ORDERS, environment=environment), "dashboard") as product:
        yield product


@pytest.fixture(scope="module")
def begun(product: Product) -> Iterator[dict[str, socket.socket]]:
    """Connections whose request never ends, opened early: the last test waits until all are closed."""
    head = f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{product.dashboard_port}\r\n"
    starts = {
        "nothing": (product.dashboard_port, ""),
        "part of a head": (product.dashboard_port, head),
        "part of a handshake": (product.dashboard_port, f"{head}{UPGRADE}"),
        "part of a body": (product.dashboard_port, f"{head}content-length: 100\r\n\r\nx"),
        "part of an upload": (product.dashboard_port, head.replace("GET", "PUT") + "content-length: 100\r\n\r\nx"),
        "metrics": (product.dashboard_metrics_port, head),
    }
    with ExitStack() as opened:
        found = {}
        for name, (port, sent) in starts.items():
            found[name] = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            found[name].sendall(sent.encode())
        yield found


def asked(port: int, host: str, *, origin: str = "", path: str = "/_stcore/stream", more: str = "") -> str:
    """Send one request and return the head of its answer."""
    lines = f"GET {path} HTTP/1.1\r\nhost: {host}\r\n{more}" + (f"origin: {origin}\r\n" if origin else "")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as opened:
        opened.sendall(f"{lines}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (part := opened.recv(65536)):
            answer += part
    return answer.partition(b"\r\n\r\n")[0].decode().lower()


def status(answer: str) -> int:
    return int(answer.split()[1])


def refused(product: Product, reason: str) -> int:
    text = plain_http.get(f"http://127.0.0.1:{product.dashboard_metrics_port}/metrics", headers={"authorization": "Bearer scr4pe"}).text
    found = re.search(rf'andon_rejected_requests_total\{{reason="{reason}",source=""\}} (\d+)', text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "0.0.0.0", "x.streamlit.app"])
@pytest.mark.usefixtures("begun")
def test_a_name_that_is_not_ours_reaches_no_page_and_no_websocket(product: Product, host: str) -> None:
    port, before = product.dashboard_port, refused(product, "foreign_host")
    name = host.format(port=port)
    assert status(asked(port, name, origin=f"http://{name}", more=UPGRADE)) == 421
    assert [status(asked(port, name, path=path)) for path in PATHS] == [421] * len(PATHS)
    assert status(asked(product.dashboard_metrics_port, name, path="/metrics")) == 421
    assert refused(product, "foreign_host") == before + len(PATHS) + 2


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_is_refused(product: Product, origin: str) -> None:
    port, before = product.dashboard_port, refused(product, "foreign_origin")
    own, foreign = f"127.0.0.1:{port}", origin.format(other=product.dashboard_metrics_port)
    assert status(asked(port, own, origin=foreign, more=UPGRADE)) == 403
    assert [status(asked(port, own, origin=foreign, path=path)) for path in PATHS] == [403] * len(PATHS)
    assert status(asked(product.dashboard_metrics_port, own, origin=foreign, path="/metrics")) == 403
    assert refused(product, "foreign_origin") == before + len(PATHS) + 2


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}"),
        ("localhost:{port}", "http://localhost:{port}"),
        ("[::1]:{port}", "http://[::1]:{port}"),
        ("andon.example.com", PUBLIC),
        ("127.0.0.1:{port}", PUBLIC),  # a proxy that does not hand the name on
        ("127.0.0.1:{port}", ""),
    ],
)
def test_our_own_pages_are_answered(product: Product, host: str, origin: str) -> None:
    port = product.dashboard_port
    name, page = host.format(port=port), origin.format(port=port)
    assert status(asked(port, name, origin=page, more=UPGRADE)) == 101
    assert status(asked(port, name, origin=page, path="/")) == 200


def test_a_proxy_may_say_who_looks(product: Product) -> None:
    port = product.dashboard_port
    for more in ("", UPGRADE):
        named = asked(
            port,
            "andon.example.com",
            origin=PUBLIC,
            path="/_stcore/stream" if more else "/",
            more=f"x-forwarded-user: Jürgen Ødegård 名\r\n{more}",
        )
        assert status(named) == (101 if more else 200)
    for wrong in ("a\x01b", "a\x7fb"):
        assert status(asked(port, "andon.example.com", more=f"x-forwarded-user: {wrong}\r\n")) == 400
    assert status(asked(port, "andön.example.com")) == 421
    assert status(asked(port, "andon.example.com", origin="https://andön.example.com")) == 403


def test_every_answer_says_what_a_browser_may_do_with_it(product: Product) -> None:
    port = product.dashboard_port
    own = f"127.0.0.1:{port}"
    answers = [asked(port, own, path=path) for path in [*PATHS, "/_stcore/metrics", "/_stcore/upload_file/a/b"]]
    answers += [
        asked(port, own, more=UPGRADE),
        asked(port, own, more=UPGRADE, path="/nothing"),
        asked(port, own, more=UPGRADE.replace("version: 13", "version: 7")),
        asked(port, "evil.example"),
        asked(port, own, origin="null"),
        asked(port, own, more="x: \1\r\n"),
    ]
    answers += [asked(product.dashboard_metrics_port, own, path="/metrics")]
    assert {status(answer) for answer in answers} == {101, 200, 400, 401, 403, 404, 421}
    for answer in answers:
        assert answer.count("x-content-type-options: nosniff") == 1, answer
        assert answer.count("content-security-policy:") == 1, answer
        assert "frame-ancestors 'none'" in answer
        assert "default-src 'none'" in answer


def test_nothing_is_taken_and_nobody_may_steer_a_page_from_outside(product: Product) -> None:
    with httpx.Client(base_url=product.dashboard_url) as client:
        assert client.get("/_stcore/host-config").json()["allowedOrigins"] == []
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert client.request(method, "/_stcore/upload_file/a/b", content=b"x").status_code == 405
        for path in (
            "metrics",
            "/metrics",
            "agent/interact",
            "agent/openapi.json",
            "script-health-check",
            "health/more",
            "allowed-message-origins",
        ):
            assert client.get(f"/_stcore/{path}").status_code == 404, path
            assert client.get(f"/below/_stcore/{path}").status_code == 404, path
        assert "access-control-allow-origin" not in client.get("/_stcore/health").headers


def test_what_never_ends_is_ended(begun: dict[str, socket.socket]) -> None:
    for name, opened in begun.items():
        answer = b""
        try:
            while part := opened.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        assert (b" 408 " in answer) == (name not in {"part of a body", "part of an upload"}), (name, answer[:200])
