"""What an answer of an HTTP API holds: its records, byte for byte as they were sent, and the way to the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import msgspec

from collector.format import BadDocument, Document, Reader
from collector.json_guard import check_depth, check_digits, check_values, without_wrapping
from collector.polling.http_address import server_of, with_query
from collector.polling.http_settings import Pages
from collector.polling.paused import PausedError
from collector.rejection import Rejection

VALUES_MAX = 1_000_000
"""Of a page; each record has the limits of an event besides."""
_NEXT = re.compile(r"""<([^<>]*)>\s*;[^,<]*\brel\s*=\s*"?next"?(?:[\s;,]|$)""", re.IGNORECASE)


def documents_of(body: bytes, reader: Reader | None) -> Iterator[msgspec.Raw | BadDocument]:
    """Yield the documents of an answer: itself if it is JSON, or what the source's format finds in it. Raises :class:`PausedError`."""
    if reader is not None:
        for found in reader(body):
            yield msgspec.Raw(found.data) if isinstance(found, Document) else found
        return
    body = without_wrapping(body)
    try:
        check_depth(body)
        check_digits(body)
        check_values(body, VALUES_MAX)
        yield msgspec.json.decode(body, type=msgspec.Raw)
    except Rejection as rejection:
        raise PausedError(f"{rejection.error.message}; ask for smaller pages") from rejection
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PausedError("the answer is not JSON; look at the address, or name the source's 'format'") from error


def records_at(document: msgspec.Raw, path: str) -> list[msgspec.Raw]:
    """Return the records at a path; one alone is a list of one. Raises :class:`PausedError` if there is nothing of the kind."""
    found = _at(document, path)
    if found is None:
        raise PausedError(f"the answer has no '{path}'; write under 'records' where the list is")
    if bytes(found)[:1] == b"[":
        return msgspec.json.decode(found, type=list[msgspec.Raw])
    return [] if bytes(found) in {b"null", b'""'} else [found]


def value_at(document: msgspec.Raw, path: str) -> Any:
    """Return a value, None where there is none. A whole number keeps its digits."""
    found = _at(document, path)
    return None if found is None else msgspec.json.decode(found)


def _at(document: msgspec.Raw, path: str) -> msgspec.Raw | None:
    """Return what is at a path, as it was sent. A name may have dots in it: ``@odata.nextLink``."""
    if not path:
        return document
    try:
        inside = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return None
    if path in inside:
        return inside[path]
    name, _, rest = path.partition(".")
    return _at(inside[name], rest) if rest and name in inside else None


def next_address(
    pages: Pages, address: str, headers: Mapping[str, str], document: msgspec.Raw | None, read: int, number: int
) -> str | None:
    """Return the address of the page after the one of ``address``, None after the last.

    ``read``: how many records this page and those before it had, or 0 if this one had none. ``number``: of the page, from 1. Raises
    :class:`PausedError` for an address on another server, which is not to see our credentials.
    """
    found: Any = None
    match pages.by:
        case "link":
            found = document and value_at(document, pages.at)
        case "header":
            named = _NEXT.search(headers.get("link", ""))
            found = named and named[1]
        case "cursor":
            cursor = document and value_at(document, pages.at)
            return None if cursor in {None, "", False} else with_query(address, {pages.parameter: str(cursor)})
        case "offset" | "number" if read:
            return with_query(address, {pages.parameter: str(read if pages.by == "offset" else number + 1)})
    if not found:
        return None
    try:
        following = urljoin(address, str(found))
        elsewhere = server_of(following) != server_of(address)
    except (ValueError, PausedError):
        elsewhere = True
    if elsewhere:
        raise PausedError("the next page is on another server; we follow only to the one that the source names")
    return following
