"""CloudEvents in all three modes, and what is wrong with those that are refused."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

import pytest

from core.signal import SignalKind
from tests.collector.conftest import Running

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def event(**fields: Any) -> dict[str, Any]:
    whole = {"specversion": "1.0", "id": "e1", "source": "/crm", "type": "crm.order.captured", "time": "2026-03-27T14:50:00Z", **fields}
    return {name: value for name, value in whole.items() if value is not None}


def test_structured_mode_keeps_every_digit(collector: Running) -> None:
    body = (
        b'{"specversion":"1.0","id":"e1","source":"/crm","type":"t","data":{"total":12000.10,"big":12345678901234567890123,"k":"\\u00e4"}}'
    )
    answer = collector.post("/v1/events", body, ONE)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1})
    (record,) = collector.records()
    assert record.kind is SignalKind.EVENT
    assert b'"total":12000.10,"big":12345678901234567890123' in record.body


def test_binary_mode(collector: Running) -> None:
    names = {"ce-specversion": "1.0", "ce-id": "e%201", "ce-source": "/crm", "ce-type": "t", "ce-plant": "DE%E2%82%AC", "ce-line": "a%00b"}
    for content_type, body in (("application/json", b'{"a": 1.50}'), ("text/plain", b"hi"), ("application/octet-stream", b"\xff\0")):
        assert collector.client.post("/v1/events", content=body, headers={**names, "content-type": content_type}).status_code == 200
    first, second, third = (json.loads(record.body) for record in collector.records())
    assert (first["id"], first["plant"], first["datacontenttype"]) == ("e 1", "DE€", "application/json")
    assert b'"data":{"a": 1.50}' in collector.records()[0].body
    assert second["data"] == "hi"
    assert first["line"] == "a\ufffdb", "as in structured mode"
    assert base64.b64decode(third["data_base64"]) == b"\xff\0"


def test_a_batch_with_one_bad_event_costs_only_that_one(collector: Running) -> None:
    batch = [event(id="1"), event(id="2", type=None), event(id="3"), 7]
    answer = collector.post("/v1/events", json.dumps(batch).encode(), BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [(bad["index"], bad["field"]) for bad in answer.json()["quarantined"]] == [(1, "type"), (3, "body")]
    kinds = [record.kind for record in collector.records()]
    assert kinds == [SignalKind.EVENT, SignalKind.QUARANTINE, SignalKind.EVENT, SignalKind.QUARANTINE]
    assert json.loads(collector.records()[1].detail)["quarantine_id"] == answer.json()["quarantined"][0]["id"]
    assert collector.balance() == (4, 4, 0)


def test_half_a_character_in_one_event_of_a_batch_costs_no_other(collector: Running) -> None:
    batch = [event(id="1"), event(id="2", subject="\ud800 order\x00")]
    answer = collector.post("/v1/events", json.dumps(batch).encode(), BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [json.loads(record.body).get("subject") for record in collector.records()] == [None, "\ufffd order\ufffd"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"source": None}, "source"),
        ({"type": None}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-03-27T14:50:00"}, "time"),
        ({"time": "2026-W48-2T10:00:00Z"}, "time"),
        ({"time": "2026-11-24T10:00:00,5Z"}, "time"),
        ({"time": "20261124T100000Z"}, "time"),
        ({"time": "2026-02-30T10:00:00Z"}, "time"),
        ({"time": "2026-11-24T10:60:00Z"}, "time"),
        ({"time": "2026-11-24T10:00:00+24:00"}, "time"),
        ({"time": "12026-11-24T10:00:00Z"}, "time"),
        ({"data": 1, "data_base64": "aGk="}, "data_base64"),
        ({"data_base64": "a?"}, "data_base64"),
        ({"Plant": "x"}, "Plant"),
        ({"p" * 65: "x"}, "p" * 64),
        ({"plant": {"a": 1}}, "plant"),
        ({"plant": "x" * 5000}, "plant"),
    ],
)
def test_bad_attributes(collector: Running, fields: dict[str, Any], field: str) -> None:
    answer = collector.post("/v1/events", json.dumps(event(**fields)).encode(), ONE)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    (record,) = collector.records()
    detail = json.loads(record.detail)
    assert (detail["reason"], detail["quarantine_id"]) == ("bad_cloudevent", answer.json()["quarantine_id"])


def test_an_offset_that_no_zone_has_is_told_in_plain_words(collector: Running) -> None:
    answer = collector.post("/v1/events", json.dumps(event(time="2026-11-24T10:00:00+24:00")).encode(), ONE)
    assert answer.json()["message"].startswith("time has the offset +24:00, which no time zone has; write one like +01:00, or Z")


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-24t19:30:00z",
        "2026-11-24T19:30:00.123456789012-00:00",
        "2016-12-31T23:59:60Z",
        "2026-11-24 19:30:00+05:30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_every_moment_of_rfc_3339_is_taken_as_it_is_written(collector: Running, time: str) -> None:
    assert collector.post("/v1/events", json.dumps(event(time=time)).encode(), ONE).status_code == 200
    assert json.loads(collector.records()[0].body)["time"] == time


@pytest.mark.parametrize(("time", "taken"), [("2026-11-24T10:00Z", "10:00:00Z"), ("2026-11-24t10:00+01:00", "10:00:00+01:00")])
def test_a_time_may_leave_out_its_seconds(collector: Running, time: str, taken: str) -> None:
    assert collector.post("/v1/events", json.dumps(event(time=time)).encode(), ONE).status_code == 200
    assert json.loads(collector.records()[0].body)["time"] == time[:11] + taken


@pytest.mark.parametrize("wrapped", [b"\xef\xbb\xbf%s", b"%s\0", b"%s\r\n\0", b"\xef\xbb\xbf\n %s \n\0\0"])
@pytest.mark.parametrize("content_type", [ONE, BATCH])
def test_what_senders_put_around_json_means_nothing(collector: Running, wrapped: bytes, content_type: str) -> None:
    body = json.dumps(event() if content_type == ONE else [event()]).encode()
    assert collector.post("/v1/events", wrapped.replace(b"%s", body), content_type).json()["accepted"] == 1
    assert json.loads(collector.records()[0].body)["id"] == event()["id"]


def test_a_header_beyond_ascii_gets_a_reason(collector: Running) -> None:
    with socket.create_connection(("127.0.0.1", collector.engine.http_port)) as client:
        client.sendall(b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nce-subject: M\xc3\xbcller\r\n\r\n")
        answer = client.makefile("rb").read().decode()
    assert "400 Bad Request" in answer
    assert "the header 'ce-subject' has a character that no header may have; percent-encode it" in answer


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/", "/v1/webhooks/shop", "/v1/webhooks/shop/"])
def test_the_handshake_before_deliveries(collector: Running, path: str) -> None:
    asked = collector.client.options(path, headers={"webhook-request-origin": "eventgrid.example", "webhook-request-rate": "120"})
    assert asked.status_code == 200
    assert (asked.headers["webhook-allowed-origin"], asked.headers["webhook-allowed-rate"]) == ("eventgrid.example", "120")
    assert collector.client.options(path).status_code == 405


@pytest.mark.parametrize("path", ["/v1/events/", "/v1/webhooks/shop/", "/v1/documents/shop/"])
def test_a_slash_at_the_end_is_no_other_path(collector: Running, path: str) -> None:
    """A redirect, which senders of webhooks do not follow, would be a delivery lost."""
    answer, without = (collector.post(one, b"x", ONE) for one in (path, path.rstrip("/")))
    assert (answer.status_code, answer.json().get("error")) == (without.status_code, without.json().get("error"))
    assert collector.post("/v1/webhooks/shop/more", b"x", ONE).status_code == 404


def test_a_batch_is_bound_by_its_bytes_and_each_event_by_what_it_becomes(collector: Running) -> None:
    ordinary = [event(id=str(number), data={"lines": list(range(20))}) for number in range(10_000)]
    too_much = event(id="too much", data=[1] * 100_001)
    answer = collector.post("/v1/events", json.dumps([*ordinary, too_much]).encode(), BATCH).json()
    assert (answer["accepted"], [(each["index"], each["field"]) for each in answer["quarantined"]]) == (10_000, [(10_000, "body")])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "syntax"),
        (b"", "syntax"),
        (b"{}{}", "syntax"),
        (b'{"a":1,}', "syntax"),
        ('{"a":1}'.encode("utf-16"), "not_utf8"),
        (b'{"a":NaN}', "not_a_number"),
        (b'{"a":-Infinity}', "not_a_number"),
        (b'{"a":1e999}', "not_a_number"),
        (b'{"a":' + b"1" * 5000 + b"}", "long_number"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "too_deep"),
        (b"[" + b"1," * 100_001 + b"1]", "too_many_nodes"),
    ],
)
def test_bad_json(collector: Running, body: bytes, kind: str) -> None:
    answer = collector.post("/v1/events", body, ONE)
    assert answer.status_code == 400
    (record,) = collector.records()
    assert json.loads(record.detail)["reason"] == f"bad_json:{kind}"
    assert record.body == body


def test_lone_surrogates_and_nuls_are_replaced(collector: Running) -> None:
    body = rb'{"specversion":"1.0","id":"1","source":"s","type":"t","data":"a\ud800b\u0000c\ud83d\ude00\\ud800"}'
    assert collector.post("/v1/events", body, ONE).status_code == 200
    assert json.loads(collector.records()[0].body)["data"] == "a\ufffdb\ufffdc\U0001f600\\ud800"


def test_what_is_not_an_event(collector: Running) -> None:
    assert collector.post("/v1/events", b"{}", "application/json").status_code == 415
    assert collector.post("/v1/events", json.dumps(event()).encode(), ONE, ce_specversion="1.0").status_code == 400
    assert collector.post("/v1/events", b'{"a":1}', BATCH).status_code == 400
