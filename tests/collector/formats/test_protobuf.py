from __future__ import annotations

import base64
import random
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import any_pb2, descriptor_pool, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.message_factory import GetMessageClassesForFiles

from andon.plugins import formats
from collector.formats.protobuf import MESSAGE_MAX_BYTES
from core.errors import Retryable, WrongSetting
from tests.collector.formats.reading import data, read
from tests.servers.schema_registry_stand_in import schema_registry

ONE, MANY = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
ORDER_FIELDS = [
    ("order_no", "STRING", ONE, ""),
    ("amount_cents", "INT64", ONE, ""),
    ("quantity", "INT32", ONE, ""),
    ("state", "ENUM", ONE, ".shop.State"),
    ("raw", "BYTES", ONE, ""),
    ("made_at", "MESSAGE", ONE, ".google.protobuf.Timestamp"),
    ("extra", "MESSAGE", ONE, ".google.protobuf.Any"),
    ("to", "MESSAGE", ONE, ".shop.Party"),
    ("lines", "MESSAGE", MANY, ".shop.Order.Line"),
    ("free", "MESSAGE", ONE, ".google.protobuf.Value"),
    ("codes", "BOOL", MANY, ""),
    ("price", "DOUBLE", ONE, ""),
]


def message_type(holder: Any, name: str, fields: list[tuple[str, str, Any, str]]) -> Any:
    made = holder.add(name=name)
    for number, (field, kind, label, of) in enumerate(fields, 1):
        made.field.add(name=field, number=number, type=getattr(FieldDescriptorProto, f"TYPE_{kind}"), label=label, type_name=of or None)
    return made


def party_file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="shop/party.proto", package="shop", syntax="proto3")
    message_type(file.message_type, "Party", [("no", "STRING", ONE, "")])
    return file


def order_file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="shop/order.proto", package="shop", syntax="proto3")
    file.dependency.extend([f"google/protobuf/{name}.proto" for name in ("timestamp", "any", "struct")] + ["shop/party.proto"])
    state = file.enum_type.add(name="State")
    for number, name in enumerate(("OPEN", "SHIPPED")):
        state.value.add(name=name, number=number)
    order = message_type(file.message_type, "Order", ORDER_FIELDS)
    message_type(order.nested_type, "Line", [("material", "STRING", ONE, "")])
    message_type(file.message_type, "Cancelled", [("order_no", "STRING", ONE, "")])
    return file


def classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    for module in (timestamp_pb2, any_pb2, struct_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for file in (party_file(), order_file()):
        pool.Add(file)
    return GetMessageClassesForFiles(["shop/order.proto", "shop/party.proto"], pool)


CLASSES = classes()


def an_order() -> Any:
    order = CLASSES["shop.Order"](order_no="4711", amount_cents=2**60 + 1, state=1, raw=b"\xff", price=float("inf"))
    order.made_at.FromDatetime(datetime(2026, 3, 27, 14, 50, tzinfo=UTC))
    order.extra.Pack(CLASSES["shop.Cancelled"](order_no="4712"))
    order.to.no = "C1"
    order.lines.add(material="M1")
    order.lines.add(material="M2")
    order.free.struct_value["weight"] = 1.5
    return order


AS_JSON = {
    "orderNo": "4711",
    "amountCents": "1152921504606846977",
    "state": "SHIPPED",
    "raw": "/w==",
    "madeAt": "2026-03-27T14:50:00Z",
    "extra": {"@type": "type.googleapis.com/shop.Cancelled", "orderNo": "4712"},
    "to": {"no": "C1"},
    "lines": [{"material": "M1"}, {"material": "M2"}],
    "free": {"weight": 1.5},
    "price": "Infinity",
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "orders.binpb"
    path.write_bytes(FileDescriptorSet(file=[order_file(), party_file()]).SerializeToString())
    return {"descriptor_set": str(path), "message": "shop.Order"}


def test_a_message_of_the_sources_type_is_data_as_the_json_mapping_has_it(settings: dict[str, str]):
    (document,) = read("protobuf", an_order().SerializeToString(), **settings)

    assert data(document) == AS_JSON
    assert document.type == "shop.Order"


def test_fields_that_the_schema_does_not_know_cost_no_others(settings: dict[str, str]):
    newer = an_order().SerializeToString() + b"\xfa\x07\x03new"

    assert data(read("protobuf", newer, **settings)[0]) == AS_JSON


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        an_order().SerializeToString()[:-1],
        b"\x0a\x01\xff",
        b"\x0b" * 200,
        CLASSES["shop.Order"](extra={"type_url": "type.googleapis.com/shop.Unknown", "value": b"x"}).SerializeToString(),
        CLASSES["shop.Order"](made_at={"seconds": 2**60}).SerializeToString(),
        CLASSES["shop.Order"](free={"number_value": float("nan")}).SerializeToString(),
    ],
)
def test_bytes_that_are_not_of_the_schema_go_to_quarantine(settings: dict[str, str], body: bytes):
    ((reason, message, lost),) = read("protobuf", body, **settings)

    assert (reason, lost) == ("bad_protobuf", body)
    assert message.startswith("it is no shop.Order: ")


