"""The text of a runbook as a page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from dashboard.components.words import plain

_IMAGE = re.compile(r"!\[([^\]]*)\](?:\(\s*<?([^\s<>)]*)[^)]*\)|\[([^\]]*)\])?")
_DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:\s*<?([^\s<>]+)", re.MULTILINE)
_PORTS = {"http": 80, "https": 443}


def with_own_images(body: str, hosts: Iterable[str]) -> str:
    """Return Markdown in which images on hosts other than these and the dashboard become links.

    Loading one would tell its host who reads what.

    The page's headers tell the browser the same (:func:`dashboard.gate.page_headers`); here people are told.
    """
    allowed, urls = list(hosts), {name.lower(): url for name, url in _DEFINITION.findall(body)}

    def shown(found: re.Match[str]) -> str:
        text, url, name = found.groups()
        url = url if url is not None else urls.get((name or text).lower())
        if url is None or _may_load(url, allowed):
            return found[0]
        return f"[{text or 'image'}]({url}) (not shown: {plain(_host(url))} is not among the image_hosts)"

    return _IMAGE.sub(shown, body)


def _may_load(url: str, allowed: list[str]) -> bool:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return True
    if parts.scheme == "data":
        return url.startswith("data:image/")
    if parts.scheme not in _PORTS or not host:
        return False
    own = f"[{host}]" if ":" in host else host
    usual = port is None or port == _PORTS[parts.scheme]
    names = {f"{own}:{port or _PORTS[parts.scheme]}", *([own] if usual else [])}
    return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed for name in names)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url
