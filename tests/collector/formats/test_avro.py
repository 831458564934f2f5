from __future__ import annotations

import io
import json
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from andon.plugins import formats
from core.errors import WrongSetting
from tests.collector.formats.reading import data, read
from tests.servers.schema_registry_stand_in import schema_registry

AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
ORDER = {
    "type": "record",
    "name": "OrderCreated",
    "namespace": "com.example",
    "fields": [
        {"name": "order", "type": "string"},
        {"name": "amount", "type": AMOUNT},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "lines", "type": {"type": "array", "items": "int"}},
        {"name": "raw", "type": ["null", "bytes"]},
    ],
}
RECORD = {"order": "4711", "amount": Decimal("12000.10"), "at": datetime(2026, 3, 27, 14, 50, tzinfo=UTC), "lines": [1, 2], "raw": b"\xff"}
AS_JSON = {"order": "4711", "amount": 12000.10, "at": "2026-03-27T14:50:00Z", "lines": [1, 2], "raw": "/w=="}


def written(schema: Any, record: Any, number: int | None = None) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return (b"" if number is None else struct.pack(">bI", 0, number)) + stream.getvalue()


def answer(schema: Any, **more: Any) -> dict[str, Any]:
    return {"schema": json.dumps(schema), **more}


def test_a_record_of_the_sources_schema_is_data_with_all_its_digits():
    (document,) = read("avro", written(ORDER, RECORD), schema=ORDER)

    assert data(document) == AS_JSON
    assert b'"amount":12000.10' in document.data
    assert document.type == "com.example.OrderCreated"


@pytest.mark.parametrize("body", [b"", b"\x02", b"\xff" * 50, written(ORDER, RECORD)[:-1], written(ORDER, RECORD) + b"\0", b"{}"])
def test_bytes_that_are_not_of_the_schema_go_to_quarantine(body: bytes):
    ((reason, message, lost),) = read("avro", body, schema=ORDER)

    assert (reason, lost) == ("bad_avro", body)
    assert "of the schema" in message or "another schema" in message


def test_the_schema_that_a_message_names_is_asked_for_once(monkeypatch: pytest.MonkeyPatch):
    with schema_registry({"/schemas/ids/7": answer(ORDER)}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        reader = formats()["avro"].reader({"type": "avro", "registry": "env:REGISTRY"})
        for _ in range(3):
            (document,) = reader(written(ORDER, RECORD, 7))
            assert data(document) == AS_JSON  # type: ignore[arg-type]  # it is a document

    assert registry.asked == ["/schemas/ids/7"]


def test_a_schema_that_refers_to_others_is_read_with_them(monkeypatch: pytest.MonkeyPatch):
    party = {"type": "record", "name": "Party", "namespace": "com.example", "fields": [{"name": "no", "type": "int"}]}
    sale = {"type": "record", "name": "Sale", "namespace": "com.example", "fields": [{"name": "to", "type": "com.example.Party"}]}
    whole = {**sale, "fields": [{"name": "to", "type": party}]}
    refers = {"name": "com.example.Party", "subject": "com.example/Party", "version": 2}
    answers = {"/schemas/ids/1": answer(sale, references=[refers]), "/subjects/com.example%2FParty/versions/2": answer(party)}
    with schema_registry(answers) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        (document,) = read("avro", written(whole, {"to": {"no": 5}}, 1), registry="env:REGISTRY")

    assert data(document) == {"to": {"no": 5}}


def test_a_message_without_a_schema_or_with_an_unknown_one_goes_to_quarantine_until_it_is_registered(monkeypatch: pytest.MonkeyPatch):
    with schema_registry({}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        reader = formats()["avro"].reader({"type": "avro", "registry": "env:REGISTRY"})
        reasons = [
            error[0].reason for body in (b"{}", b"", written(ORDER, RECORD, 9)) for error in reader(body) if isinstance(error, tuple)
        ]
        registry.answers["/schemas/ids/9"] = answer(ORDER)
        (document,) = reader(written(ORDER, RECORD, 9))

    assert reasons == ["no_schema", "no_schema", "unknown_schema"]
    assert not isinstance(document, tuple)


def in_array(items: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": items}}]}


EMPTY = {"type": "record", "name": "E", "fields": [{"name": "n", "type": "null"}]}
ENDLESS = [
    in_array("null"),
    in_array(EMPTY),
    in_array({"type": "fixed", "name": "F", "size": 0}),
    {"type": "map", "values": ["null", {"type": "array", "items": "null"}]},
    {"type": "record", "name": "R", "fields": [{"name": "e", "type": EMPTY}, {"name": "a", "type": {"type": "array", "items": "E"}}]},
]


@pytest.mark.parametrize("schema", ENDLESS)
def test_an_array_of_nothing_is_no_schema(schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(WrongSetting, match="an array of what takes no bytes"):
        formats()["avro"].reader({"type": "avro", "schema": schema})
    with schema_registry({"/schemas/ids/7": answer(schema)}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        ((reason, message, _),) = read("avro", struct.pack(">bI", 0, 7) + b"\xfe\xff\xff\xff\x0f\x00", registry="env:REGISTRY")
    assert reason == "bad_avro"
    assert "an array of what takes no bytes" in message


def test_a_record_that_holds_itself_is_a_schema():
    tree = {"type": "record", "name": "T", "fields": [{"name": "of", "type": {"type": "array", "items": "T"}}]}
    (document,) = read("avro", written(tree, {"of": [{"of": []}]}), schema=tree)
    assert data(document) == {"of": [{"of": []}]}


def test_a_large_message_becomes_no_more_values_than_a_record_may_have():
    many = in_array({"type": "record", "name": "B", "fields": [{"name": "b", "type": "boolean"}]})
    one = written(many, {"a": [{"b": True}]})
    ((reason, message, _),) = read("avro", b"\x80\x9f\x49" + one[1:-1] * 600_000 + b"\0", schema=many)
    assert reason == "bad_avro"
    assert "more than 100000 values" in message

    numbers = [2**33] * 99_000
    (document,) = read("avro", written(in_array("long"), {"a": numbers}), schema=in_array("long"))
    assert data(document) == {"a": numbers}


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, "name a schema or a registry"),
        ({"schema": ORDER, "registry": "env:REGISTRY"}, "name a schema or a registry"),
        ({"schema": {"type": "recor"}}, "'schema' is wrong: it is no schema"),
        ({"registry": "http://andon:hunter2@registry"}, "'registry' may hold a secret"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], wrong: str):
    with pytest.raises(WrongSetting, match=wrong) as caught:
        formats()["avro"].reader({"type": "avro", **settings})
    assert "hunter2" not in str(caught.value)
