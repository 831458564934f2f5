"""What Streamlit is given of a request, and what a browser may do with a page."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import streamlit

from core.config import Settings
from dashboard.gate import gate, page_headers

Scope = dict[str, Any]


async def nothing(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer what is asked for suggestions."""
    await send({"type": "http.response.body", "body": b"suggested"})


def asked(
    method: str, path: str, kind: str = "http", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[list[Scope], list[dict[str, Any]]]:
    """Ask the gate; return what the application behind it was given, and what the gate answered itself."""
    given: list[Scope] = []
    answered: list[dict[str, Any]] = []

    async def behind(scope: Any, _receive: Any, _send: Any) -> None:
        given.append(scope)

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {"type": kind, "method": method, "path": path, "headers": list(headers)}
    asyncio.run(gate(behind, nothing)(scope, None, send))  # type: ignore[arg-type] # a gate reads no body
    return given, answered


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"])
def test_nothing_is_taken(method: str) -> None:
    given, (head, body) = asked(method, "/board")
    assert given == []
    assert (head["status"], dict(head["headers"])[b"allow"]) == (405, b"GET, HEAD")
    assert body["body"].endswith(b"use GET or HEAD\n")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path", ["/", "/board", "/static/js/main.js", "/_stcore/health", "/_stcore/host-config", "/below/_stcore/health", "/stcore/metrics"]
)
def test_pages_and_what_they_need_pass(method: str, path: str) -> None:
    (scope,), answered = asked(method, path)
    assert (scope["path"], answered) == (path, [])


@pytest.mark.parametrize("path", ["/suggestions", "/below/suggestions"])
def test_suggestions_are_answered_beside_streamlit(path: str) -> None:
    given, answered = asked("GET", path)
    assert (given, answered[0]["body"]) == ([], b"suggested")
    assert asked("POST", path)[1][0]["status"] == 405
    assert asked("GET", path, "websocket")[0], "a WebSocket is Streamlit's"


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/upload_file/a",
        "/_stcore/health/more",
        "/_stcore/healthy",
        "/_stcore/",
        "/below/_stcore/metrics",
        "/_stcore//health",
    ],
)
def test_what_no_page_of_ours_uses_is_not_there(path: str) -> None:
    given, (head, _) = asked("GET", path)
    assert (given, head["status"]) == ([], 404)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_streamlit_hears_of_no_origin(kind: str) -> None:
    headers = ((b"origin", b"https://evil.example"), (b"accept-language", b"de"), (b"origin", b"null"), (b"accept-encoding", b"gzip"))
    (scope,), _ = asked("GET", "/_stcore/health" if kind == "http" else "/_stcore/stream", kind, headers)
    assert scope["headers"] == [(b"accept-language", b"de")]


def test_what_is_no_request_passes_as_it_is() -> None:
    (scope,), _ = asked("", "", "lifespan", ((b"origin", b"x"),))
    assert scope["headers"] == [(b"origin", b"x")]


def answered(kind: str, *bodies: bytes, status: int = 200, method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    """Return the headers and the body of what a browser gets of an answer of Streamlit's in these parts."""
    sent: list[dict[str, Any]] = []

    async def behind(_scope: Any, _receive: Any, send: Any) -> None:
        length = str(len(b"".join(bodies))).encode()
        headers = [(b"content-type", kind.encode()), (b"content-length", length), (b"etag", b"x"), (b"last-modified", b"y")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gate(behind, nothing)({"type": "http", "method": method, "path": "/incidents", "headers": []}, None, send))  # type: ignore[arg-type] # a gate reads no body
    return dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


def test_a_page_runs_our_script_before_streamlits_and_is_not_kept_without_it() -> None:
    page = b'<title>Streamlit</title><script>1</script><script type="module" src=2></script><script type="module" src=3></script>'
    headers, body = answered("text/html; charset=utf-8", page[:20], page[20:])
    assert body.startswith(b'<title>Andon</title><script>1</script><script src="./frame.js"></script>')
    assert body.count(b"frame.js") == 1
    assert headers == {b"content-type": b"text/html; charset=utf-8", b"content-length": str(len(body)).encode()}


@pytest.mark.parametrize(("kind", "status"), [("text/javascript", 200), ("text/html", 404), ("application/json", 200)])
def test_everything_else_passes_as_it_is(kind: str, status: int) -> None:
    headers, body = answered(kind, b"<title>Streamlit", b"</title>", status=status)
    assert body == b"<title>Streamlit</title>"
    assert (headers[b"etag"], headers[b"content-length"]) == (b"x", b"24")


def test_the_page_of_the_streamlit_installed_takes_our_script() -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    _, body = answered("text/html", page)
    assert body.index(b'src="./frame.js"') < body.index(b'<script type="module"')
    assert b"<title>Andon</title>" in body


def test_our_script_is_served_below_any_prefix() -> None:
    for path in ("/frame.js", "/below/frame.js"):
        given, (head, *parts) = asked("GET", path)
        assert (given, head["status"]) == ([], 200)
        assert b"andon-search" in b"".join(part["body"] for part in parts)


def policy(*hosts: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in page_headers(hosts)["content-security-policy"].split("; "))


def test_a_page_loads_from_its_own_server_alone() -> None:
    told = policy()
    assert told["default-src"] == told["frame-ancestors"] == "'none'"
    assert told["connect-src"] == told["form-action"] == "'self'"
    assert "unsafe-inline" not in told["script-src"]
    assert "unsafe-eval" not in told["script-src"]
    assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/]{43}=')+", told["script-src"]), "Streamlit's one inline script, by its digest"


def test_images_come_from_the_hosts_of_the_settings_too() -> None:
    settings = Settings(image_hosts="Wiki.example.com, *.cdn.example.com,10.0.0.7:8443")
    assert settings.images_from == ["wiki.example.com", "*.cdn.example.com", "10.0.0.7:8443"]
    assert policy(*settings.images_from)["img-src"] == "'self' data: blob: wiki.example.com *.cdn.example.com 10.0.0.7:8443"
    assert policy()["img-src"] == "'self' data: blob:"


def test_a_browser_neither_guesses_types_nor_tells_others_where_it_was() -> None:
    headers = page_headers()
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")
