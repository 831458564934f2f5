from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.servers.http_api_stand_in import HttpApiStandIn, http_api


class Api:
    def __init__(self, api: HttpApiStandIn) -> None:
        self._api = api
        self.settings: dict[str, Any] = {**SETTINGS, "url": "env:TEST_API", "poll_seconds": 0.1}

    def put(self, names: list[str]) -> None:
        for name in names:
            self._api.put(id=name)

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["id"])


@contextmanager
def api(_: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, __: Path) -> Iterator[Outside]:
    with http_api() as found:
        monkeypatch.setenv("TEST_API", found.url)
        yield Api(found)


SETTINGS = {
    "type": "http_poll",
    "url": "env:CRM_URL",
    "path": "/orders",
    "query": {"since": "{since}"},
    "records": "items",
    "pages": {"by": "link", "at": "next"},
    "key": "id",
    "change": "changed",
    "event_type": "crm.order",
}
HARNESS = Harness(SETTINGS, ("url", "key", "change", "event_type"), "http://127.0.0.1:9", api)
