"""Reads bodies with a format."""

from __future__ import annotations

import json
from typing import Any

from andon.plugins import formats
from collector.format import Document


def read(name: str, body: str | bytes, **settings: Any) -> list[Any]:
    """Return the documents of a body, and for bad ones the reason, the message and what is lost."""
    reader = formats()[name].reader({"type": name, **settings})
    found = reader(body if isinstance(body, bytes) else body.encode())
    return [one if isinstance(one, Document) else (one[0].reason, one[0].message, one[1]) for one in found]


def data(document: Document) -> Any:
    return json.loads(document.data)
