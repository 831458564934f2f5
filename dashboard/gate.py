"""Stands between our server and Streamlit: which requests Streamlit gets, and what a browser may do with its pages."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD"})
_OWN = re.compile(r".*/_stcore/(?!(health|host-config)$)")
"""What Streamlit serves besides the pages. The pages need only two of these, and the WebSocket."""
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def gate(app: ASGIApp) -> ASGIApp:
    """Return Streamlit's application without the endpoints that none of our pages use: uploads, its own metrics, its interface for agents.

    The ``Origin`` header is withheld from Streamlit, because the server has already checked it: for an origin it does not know, Streamlit
    would ask a server on the internet for this machine's address, to compare.
    """

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _METHODS:
            refusal = PlainTextResponse("the dashboard is read-only: use GET or HEAD\n", 405, {"allow": "GET, HEAD"})
            return await refusal(scope, receive, send)
        if scope["type"] == "http" and _OWN.match(scope["path"]):
            return await PlainTextResponse("not found\n", 404)(scope, receive, send)
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}
        return await app(scope, receive, send)

    return passed


def page_headers(image_hosts: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of every answer: what a browser may load and run (Content Security Policy Level 3), and whom it may tell.

    Streamlit builds its styles in the browser, so it needs ``unsafe-inline`` for styles. Scripts are its own files and the one inlined in
    its page; its charts interpret their expressions. ``image_hosts`` are hosts with or without a port; a leading ``*.`` stands for any
    label.
    """
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *_inline_scripts()]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": " ".join(["'self'", "data:", "blob:", *image_hosts]),
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }


def _inline_scripts() -> list[str]:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
