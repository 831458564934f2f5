"""Documents that are posted to us, as events; the same here as in the offload process.

A document that does not name itself is known by its number in the upload and its content, so that an upload that is sent again makes no
other events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

import collector.formats
from collector.cloud_events import BadEvent, event_of_document
from collector.format import Format, Reader
from collector.rejection import Rejection
from core.catalog.source import Source
from core.registry import discover


def upload_headers(source: Source) -> list[tuple[str, str]]:
    """Return what :func:`uploaded_events` needs to know of a source."""
    return [("source", source.source), ("format", msgspec.json.encode(source.format or {}).decode())]


def uploaded_events(attributes: Mapping[str, str], body: bytes) -> Iterator[bytes | BadEvent]:
    """Yield the events of an upload, and what in it cannot be read. ``attributes``: as :func:`upload_headers` returns them."""
    name = attributes["source"]
    for number, document in enumerate(_reader(attributes["format"])(body)):
        if isinstance(document, tuple):
            yield document
            continue
        event = {
            "id": document.id or f"{number}/{hashlib.blake2b(document.data, digest_size=12).hexdigest()}",
            "source": f"/documents/{name}",
            "type": document.type or name,
            "time": document.time,
            "subject": document.subject,
        }
        try:
            yield event_of_document({key: value for key, value in event.items() if value}, document.data)
        except Rejection as rejection:
            yield rejection.error, document.data


@cache
def _formats() -> dict[str, Format]:
    return discover(collector.formats, "FORMAT", Format)  # type: ignore[type-abstract]


@cache
def _reader(written: str) -> Reader:
    settings = msgspec.json.decode(written)
    return _formats()[settings["type"]].reader(settings)
