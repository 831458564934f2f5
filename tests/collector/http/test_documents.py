"""Documents posted by a source in its format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.signal import Lane, SignalKind
from tests.collector.conftest import Running
from tests.collector.formats.test_x12 import WHOLE

TEXT = "application/edi-x12"


@pytest.fixture
def collector(start: Callable[..., Running], secrets: dict[str, str]) -> Running:
    assert secrets
    sources = [
        Source(source="partner", owner="it", lane=Lane.CRITICAL, tokens=["env:TOKEN_CRM"], format={"type": "x12"}),
        Source(source="files", owner="it", format={"type": "csv"}),
        Source(source="crm", owner="it", tokens=["env:OLD_HOOK"]),
    ]
    return start(Catalog(sources={source.source: source for source in sources}))


def test_each_document_is_an_event_of_its_source(collector: Running, secrets: dict[str, str]) -> None:
    answer = collector.post("/v1/documents/partner", WHOLE.encode(), TEXT, authorization=f"Bearer {secrets['TOKEN_CRM']}")

    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "quarantined": []})
    (record,) = collector.records(Lane.CRITICAL)
    event = json.loads(record.body)
    assert (record.source, event["type"], event["source"], event["subject"]) == ("partner", "850", "/documents/partner", "4711")
    assert event["data"]["BEG"]["3"] == "4711"


def test_what_cannot_be_read_is_told_and_kept_and_costs_no_other(collector: Running) -> None:
    answer = collector.post("/v1/documents/files", b"no,state\n1,booked\n2\n3,booked\n", "text/csv")

    assert answer.json()["accepted"] == 2
    (bad,) = answer.json()["quarantined"]
    assert (bad["index"], bad["error"]) == (1, "line 3 has 1 columns instead of 2")
    kept = [record for record in collector.records() if record.kind is SignalKind.QUARANTINE]
    assert [(json.loads(record.detail)["kind"], record.body) for record in kept] == [("message", b"2")]


def test_a_form_with_files_is_refused_with_what_to_do(collector: Running) -> None:
    """Its own lines became rows of the file: a first one of names, and events of the others."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nno\n1\n\r\n--x--\r\n'
    answer = collector.post("/v1/documents/files", body, "multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["field"]) == (415, "content-type")
    assert "--data-binary" in answer.json()["what_to_do"]


def test_what_is_sent_again_is_the_same_event(collector: Running) -> None:
    for body in (b"no\n1\n1\n", b"no\n1\n1\n", b"no\n1\n2\n"):
        assert collector.post("/v1/documents/files", body, "text/csv").json()["accepted"] == 2
    ids = [json.loads(record.body)["id"] for record in collector.records()]
    assert ids[:2] == ids[2:4]
    assert (len(set(ids[:2])), ids[4] == ids[0], ids[5] == ids[1]) == (2, True, False)


def test_large_and_compressed_documents_are_read_beside_the_event_loop(collector: Running) -> None:
    body = b"no,text\n" + b"".join(b"%d,%s\n" % (number, b"x" * 100) for number in range(20_000))
    answer = collector.post("/v1/documents/files", gzip.compress(body), "text/csv", content_encoding="gzip")

    assert answer.json() == {"accepted": 20_000, "quarantined": []}
    assert collector.engine._ingress.offload.pid
    assert json.loads(collector.records()[-1].body)["data"]["no"] == "19999"
    assert collector.post("/v1/documents/files", bytes(5 << 20), "text/csv").status_code == 413


def test_only_a_source_itself_may_post_its_documents(collector: Running, secrets: dict[str, str]) -> None:
    assert collector.post("/v1/documents/partner", WHOLE.encode(), TEXT).status_code == 401
    other = f"Bearer {secrets['OLD_HOOK']}"
    assert collector.post("/v1/documents/partner", WHOLE.encode(), TEXT, authorization=other).status_code == 401
    assert collector.post("/v1/documents/files", b"no\n1\n", "text/csv", authorization=other).status_code == 401
    unknown = collector.post("/v1/documents/crm", WHOLE.encode(), TEXT, authorization=other)
    assert (unknown.status_code, unknown.json()["what_to_do"]) == (404, "add 'format:' to the source")
    assert collector.records() == collector.records(Lane.CRITICAL) == []
