"""Signed webhooks: only the sender who knows the secret gets in, once a delivery."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from core.catalog.catalog import Catalog
from core.catalog.source import Source, Webhook
from core.signal import Lane, SignalKind
from tests.collector.conftest import Running


def standard(secret: str, delivery: str, body: bytes, at: float | None = None) -> dict[str, str]:
    timestamp = str(int(at or time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{delivery}.{timestamp}.".encode() + body, "sha256")).decode()
    return {"webhook-id": delivery, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


@pytest.fixture
def post(start: Callable[..., Running], catalog: Catalog) -> Any:
    collector = start(catalog)

    def send(source: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return collector.client.post(f"/v1/webhooks/{source}", content=body, headers={"content-type": "application/json", **headers})

    send.collector = collector
    return send


BODY = b'{"type": "order.paid", "total": 12.50}'


def test_the_official_example_of_standard_webhooks() -> None:
    """From the specification's reference tests: the same secret, id, time and body give this signature."""
    headers = standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at=1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_delivery_becomes_an_event_once(post: Any, secrets: dict[str, str]) -> None:
    headers = standard(secrets["HOOK"], "msg_1", BODY)
    assert post("shop", BODY, headers).json() == {"accepted": 1}
    replay = post("shop", BODY, headers)
    assert (replay.status_code, replay.json()["replayed"]) == (200, True)
    (record,) = post.collector.records()
    assert (record.kind, record.source) == (SignalKind.EVENT, "shop")
    event = json.loads(record.body)
    assert (event["id"], event["source"], event["type"]) == ("msg_1", "/webhooks/shop", "shop.order.paid")
    assert b'{"type": "order.paid", "total": 12.50}' in record.body


def test_rotated_secrets_and_several_signatures(post: Any, secrets: dict[str, str]) -> None:
    assert post("shop", BODY, standard(secrets["OLD_HOOK"], "msg_1", BODY)).status_code == 200
    headers = standard(secrets["HOOK"], "msg_2", BODY)
    headers["webhook-signature"] = "v1,bm90IHRoaXM= v2,abc " + headers["webhook-signature"]
    assert post("shop", BODY, headers).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-id": "other"},
        {"webhook-id": ""},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "1"},
    ],
)
def test_bad_signatures(post: Any, secrets: dict[str, str], change: dict[str, str]) -> None:
    assert post("shop", BODY, {**standard(secrets["HOOK"], "msg_1", BODY), **change}).status_code == 401
    assert post.collector.records() == []


def test_the_tolerance_is_five_minutes(post: Any, secrets: dict[str, str]) -> None:
    now = time.time()
    for delivery, (offset, status) in enumerate([(-305, 401), (305, 401), (-290, 200), (290, 200)]):
        assert post("shop", BODY, standard(secrets["HOOK"], str(delivery), BODY, at=now + offset)).status_code == status


def test_a_signature_over_other_bytes(post: Any, secrets: dict[str, str]) -> None:
    headers = standard(secrets["HOOK"], "msg_1", json.dumps(json.loads(BODY), separators=(",", ":")).encode())
    assert post("shop", BODY, headers).status_code == 401


def test_github(post: Any, secrets: dict[str, str]) -> None:
    signature = "sha256=" + hmac.new(secrets["GITHUB"].encode(), BODY, "sha256").hexdigest()
    headers = {"x-hub-signature-256": signature, "x-github-delivery": "d-1", "x-github-event": "push"}
    assert post("repo", BODY, headers).status_code == 200
    (record,) = post.collector.records(Lane.BULK)
    assert json.loads(record.body)["type"] == "github.push"
    assert post("repo", BODY + b" ", headers).status_code == 401
    assert post("repo", BODY, {**headers, "x-hub-signature-256": signature.replace("sha256", "sha1")}).status_code == 401


def test_the_older_names_of_the_headers(post: Any, secrets: dict[str, str]) -> None:
    headers = {name.replace("webhook", "svix"): value for name, value in standard(secrets["HOOK"], "msg_1", BODY).items()}
    assert post("shop", BODY, headers).json() == {"accepted": 1}
    assert post("shop", BODY, {**headers, "svix-id": "msg_2"}).status_code == 401


