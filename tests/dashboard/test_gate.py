"""What Streamlit is given of a request, and what a browser may do with a page."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from core.config import Settings
from dashboard.gate import gate, page_headers

Scope = dict[str, Any]


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
    asyncio.run(gate(behind)(scope, None, send))  # type: ignore[arg-type] # a gate reads no body
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
    headers = ((b"origin", b"https://evil.example"), (b"accept-language", b"de"), (b"origin", b"null"))
    (scope,), _ = asked("GET", "/_stcore/health" if kind == "http" else "/_stcore/stream", kind, headers)
    assert scope["headers"] == [(b"accept-language", b"de")]


def test_what_is_no_request_passes_as_it_is() -> None:
    (scope,), _ = asked("", "", "lifespan", ((b"origin", b"x"),))
    assert scope["headers"] == [(b"origin", b"x")]


def policy(*hosts: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in page_headers(hosts)["content-security-policy"].split("; "))


def test_a_page_loads_from_its_own_server_alone() -> None:
    told = policy()
    assert told["default-src"] == told["form-action"] == told["frame-ancestors"] == "'none'"
    assert told["connect-src"] == "'self'"
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
