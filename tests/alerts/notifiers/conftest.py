"""The other side of a notifier, without a network: what was posted, and what it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerts import egress


@dataclass
class Posted:
    """What notifiers posted; ``reply`` is answered to each with status 200. ``found``: what each is answered that asks instead."""

    reply: str = '{"ok": true, "ts": "1.2"}'
    found: str = "[]"
    asked: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def last(self) -> Any:
        return json.loads(self.bodies[-1])


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Posted:
    found = Posted()

    def post(address: str, body: bytes, headers: dict[str, str], _settings: dict[str, Any]) -> tuple[int, str]:
        found.addresses.append(address)
        found.bodies.append(body)
        found.headers.append(headers)
        return 200, found.reply

    def get(address: str, _settings: dict[str, Any]) -> tuple[int, str]:
        found.asked.append(address)
        return 200, found.found

    monkeypatch.setattr(egress, "post", post)
    monkeypatch.setattr(egress, "get", get)
    monkeypatch.setenv("TEST_SECRET", "whsec_c2VjcmV0")
    return found
