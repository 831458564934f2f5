"""What is published again is what came, and only what was kept whole."""

from __future__ import annotations

from typing import Any

import pytest

from andon.resubmission.original import find
from core.catalog.catalog import Catalog
from core.errors import AndonError
from store.client import Store
from tests.store.rows import START, put


def event(store: Store, **row: Any) -> None:
    known = {"source": "erp", "received_at": START, "event_source": "/q", "id": "m-1/dead/1", "type": "orders.dead_letter"}
    put(store, "events", **{"slice": 1, **known, **row})


@pytest.mark.parametrize(
    ("row", "body"),
    [
        ({"data": '{"order": "4711"}', "content_type": "application/json"}, b'{"order": "4711"}'),
        ({"data": '"UNA:+.?"', "content_type": "text/plain"}, b"UNA:+.?"),
        ({"data": '"4711"', "content_type": "application/json"}, b'"4711"'),
        ({"data": '"4711"', "content_type": ""}, b'"4711"'),
        ({"data": "AP8=", "binary": 1, "content_type": "application/octet-stream"}, b"\x00\xff"),
    ],
)
def test_a_body_is_as_it_came(store: Store, row: dict[str, Any], body: bytes) -> None:
    event(store, **row)
    assert find(store.reader, Catalog(), "m-1/dead/1").body == body


def test_what_is_in_quarantine_keeps_its_bytes(store: Store) -> None:
    kept = {"source": "erp", "received_at": START, "kind": "message", "reason": "bad_json", "content_type": "application/json"}
    put(store, "quarantine", slice=1, quarantine_id="q_1", body=b"\xff{", detail="{}", **kept)
    found = find(store.reader, Catalog(), "q_1")
    assert (found.source, found.body, found.content_type) == ("erp", b"\xff{", "application/json")


@pytest.mark.parametrize(
    ("detail", "why"),
    [('{"sha256": "ab"}', "not kept whole"), ('{"encoding": "gzip"}', "is compressed .gzip.; send it again where it came from")],
)
def test_what_was_not_kept_whole_is_not_published(store: Store, detail: str, why: str) -> None:
    kept = {"source": "erp", "received_at": START, "kind": "message", "reason": "too_large", "body": b"x"}
    put(store, "quarantine", slice=2, quarantine_id="q_9", detail=detail, **kept)
    with pytest.raises(AndonError, match=why):
        find(store.reader, Catalog(), "q_9")


@pytest.mark.parametrize("identity", ["q_2", "m-1", "' OR 1 --", "x" * 500])
def test_what_is_not_known_is_told(store: Store, identity: str) -> None:
    event(store)
    with pytest.raises(AndonError, match="id"):
        find(store.reader, Catalog(), identity)


def test_an_id_that_two_have_is_told(store: Store) -> None:
    event(store)
    event(store, event_source="/other")
    with pytest.raises(AndonError, match="several dead letters"):
        find(store.reader, Catalog(), "m-1/dead/1")