def test_github_sends_a_form_unless_told_otherwise(post: Any, secrets: dict[str, str]) -> None:
    def deliver(form: bytes, delivery: str) -> httpx.Response:
        signature = "sha256=" + hmac.new(secrets["GITHUB"].encode(), form, "sha256").hexdigest()
        headers = {"x-hub-signature-256": signature, "x-github-delivery": delivery, "x-github-event": "push"}
        answer: httpx.Response = post("repo", form, {**headers, "content-type": "application/x-www-form-urlencoded"})
        return answer

    assert deliver(urlencode({"payload": BODY.decode()}).encode(), "d-1").status_code == 200
    (record,) = post.collector.records(Lane.BULK)
    assert json.loads(record.body)["data"] == json.loads(BODY)
    refused = deliver(b"other=1", "d-2")
    assert (refused.status_code, refused.json()["field"]) == (400, "payload")


@pytest.mark.parametrize(
    ("template", "body", "made", "warned"),
    [
        ("shop.{type}", b'{"type": "order.paid"}', "shop.order.paid", False),
        ("shop.{type}", b"[1]", "shop", False),
        ("{type}.from.shop", b'{"type": "paid"}', "paid.from.shop", False),
        ("{type}", b"{}", "webhook", False),
        ("order.paid", b'{"type": "order.paid"}', "order.paid", True),
        ("order.paid", b'{"type": 7}', "order.paid", False),
    ],
)
def test_the_type_is_a_template(
    start: Callable[..., Running], secrets: dict[str, str], template: str, body: bytes, made: str, warned: bool
) -> None:
    hook = Webhook(scheme="standard", secrets=["env:HOOK"], type=template)
    collector = start(Catalog(sources={"shop": Source(source="shop", owner="web", webhook=hook)}))
    answer = collector.client.post("/v1/webhooks/shop", content=body, headers=standard(secrets["HOOK"], "msg_1", body))
    assert ("order.paid" in answer.json().get("warning", "")) is warned
    (record,) = collector.records()
    assert json.loads(record.body)["type"] == made


def test_unknown_sources_and_bad_bodies(post: Any, secrets: dict[str, str]) -> None:
    assert post("nobody", BODY, {}).status_code == 404
    assert post("crm", BODY, {}).status_code == 404
    answer = post("shop", b"not json", standard(secrets["HOOK"], "msg_9", b"not json"))
    assert (answer.status_code, bool(answer.json()["quarantine_id"])) == (400, True)
    (record,) = post.collector.records()
    assert (record.kind, record.source, record.body) == (SignalKind.QUARANTINE, "shop", b"not json")


def test_the_signature_is_over_the_body_as_sent(post: Any, secrets: dict[str, str]) -> None:
    packed = gzip.compress(BODY)
    encoded = {"content-encoding": "gzip"}
    assert post("shop", packed, {**encoded, **standard(secrets["HOOK"], "msg_1", BODY)}).status_code == 401
    assert post("shop", packed, {**encoded, **standard(secrets["HOOK"], "msg_1", packed)}).json() == {"accepted": 1}
    (record,) = post.collector.records()
    assert BODY in record.body


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b"no JSON"), gzip.compress(bytes(30 << 20))], ids=["no gzip", "no JSON", "a bomb"]
)
def test_a_stranger_is_refused_before_anything_is_decoded_or_kept(post: Any, body: bytes) -> None:
    encoded = {"content-encoding": "gzip"}
    answers = [post("nobody", body, encoded), post("shop", body, encoded), post("shop", body, {**encoded, **standard("bm8=", "m", body)})]
    assert [answer.status_code for answer in answers] == [404, 401, 401]
    assert not any(answer.json()["quarantine_id"] for answer in answers)
    assert post("shop", body, {"content-encoding": "rot13"}).status_code == 401
    assert post.collector.records() == []


def test_what_a_known_sender_encodes_badly_is_kept_as_it_came(post: Any, secrets: dict[str, str]) -> None:
    for delivery, body in enumerate([b"no gzip at all", gzip.compress(b"no JSON")]):
        answer = post("shop", body, {"content-encoding": "gzip", **standard(secrets["HOOK"], str(delivery), body)})
        assert (answer.status_code, bool(answer.json()["quarantine_id"])) == (400, True)
        record = post.collector.records()[delivery]
        detail = json.loads(record.detail)
        assert (record.kind, record.source, record.body) == (SignalKind.QUARANTINE, "shop", body)
        assert (detail["kind"], detail["encoding"], detail["headers"]["webhook-id"]) == ("webhook", "gzip", str(delivery))
