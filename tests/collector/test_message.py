"""What every broker's messages become; the fields that only one protocol has are tested with its receiver."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, sampled_from
from msgspec.structs import replace

from andon.plugins import formats
from collector.format import BadDocument, Document, Reader
from collector.message import EVENT_MAX_BYTES, MESSAGE_MAX_BYTES, Message, MessageSettings, records_of, text_of
from collector.receiver import ReceiverContext
from collector.rejection import ValidationError
from core.signal import SignalKind
from tests.collector.receivers.driving import TestIntake, context_of


class TopicSettings(MessageSettings):
    places: ClassVar[tuple[str, ...]] = ("topic",)
    event_source: str = "/topics/{topic}"


SETTINGS = TopicSettings(type="topics", url="env:BROKER_URL")
PLAIN = Message(b'{"order": "4711"}', {"topic": "orders"}, message_id="m-1")


def lines(body: bytes) -> Iterator[Document | BadDocument]:
    """A format: each line a document with its type before the colon, or a bad one."""
    for line in body.splitlines():
        kind, colon, data = line.partition(b": ")
        if colon:
            yield Document(data, kind.decode(), time="2026-03-27T14:50:00Z", subject="4711")
        else:
            yield ValidationError("no_colon", "line 2 has no colon"), line


@pytest.fixture
def context(tmp_path: Path) -> ReceiverContext:
    return context_of({"type": "topics"}, TestIntake(), tmp_path / "state")


def events(message: Message, context: ReceiverContext, settings: TopicSettings = SETTINGS, reader: Reader | None = None) -> list[Any]:
    found = list(records_of([message], dataclasses.replace(context, reader=reader), settings))
    return [json.loads(record.body if record.kind is SignalKind.EVENT else record.detail) for record in found]


def test_a_message_is_of_the_type_it_says_else_of_where_it_was_read(context: ReceiverContext) -> None:
    (event,) = events(PLAIN, context)
    assert (event["type"], event["source"], event["id"], event["data"]) == ("orders", "/topics/orders", "m-1", {"order": "4711"})
    assert events(replace(PLAIN, type="order.created"), context)[0]["type"] == "order.created"


def test_the_number_that_the_broker_gives_a_message_is_its_id_if_the_sender_gave_none(context: ReceiverContext) -> None:
    assert events(replace(PLAIN, message_id="", identity="orders/0/17"), context)[0]["id"] == "orders/0/17"
    assert events(replace(PLAIN, identity="orders/0/17"), context)[0]["id"] == "m-1"


def test_a_body_is_decompressed_within_bounds(context: ReceiverContext) -> None:
    packed = replace(PLAIN, body=gzip.compress(PLAIN.body), content_encoding="gzip:UTF-8")
    assert events(packed, context)[0]["data"] == {"order": "4711"}
    assert events(replace(packed, body=gzip.compress(bytes(MESSAGE_MAX_BYTES + 1))), context)[0]["reason"] == "too_large_decompressed"
    assert events(replace(packed, body=b"not gzip"), context)[0]["reason"] == "bad_encoding"
    assert events(replace(packed, content_encoding="rot13"), context)[0]["reason"] == "unsupported_encoding"


@pytest.mark.parametrize(
    ("encoding", "character_set", "packed"),
    [
        ("UTF-8", "utf-8", False),  # Spring AMQP, and Celery in lower case
        ("utf8", "utf-8", False),
        ("binary", "utf-8", False),
        ("gzip, UTF-8", "utf-8", True),  # Spring AMQP since 2.2
        ("gzip:ISO-8859-1", "latin-1", True),
        ("ISO-8859-1", "latin-1", False),
        ("windows-1252", "cp1252", False),
        ("UTF-16", "utf-16", False),
    ],
)
def test_a_character_set_is_no_compression(context: ReceiverContext, encoding: str, character_set: str, packed: bool) -> None:
    body = '{"customer": "Müller"}'.encode(character_set)
    sent = replace(PLAIN, body=gzip.compress(body) if packed else body, content_encoding=encoding)
    assert events(sent, context)[0]["data"] == {"customer": "Müller"}
    text = replace(sent, body=gzip.compress("Müller".encode(character_set)) if packed else "Müller".encode(character_set))
    assert events(replace(text, content_type="text/plain"), context)[0]["data"] == "Müller"


@pytest.mark.parametrize(
    ("content_type", "encoding"), [("application/octet-stream", "latin-1"), ("text/plain", "utf-16"), ("", "iso-8859-99")]
)
def test_what_is_no_text_in_the_character_set_that_it_names_is_kept_as_it_came(
    context: ReceiverContext, content_type: str, encoding: str
) -> None:
    sent = replace(PLAIN, body=b"\xff\xfe\x00", content_type=content_type, content_encoding=encoding)
    assert events(sent, context)[0]["data_base64"] == "//4A"


@pytest.mark.parametrize(
    ("content_type", "character_set"),
    [
        ("{}; charset=ISO-8859-1", "latin-1"),
        ('{};charset="windows-1252"', "cp1252"),
        ("{}; charset=UTF-16", "utf-16"),
        ("{}; charset=ISO-8859-1", "utf-8"),  # what some servers write by default
        ("{}; charset=no-such-set", "utf-8"),
    ],
)
def test_the_character_set_of_a_content_type_is_that_of_the_text(context: ReceiverContext, content_type: str, character_set: str) -> None:
    for media_type, body, data in (
        ("text/plain", "Müller", "Müller"),
        ("application/xml", "<a>Müller</a>", "<a>Müller</a>"),
        ("application/json", '{"a":"Müller"}', {"a": "Müller"}),
    ):
        sent = replace(PLAIN, body=body.encode(character_set), content_type=content_type.format(media_type))
        assert events(sent, context)[0].get("data") == data, media_type


def test_what_cannot_be_used_is_kept_without_its_compression_and_else_with_its_name(context: ReceiverContext) -> None:
    """It is published again by what is kept, and nobody who edits it reads gzip."""

    def kept(message: Message, reader: Reader | None = None) -> tuple[bytes, str]:
        (record,) = records_of([message], dataclasses.replace(context, reader=reader), SETTINGS)
        return record.body, json.loads(record.detail)["encoding"]

    broken = replace(PLAIN, body=gzip.compress(b'{"order":'), content_type="application/json", content_encoding="gzip")
    assert kept(broken) == (b'{"order":', "")
    assert kept(replace(broken, body=gzip.compress(b"x")), lines) == (b"x", "")
    assert kept(replace(broken, body=b"no gzip")) == (b"no gzip", "gzip")
    assert kept(replace(broken, content_encoding="rot13")) == (broken.body, "rot13")


def test_a_format_reads_its_encoding_itself(context: ReceiverContext) -> None:
    sent = replace(PLAIN, body="no\nMüller\n".encode("latin-1"), content_encoding="ISO-8859-1")
    (event,) = events(sent, context, reader=formats()["csv"].reader({"type": "csv", "encoding": "latin-1"}))
    assert event["data"] == {"no": "Müller"}


def test_what_would_be_an_event_without_end_is_told_and_kept_in_part(context: ReceiverContext) -> None:
    """A file of 60 MiB without a format became one event of up to 180 MiB."""
    large = replace(PLAIN, content_type="text/plain", max_bytes=64 << 20)
    for body in (bytes(EVENT_MAX_BYTES + 1), b"\1" * (5 << 20)):
        (told,) = events(replace(large, body=body), context)
        assert told["reason"] == "event_too_large"
        assert f"at most {EVENT_MAX_BYTES} are kept" in told["message"]
        assert told["size_bytes"] == str(len(body))
    (event,) = events(replace(large, body=b"\xff" * MESSAGE_MAX_BYTES, content_type=""), context)
    assert len(event["data_base64"]) > MESSAGE_MAX_BYTES, "the largest message of a broker is taken, whatever is in it"


def test_a_message_is_read_as_its_records_are_asked_for(context: ReceiverContext) -> None:
    def endless(_: bytes) -> Iterator[Document]:
        while True:
            yield Document(b"1")

    records = records_of([PLAIN], dataclasses.replace(context, reader=endless), SETTINGS)
    assert len(list(islice(records, 3))) == 3


@pytest.mark.parametrize(
    ("body", "content_type", "usable"),
    [
        (b'{"order": "4711"', "", False),  # cut off
        (b"{'order': '4711'}", "application/json", False),
        (b"4711 is booked", "application/json", False),
        (b'[{"order": 1},]', "", False),
        (b"4711 is booked", "", True),  # a text on purpose, for a pattern
        (b"[2026-03-27 14:50] 4711 is booked", "", True),
        (b"{4711} is booked", "", True),
        (b"4711 is booked", "text/plain", True),
    ],
)
def test_broken_json_is_told_and_plain_text_is_taken(context: ReceiverContext, body: bytes, content_type: str, usable: bool) -> None:
    (found,) = records_of([replace(PLAIN, body=body, content_type=content_type)], context, SETTINGS)
    if usable:
        assert found.kind is SignalKind.EVENT
    else:
        assert (found.kind, found.body) == (SignalKind.QUARANTINE, body)
        assert json.loads(found.detail)["reason"].startswith("bad_json")


def test_a_cloud_event_in_headers_keeps_its_own_names_whatever_the_prefix(context: ReceiverContext) -> None:
    own = {"specversion": "1.0", "id": "7", "source": "/erp", "type": "order.created"}
    for prefix in ("ce_", "ce-", "CE_"):
        found = events(replace(PLAIN, headers={f"{prefix}{name}": value for name, value in own.items()}), context)
        assert found == [{**own, "data": {"order": "4711"}}]


def test_a_template_with_an_unknown_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write text with \{type\}, \{topic\} or \{headers.NAME\}"):
        TopicSettings(type="topics", url="env:BROKER_URL", event_type="{queue}")


def test_each_document_of_a_message_is_an_event_and_a_bad_one_costs_no_other(context: ReceiverContext) -> None:
    body = b'ORDERS: {"no": 1}\nrubbish\nDESADV: {"no": 2}\n'
    first, bad, second = events(replace(PLAIN, body=body), context, reader=lines)

    assert (first["type"], first["id"], first["time"], first["subject"], first["data"]) == (
        "ORDERS",
        "m-1",
        "2026-03-27T14:50:00Z",
        "4711",
        {"no": 1},
    )
    assert (bad["reason"], bad["message"], bad["peer"]) == ("no_colon", "line 2 has no colon", "topics:orders")
    assert (second["type"], second["id"], second["data"]) == ("DESADV", "m-1/2", {"no": 2})


def test_a_document_beyond_the_limits_costs_no_other(context: ReceiverContext) -> None:
    many = b"[" + b",".join([b"1"] * 100_002) + b"]"
    bad, good = events(replace(PLAIN, body=b"ORDERS: " + many + b'\nDESADV: {"no": 2}'), context, reader=lines)

    assert (bad["reason"], good["data"]) == ("bad_json:too_many_nodes", {"no": 2})


def test_a_document_that_names_itself_is_the_same_event_in_another_message(context: ReceiverContext) -> None:
    def named(_: bytes) -> Iterator[Document | BadDocument]:
        yield Document(b"{}", "ORDERS", id="0000000042")

    assert events(PLAIN, context, reader=named)[0]["id"] == events(replace(PLAIN, message_id="m-2"), context, reader=named)[0]["id"]


@given(
    datetimes(timezones=sampled_from([None, UTC, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=-9, minutes=-30))]))
)
def test_a_time_is_written_as_python_writes_it(moment: datetime) -> None:
    assert text_of(moment) == (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
