"""Stands between our server and Streamlit: what Streamlit is asked, what its page loads besides, and what a browser may do with it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD"})
_OWN = re.compile(r".*/_stcore/(?!(health|host-config)$)")
"""What Streamlit serves besides the pages. The pages need only two of these, and the WebSocket."""
_FRAME = Path(__file__).parent / "frame.js"
_OWN_SCRIPT = re.compile(rf".*/{_FRAME.name}$")
_SUGGESTIONS = re.compile(r".*/suggestions$")
_WITHHELD = frozenset({b"origin", b"accept-encoding"})
_MODULE = b'<script type="module"'
"""Where Streamlit's own script begins in its page; ours has to run before it."""
_TITLE = (b"<title>Streamlit</title>", b"<title>Andon</title>")
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def gate(app: ASGIApp, suggestions: ASGIApp) -> ASGIApp:
    """Return Streamlit's application without the endpoints that none of our pages use: uploads, its own metrics, its interface for agents.

    Beside it, ``suggestions`` answers what is typed into a search.

    The ``Origin`` header is withheld from Streamlit, because the server has already checked it: for an origin it does not know, Streamlit
    would ask a server on the internet for this machine's address, to compare.

    Its page is served with ``frame.js`` in front of Streamlit's own script, so Streamlit is not told that a browser takes it compressed.
    """

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _METHODS:
            refusal = PlainTextResponse("the dashboard is read-only: use GET or HEAD\n", 405, {"allow": "GET, HEAD"})
            return await refusal(scope, receive, send)
        if scope["type"] == "http" and _OWN.match(scope["path"]):
            return await PlainTextResponse("not found\n", 404)(scope, receive, send)
        if scope["type"] == "http" and _OWN_SCRIPT.match(scope["path"]):
            return await Response(_FRAME.read_bytes(), media_type="text/javascript", headers={"cache-control": "no-cache"})(
                scope, receive, send
            )
        if scope["type"] == "http" and _SUGGESTIONS.match(scope["path"]):
            return await suggestions(scope, receive, send)
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in _WITHHELD]}
        return await app(scope, receive, _with_own_script(send) if scope["type"] == "http" else send)

    return passed


def _with_own_script(send: Send) -> Send:
    """Return a ``send`` that puts our script into a page and lets everything else pass as it is."""
    start: Message = {}
    body = bytearray()

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            if not _is_page(message):
                await send(message)
        elif message["type"] != "http.response.body" or not _is_page(start):
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                page = (
                    bytes(body)
                    .replace(*_TITLE)
                    .replace(_MODULE, b'<script src="./%s"></script>\n    %s' % (_FRAME.name.encode(), _MODULE), 1)
                )
                headers = MutableHeaders(scope=start)
                headers["content-length"] = str(len(page))
                for name in ("etag", "last-modified"):  # they are those of the page without our script
                    del headers[name]
                await send(start)
                await send({"type": "http.response.body", "body": page})

    return sent


def _is_page(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == 200 and bool(kinds) and kinds[0].startswith(b"text/html")


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
        "form-action": "'self'",
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