def nested(depth: int) -> bytes:
    value = any_pb2.Any(type_url="type.googleapis.com/shop.Cancelled")
    for _ in range(depth):
        value = any_pb2.Any(type_url="x/google.protobuf.Any", value=value.SerializeToString())
    return bytes(CLASSES["shop.Order"](extra={"type_url": value.type_url, "value": value.value}).SerializeToString())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x4a\x00" * 100_001, "more than 100000 values"),
        (CLASSES["shop.Order"](codes=[True] * 100_001).SerializeToString(), "more than 100000 values"),
        (
            CLASSES["shop.Order"](extra={"type_url": "x/shop.Order", "value": b"\x4a\x00" * 100_001}).SerializeToString(),
            "more than 100000 values",
        ),
        (bytes(MESSAGE_MAX_BYTES + 1), "may have 1048576 bytes, this one has 1048577"),
        (nested(400), "nested deeper than 64 levels"),
        (nested(4000), "RecursionError"),
        (b"\x52\x04\x32\x02\x0a\x00" + b"\x52\x80\x01" + b"\x32" * 128, "it is no shop.Order"),
    ],
    ids=["empty lines", "numbers", "in an Any", "bytes", "Any in Any", "more of them", "lists"],
)
def test_what_would_become_too_much_is_refused(settings: dict[str, str], body: bytes, why: str):
    ((reason, message, lost),) = read("protobuf", body, **settings)

    assert reason in {"bad_protobuf", "bad_json:too_deep"}
    assert lost == body
    assert why in message


def test_any_bytes_are_read_or_kept(settings: dict[str, str]):
    choose, order = random.Random(4711), an_order().SerializeToString()
    reader = formats()["protobuf"].reader({"type": "protobuf", **settings})
    kinds = set()
    for _ in range(2000):
        at = choose.randrange(len(order))
        (found,) = reader(order[:at] + choose.randbytes(choose.randrange(4)) + order[at + choose.randrange(4) :])
        kinds.add(type(found).__name__)
    assert kinds == {"Document", "tuple"}


def serialized(file: FileDescriptorProto) -> str:
    return base64.b64encode(file.SerializeToString()).decode()


def sent(number: int, indexes: bytes, message: Any) -> bytes:
    return struct.pack(">bI", 0, number) + indexes + bytes(message.SerializeToString())


def test_the_type_that_a_message_names_is_found_in_a_schema_registry(monkeypatch: pytest.MonkeyPatch):
    refers = {"name": "shop/party.proto", "subject": "party", "version": 1}
    answers = {
        "/schemas/ids/7?format=serialized": {"schemaType": "PROTOBUF", "schema": serialized(order_file()), "references": [refers]},
        "/subjects/party/versions/1?format=serialized": {"schema": serialized(party_file())},
    }
    with schema_registry(answers) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        reader = formats()["protobuf"].reader({"type": "protobuf", "registry": "env:REGISTRY"})
        found = [
            one
            for body in (
                sent(7, b"\0", an_order()),
                sent(7, b"\x02\x00", an_order()),
                sent(7, b"\x02\x02", CLASSES["shop.Cancelled"](order_no="4712")),
                sent(7, b"\x04\x00\x00", an_order().lines[0]),
                sent(7, b"\x02\x06", an_order()),
                sent(7, b"\x54", an_order()),
                sent(7, b"", FileDescriptorProto()),
                sent(9, b"\0", an_order()),
                b"{}",
            )
            for one in reader(body)
        ]

    read_ones = [(one.type, data(one)) for one in found if not isinstance(one, tuple)]
    assert read_ones[:2] == [("shop.Order", AS_JSON)] * 2
    assert read_ones[2:] == [("shop.Cancelled", {"orderNo": "4712"}), ("shop.Order.Line", {"material": "M1"})]
    assert [(one[0].reason, one[0].message) for one in found if isinstance(one, tuple)] == [
        ("bad_protobuf", "its schema has no message 3"),
        ("bad_protobuf", "the place of the message's type has 42 parts"),
        ("bad_protobuf", "the place of the message's type in its schema is missing"),
        ("unknown_schema", "the schema registry does not know schemas/ids/9"),
        ("no_schema", "the message does not begin with the number of its schema"),
    ]
    assert registry.asked[:2] == list(answers)


def test_a_schema_that_is_none_of_protobuf_is_told(monkeypatch: pytest.MonkeyPatch):
    with schema_registry({"/schemas/ids/7?format=serialized": {"schema": '{"type": "string"}'}}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        ((reason, message, _),) = read("protobuf", sent(7, b"\0", an_order()), registry="env:REGISTRY")
    assert (reason, message) == ("bad_protobuf", "the registry's schema is not one of Protobuf, in its serialized form")


def test_messages_wait_until_the_descriptor_set_can_be_used(tmp_path: Path):
    path, body = tmp_path / "orders.binpb", an_order().SerializeToString()
    reader = formats()["protobuf"].reader({"type": "protobuf", "descriptor_set": str(path), "message": "shop.Order"})
    for content, why in (
        (None, "No such file"),
        (b"syntax", "cannot be used"),
        (FileDescriptorSet(file=[order_file()]).SerializeToString(), "imports shop/party.proto, which is not in it"),
        (FileDescriptorSet(file=[party_file()]).SerializeToString(), "there is no message 'shop.Order'"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(Retryable, match=why):
            list(reader(body))
    path.write_bytes(FileDescriptorSet(file=[party_file(), order_file()]).SerializeToString())
    assert len(list(reader(body))) == 1


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, "name a descriptor_set and a message of it, or a registry"),
        ({"descriptor_set": "/a"}, "name a descriptor_set and a message of it, or a registry"),
        ({"message": "a", "registry": "env:REGISTRY"}, "name a descriptor_set and a message of it, or a registry"),
        ({"descriptor_set": "a.binpb", "message": "a"}, "write it from the root"),
        ({"registry": "http://andon:hunter2@registry"}, "'registry' may hold a secret"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, str], wrong: str):
    with pytest.raises(WrongSetting, match=wrong) as caught:
        formats()["protobuf"].reader({"type": "protobuf", **settings})
    assert "hunter2" not in str(caught.value)
