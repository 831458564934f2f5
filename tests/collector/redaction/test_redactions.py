"""What is left of events, OTLP and quarantine of a source that redacts."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from msgspec.structs import replace
from pydantic import ValidationError as WrongDefinition

from collector.otlp.requests import REQUESTS
from collector.quarantine import Provenance, quarantine_record
from collector.redaction.kinds import FINDERS, Found
from collector.redaction.quarantined import NOT_KEPT
from collector.redaction.redactions import AT_ONCE_BYTES, Redactions
from collector.rejection import ValidationError
from core.catalog.catalog import Catalog
from core.catalog.source import Redaction, Source
from core.errors import Full
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry

MAIL, CARD, IBAN = "hans@example.com", "4111 1111 1111 1111", "DE89370400440532013000"
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.order"}
Redact = Callable[..., Any]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def redacted(monkeypatch: pytest.MonkeyPatch, telemetry: Telemetry) -> Redact:
    """Return what a source with these rules leaves of a record."""
    monkeypatch.setenv("REDACTION_KEY", "a key")

    def redact(record: Record, **rules: Any) -> Record:
        source = Source(source="shop", owner="it", redact=Redaction(key="env:REDACTION_KEY", **rules))
        redactions = Redactions(Catalog(version="1", sources={"shop": source}), telemetry)
        (made,) = asyncio.run(redactions.applied([record]))
        return made

    return redact


def event(data: Any, **attributes: Any) -> Record:
    body = json.dumps({**EVENT, **attributes, "data": data}).encode()
    return Record(SignalKind.EVENT, "shop", Lane.STANDARD, 0, 1, body)


def request(kind: SignalKind, said: dict[str, Any]) -> Record:
    return Record(kind, "shop", Lane.STANDARD, 0, 1, ParseDict(said, REQUESTS[kind]()).SerializeToString())


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("_", "."), "value": {"stringValue": value}} for name, value in values.items()]


def kept(
    body: bytes, kind: str = "event", content_type: str = "application/cloudevents+json", message: str = "wrong", **more: Any
) -> Record:
    provenance = Provenance("shop", Lane.STANDARD, kind, content_type, **more)
    return quarantine_record(ValidationError("bad", message), body, provenance, 0)[1]


def test_a_person_is_the_same_in_every_event_and_nobody_can_tell_who(redacted: Redact, telemetry: Telemetry) -> None:
    first = json.loads(redacted(event({"note": f"ask {MAIL}", "price": 12.340, "no": 12345678901234567890}, subject=MAIL.upper())).body)
    (name,) = {first["subject"], first["data"]["note"].removeprefix("ask ")}
    assert name.startswith("[email:")
    assert json.dumps(first).count("hans") == 0
    assert telemetry.value(M.REDACTED, source="shop", kind="email") == 2


def test_numbers_keep_their_digits_and_a_card_is_found_in_one(redacted: Redact) -> None:
    body = (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"price":12.340,"no":12345678901234567890,"card":4111111111111111}}'
    )
    made = redacted(replace(event({}), body=body)).body
    assert b'"price":12.340,"no":12345678901234567890,"card":"[credit_card:' in made


def test_a_secret_is_removed_by_its_name_or_by_how_it_is_written(redacted: Redact) -> None:
    made = json.loads(redacted(event({"password": "hunter2", "url": "amqp://erp:hunter2@broker", "pin": {"apiToken": 7}})).body)
    assert made["data"] == {"password": "[credential]", "url": "amqp://erp:[credential]@broker", "pin": {"apiToken": "[credential]"}}


def test_named_paths_are_hidden_with_all_below_them_and_in_every_item(redacted: Redact) -> None:
    data = {"customer": {"name": "Hans", "born": 1970}, "items": [{"to": "Hans", "no": 1}, {"to": "Eva", "no": 2}]}
    made = json.loads(redacted(event(data), paths=["data.customer", "data.items[].to"]).body)["data"]
    hidden = [*made["customer"].values(), *(item.pop("to") for item in made["items"])]
    assert all(value.startswith("[redacted:") for value in hidden)
    assert hidden[0] == hidden[2] != hidden[3]
    assert made["items"] == [{"no": 1}, {"no": 2}]


def test_what_is_hidden_by_its_path_is_the_same_as_where_it_is_found(redacted: Redact) -> None:
    made = json.loads(redacted(event({"login": MAIL, "note": MAIL}), paths=["data.login"]).body)["data"]
    assert made["login"] == made["note"]


def test_of_a_list_of_what_is_kept_nothing_else_is(redacted: Redact) -> None:
    data = {"order": "4711", "customer": {"name": "Hans", "no": "C1"}, "items": [{"sku": "a", "to": "Hans"}], "notes": ["Hans"]}
    made = json.loads(
        redacted(event(data, subject="Hans", partitionkey="p"), keep=["data.order", "data.customer.no", "data.items[].sku"]).body
    )
    assert made == {**EVENT, "data": {"order": "4711", "customer": {"no": "C1"}, "items": [{"sku": "a"}]}}


def test_removal_says_only_what_it_was_and_ids_stay_apart(redacted: Redact) -> None:
    first, second = (json.loads(redacted(event({"to": mail}, id=f"{mail}/1"), replace="remove").body) for mail in (MAIL, "eva@example.com"))
    assert first["data"] == second["data"] == {"to": "[email]"}
    assert first["id"] != second["id"]
    assert first["id"].endswith("/1")


def test_data_in_base64_is_redacted_if_it_is_text_and_else_not_kept(redacted: Redact) -> None:
    for raw, wanted in ((f"to {MAIL}".encode(), b"to [email:"), (b"\xff\0" + MAIL.encode(), b"")):
        body = json.dumps({**EVENT, "data_base64": base64.b64encode(raw).decode()}).encode()
        made = json.loads(redacted(replace(event({}), body=body)).body)
        assert base64.b64decode(made["data_base64"])[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"to": "hans\\u0040example.com"}', '{"to": "[email]"}'),
        ('{"pass\\u0077ord\\u0022: \\u0022hunter2\\u0022}', '{"password\\": [credential]}'),
        ('"{\\"to\\": \\"hans\\\\u0040example.com\\"}"', '"{\\"to\\": \\"[email]\\"}"'),
        ('{"tel": "\\u002B49 89 1234567", "at": "\\u00fc\\u000a\\\\\\u00fc"}', '{"tel": "[phone]", "at": "ü\\u000a\\\\ü"}'),
        ('{"name": "M\\u00fcller"}', '{"name": "M\\u00fcller"}'),
    ],
)
def test_escapes_of_json_hide_nothing(redacted: Redact, text: str, left: str) -> None:
    def of_data(**data: Any) -> Any:
        return json.loads(redacted(replace(event({}), body=json.dumps({**EVENT, **data}).encode()), replace="remove").body)

    encoded = base64.b64encode(text.encode()).decode()
    assert of_data(data={"said": text})["data"]["said"] == left
    assert base64.b64decode(of_data(data_base64=encoded)["data_base64"]).decode() == left
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"bytesValue": encoded}}]}]}]}
    made = REQUESTS[SignalKind.LOGS].FromString(redacted(request(SignalKind.LOGS, body), replace="remove").body)
    assert made.resource_logs[0].scope_logs[0].log_records[0].body.bytes_value.decode() == left


def test_names_without_end_cost_no_more_than_their_length(redacted: Redact) -> None:
    usual, unusual = (event({name: {f"{number}": 1 for number in range(20_000)}}) for name in ("a", "a" * 200_000))
    path = "data." + "b" * 50
    seconds = []
    for record in (usual, unusual):
        before = time.process_time()
        redacted(record, paths=[path])
        seconds.append(time.process_time() - before)
    assert seconds[1] < 10 * seconds[0]  # it was a thousand times as much


def test_a_row_of_backslashes_costs_no_more_than_its_length(redacted: Redact) -> None:
    usual, unusual = (event({"said": character * 30_000 + " \\u0041"}) for character in ("a", "\\"))
    seconds = []
    for record in (usual, unusual):
        before = time.process_time()
        for _ in range(5):
            redacted(record)
        seconds.append(time.process_time() - before)
    assert seconds[1] < 50 * seconds[0]  # it was thousands of times as much


def test_a_path_of_a_rule_is_known_below_names_of_any_length(redacted: Redact) -> None:
    long = "a" * 500
    made = json.loads(
        redacted(event({long: {"b": "1", "access_token": "2", "c": "3"}, "d": {long: "4"}}), paths=[f"data.{long}.b", "data.d"]).body
    )
    (hidden,) = {made["data"][long]["b"][:10], made["data"]["d"][long][:10]}
    assert hidden == "[redacted:"
    assert made["data"][long]["access_token"] == "[credential]"
    assert made["data"][long]["c"] == "3"


def test_spans_are_redacted_wherever_they_say_something(redacted: Redact) -> None:
    span = {
        "traceId": base64.b64encode(b"t" * 16).decode(), "spanId": base64.b64encode(b"s" * 8).decode(), "name": f"mail {MAIL}", "startTimeUnixNano": "1",
        "attributes": [*attributes(enduser_id="Hans", url_full=f"/c?m={MAIL}", order_id="4711"), {"key": "card", "value": {"intValue": "4111111111111111"}},
                       {"key": "to", "value": {"arrayValue": {"values": [{"stringValue": MAIL}, {"bytesValue": base64.b64encode(MAIL.encode()).decode()}]}}}],
        "events": [{"name": "e", "attributes": attributes(exception_message=f"no {IBAN}")}],
        "links": [{"attributes": attributes(x=MAIL)}],
        "status": {"message": f"refused {CARD}"},
    }  # fmt: skip
    resource = {"attributes": attributes(service_name="shop", host_name=MAIL)}
    record = request(SignalKind.TRACES, {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]})
    made = redacted(record, paths=["attributes.enduser.id"])
    said = MessageToDict(REQUESTS[SignalKind.TRACES].FromString(made.body))
    text = json.dumps(said)
    assert not any(secret in text for secret in ("hans", "Hans", "4111", IBAN, base64.b64encode(MAIL.encode()).decode()))
    found = said["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (found["traceId"], found["spanId"], found["startTimeUnixNano"]) == (span["traceId"], span["spanId"], "1")
    assert attributes(order_id="4711")[0] in found["attributes"]


def test_bodies_of_logs_and_attributes_of_metrics_are_redacted(redacted: Redact) -> None:
    body = {"kvlistValue": {"values": attributes(user="Hans", order="4711", mail=MAIL)}}
    record = request(
        SignalKind.LOGS, {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": body, "attributes": attributes(x=MAIL)}]}]}]}
    )
    made = redacted(record, keep=["body.order", "body.mail"])
    (found,) = MessageToDict(REQUESTS[SignalKind.LOGS].FromString(made.body))["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    (order, mail) = found["body"]["kvlistValue"]["values"]
    assert (order, mail["value"]["stringValue"][:7], "attributes" in found) == (attributes(order="4711")[0], "[email:", False)
    point = {"asInt": "1", "attributes": attributes(user=MAIL), "exemplars": [{"filteredAttributes": attributes(user=MAIL)}]}
    record = request(
        SignalKind.METRICS, {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [point]}}]}]}]}
    )
    assert MAIL.encode() not in redacted(record).body


@pytest.mark.parametrize(
    ("record", "rules", "left"),
    [
        (kept(json.dumps({**EVENT, "data": {"to": MAIL}}).encode()), {}, '"to":"[email:'),
        (kept(json.dumps([{**EVENT, "data": MAIL}]).encode(), content_type="application/cloudevents-batch+json"), {}, '"data":"[email:'),
        (kept(f"order of {MAIL}\n".encode(), kind="message", content_type="text/plain"), {}, "order of [email:"),
        (kept(gzip.compress(json.dumps({"to": MAIL}).encode()), kind="webhook", encoding="gzip"), {}, '{"to":"[email:'),
        (
            kept(json.dumps({"resourceSpans": MAIL}).encode(), kind="traces", content_type="application/json"),
            {},
            '{"resourceSpans":"[email:',
        ),
    ],
)
def test_quarantine_keeps_what_can_be_redacted(redacted: Redact, record: Record, rules: dict[str, Any], left: str) -> None:
    made = redacted(record, **rules)
    assert left in made.body.decode()
    assert MAIL not in made.body.decode() + made.detail


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        (kept(b'{"to": "hans\\u0040example.com", '), {}),
        (kept(f"a;{MAIL}".encode(), kind="message", content_type="text/csv"), {"paths": ["data.to"]}),
        (kept(MAIL.encode("utf-16"), kind="message", content_type="text/plain"), {}),
        (kept(b"\x0a\xff" + MAIL.encode(), kind="traces", content_type="application/x-protobuf"), {}),
        (kept(b"\x1f\x8b" + MAIL.encode(), kind="webhook", encoding="gzip"), {}),
        (kept((MAIL + " ").encode() * 100_000, kind="webhook", encoding="gzip"), {}),
        (kept(json.dumps({"resourceSpans": MAIL}).encode(), kind="traces", content_type="application/json"), {"paths": ["attributes.x"]}),
    ],
)
def test_quarantine_keeps_nothing_of_what_cannot(redacted: Redact, record: Record, rules: dict[str, Any]) -> None:
    made = redacted(record, **rules)
    detail = json.loads(made.detail)
    assert (made.body, detail["message"], detail["reason"]) == (b"", f"wrong; {NOT_KEPT}", "bad")
    assert detail["quarantine_id"] == json.loads(record.detail)["quarantine_id"]


def test_the_end_of_a_text_that_was_cut_is_no_half_of_a_name(redacted: Redact) -> None:
    text = "x" * 5 + " " + (MAIL + " ") * 80_000
    assert b"hans" not in redacted(kept(text.encode(), kind="message", content_type="text/plain")).body


def test_headers_and_messages_in_quarantine_are_redacted_too(redacted: Redact) -> None:
    record = kept(
        b"", content_type=f"text/{MAIL}", headers={"ce-subject": "Hans", "ce-id": MAIL, "ce-user": "Hans", MAIL: ""},
        message=f"the time '{MAIL}' is none", peer="10.0.0.1",
    )  # fmt: skip
    made = json.loads(redacted(record, paths=["subject", "extensions.user"]).detail)
    assert not any(name in json.dumps(made) for name in ("Hans", "hans"))
    assert (made["message"], made["peer"]) == ("the time '…' is none", "10.0.0.1")


def test_records_of_others_are_the_same(redacted: Redact) -> None:
    record = replace(event({"to": MAIL}), source="other")
    assert redacted(record) is record


def test_nothing_is_taken_while_the_key_cannot_be_read(telemetry: Telemetry) -> None:
    source = Source(source="shop", owner="it", redact=Redaction(key="env:NOT_SET_ANYWHERE"))
    redactions = Redactions(Catalog(version="1", sources={"shop": source}), telemetry)
    with pytest.raises(Full, match="NOT_SET_ANYWHERE"):
        asyncio.run(redactions.applied([event({})]))


def test_a_path_that_is_none_is_refused() -> None:
    for path in ("customer.name", "data..x", ""):
        with pytest.raises(WrongDefinition, match="is no path of a signal"):
            Redaction(key="env:X", paths=[path])


def test_a_small_record_does_not_wait_for_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small one is redacted by the loop of all servers, which must wait for no thread."""
    monkeypatch.setenv("REDACTION_KEY", "a key")
    small_is_done, ended = Event(), []

    def find(text: str) -> Iterator[Found]:
        if len(text) > AT_ONCE_BYTES:
            small_is_done.wait(5)
        yield from ()

    monkeypatch.setitem(FINDERS, "email", find)
    source = Source(source="shop", owner="it", redact=Redaction(key="env:REDACTION_KEY", kinds=["email"]))
    redactions = Redactions(Catalog(version="1", sources={"shop": source}), Telemetry())

    async def redact(text: str) -> None:
        await redactions.applied([event(text)])
        ended.append(len(text))

    async def scenario() -> None:
        large = asyncio.create_task(redact("x" * 2 * AT_ONCE_BYTES))
        await asyncio.sleep(0.05)  # it has begun
        await redact("a small one")
        small_is_done.set()
        await large

    asyncio.run(scenario())
    assert ended == [len("a small one"), 2 * AT_ONCE_BYTES]
