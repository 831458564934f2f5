"""What cannot be used is kept with what one needs to look at it and to replay it, and within a bound."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import pytest

from collector.ingest.content import SMALL_MAX_BYTES, Content
from collector.quarantine import BODY_MAX_BYTES, EXCERPT_BYTES, Provenance, quarantine_reason, quarantine_record
from collector.rejection import ValidationError
from core.signal import Lane, Record, SignalKind
from tests.collector.bodies import open_bodies

ERROR = ValidationError("bad_json:syntax", "no JSON", "body", "send JSON")


def kept(body: bytes | Content, *, count: int = 1, **more: Any) -> tuple[str, Record, dict[str, Any]]:
    quarantine_id, record = quarantine_record(
        ERROR, body, Provenance("crm", Lane.BULK, "event", **{"content_type": "application/json", **more}), 5, count=count
    )
    return quarantine_id, record, json.loads(record.detail)


def test_a_body_is_kept_as_it_came_with_its_reason() -> None:
    quarantine_id, record, detail = kept(b"{", encoding="gzip", headers={"ce-id": "1"}, peer="192.0.2.1", count=3)
    assert (record.kind, record.source, record.lane, record.received_at, record.count, record.body) == (
        SignalKind.QUARANTINE, "crm", Lane.BULK, 5, 3, b"{",
    )  # fmt: skip
    assert detail == {
        "quarantine_id": quarantine_id, "kind": "event", "reason": "bad_json:syntax", "message": "no JSON", "field": "body",
        "content_type": "application/json", "encoding": "gzip", "headers": {"ce-id": "1"}, "peer": "192.0.2.1", "count": 3,
    }  # fmt: skip
    assert quarantine_reason(record) == "bad_json:syntax"


def test_the_same_input_twice_is_two_entries() -> None:
    assert kept(b"{")[0] != kept(b"{")[0]


def test_half_a_character_in_what_is_told_keeps_nothing_from_being_kept() -> None:
    record = kept(b"{", headers={"ce-\ud800": "\udcff"}, peer="folder:\udcff.xml", content_type="text/\udc80")[1]
    detail = json.loads(record.detail)
    assert (detail["headers"], detail["peer"], detail["content_type"]) == ({"ce-?": "?"}, "folder:?.xml", "text/?")


@pytest.mark.parametrize("size", [BODY_MAX_BYTES, BODY_MAX_BYTES + 1])
def test_one_that_is_larger_than_the_bound_is_kept_by_its_beginning_and_its_fingerprint(size: int) -> None:
    body = os.urandom(size)
    with Content(body) as content:
        found = [kept(body), kept(content)]
    for _, record, detail in found:
        if size <= BODY_MAX_BYTES:
            assert record.body == body
            assert "sha256" not in detail
        else:
            assert record.body == body[:EXCERPT_BYTES]
            assert (detail["size_bytes"], detail["sha256"]) == (str(size), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("size", [SMALL_MAX_BYTES + 1, BODY_MAX_BYTES + 1])
def test_nothing_of_a_large_body_stays_in_memory_once_it_is_kept(size: int) -> None:
    before = open_bodies()
    quarantine_record(ValidationError("syntax", "no"), bytes(size), Provenance("erp", Lane.STANDARD, "message", ""), 1)
    assert open_bodies() == before
