"""HTTP APIs that want to be left alone, answer as none should, or must be proved who they are; the server is in this process."""

from __future__ import annotations

import gzip
import re
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from collector.polling import http_client
from collector.receivers.http_poll import RECEIVER
from core.errors import WrongSetting
from core.telemetry import M
from tests.collector.receivers.http_apis import CHANGED, names, of, poll, whys
from tests.servers.http_api_stand_in import Asked, HttpApiStandIn, Reply, http_api, reply


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_an_api_that_wants_to_be_left_alone_is_and_the_same_page_is_asked_for(api: HttpApiStandIn, tmp_path: Path, form: str) -> None:
    for number in range(25):
        api.put(id=number)
    refused: list[float] = []

    def answer(asked: Asked) -> Reply | None:
        if asked.query.get("at") == "10" and len(refused) < 2:
            refused.append(time.monotonic())
            now = datetime(2026, 3, 27, 14, 50, 0, tzinfo=UTC)
            later = format_datetime(now.replace(second=1), usegmt=True)
            return reply(b"", 429, Retry_After="1" if form == "seconds" else later, date=format_datetime(now, usegmt=True))
        return None

    api.answer = answer
    found, _ = poll(tmp_path, of(), lambda intake: len(intake.events) == 25)

    assert sorted(names(found)) == list(range(25))
    assert refused[1] - refused[0] >= 1.0
    assert [asked.query.get("at") for asked in api.asked[:4]] == [None, "10", "10", "10"]


def test_a_change_that_became_visible_late_is_read_and_nothing_twice(api: HttpApiStandIn, tmp_path: Path) -> None:
    api.put(id="a", changed="2026-03-27T14:50:00Z")
    assert names(poll(tmp_path, of(), lambda intake: len(intake.events) == 1)[0]) == ["a"]
    api.put(id="late", changed="2026-03-27T14:46:00Z")
    api.put(id="a", changed="2026-03-27T14:51:00Z")

    assert sorted(names(poll(tmp_path, of(), lambda intake: len(intake.events) == 2)[0])) == ["a", "late"]


def test_a_change_dated_in_the_future_hides_none_before_it(api: HttpApiStandIn, tmp_path: Path) -> None:
    api.put(id="future", changed="2099-01-01T00:00:00Z")
    then = format_datetime(datetime(2026, 3, 27, 15, 0, 0, tzinfo=UTC), usegmt=True)
    api.answer = lambda asked: (200, {"date": then}, api.orders(asked)[2])
    poll(tmp_path, of(), lambda _: len(api.asked) > 1)
    api.put(id="after", changed="2026-03-27T14:58:00Z")

    assert names(poll(tmp_path, of(), lambda intake: bool(intake.events))[0]) == ["after"]
    assert api.asked[-1].query["since"] == "2026-03-27T14:55:00Z", "an overlap before the first page, by the clock of the server"


def answers_with(content: Any, status: int = 200, **headers: str) -> Callable[[HttpApiStandIn], Callable[[Asked], Reply]]:
    return lambda _: lambda _: reply(content, status, **headers)


def endless(_: HttpApiStandIn) -> Callable[[Asked], Reply]:
    return lambda asked: reply({"items": [], "next": f"/orders?at={int(asked.query.get('at', 0)) + 1}"})


@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (endless, r"the pages do not end \(page 21\)"),
        (answers_with({"items": [], "next": "/orders?at=1"}), r"the pages do not end \(page 3\)"),
        (answers_with({"items": [], "next": "http://127.0.0.2:9/orders"}), "on another server"),
        (answers_with({"items": [], "next": "http://["}), "on another server"),
        (answers_with(b"", 302, Location="http://127.0.0.2:9/"), "the API is elsewhere"),
        (answers_with(b"[" * 1000), "nested deeper than 64 levels"),
        (answers_with(b'{"items": [' + b"0," * 1_000_001 + b"0]}"), "more than 1000000 values"),
        (answers_with(b"x" * 70_000), "an answer has more than 65536 bytes"),
        (answers_with(gzip.compress(b" " * 10_000_000), Content_Encoding="gzip"), "cannot be decompressed within 65536 bytes"),
        (answers_with(b"<html>down for maintenance</html>"), "the answer is not JSON"),
        (answers_with({"records": []}), "the answer has no 'items'"),
        (answers_with({"items": [{"id": 1, "changed": "2026-03-27T14:50:00"}]}), "set 'time_zone'"),
        (answers_with({"error": "no such field"}, 400), "HTTP 400 .*no such field"),
        (answers_with(b"", 403), "the API refuses us"),
        (answers_with(b"", 500), "HTTP 500"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_needs_a_person_pauses_the_source_with_one_line(
    api: HttpApiStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hostile: Callable[[HttpApiStandIn], Callable[[Asked], Reply]],
    words: str,
) -> None:
    if "values" not in words:
        monkeypatch.setattr(http_client, "PAGE_MAX_BYTES", 65_536)
    api.answer = hostile(api)
    asked = 25 if "21" in words else 2  # of a second poll, too
    _, telemetry = poll(tmp_path, of(pages_max=20), lambda _: len(api.asked) > asked and bool(whys(caplog)), more=0)

    (why,) = whys(caplog)
    assert re.search(words, why), why
    assert telemetry.value(M.RECEIVER_UP, source="erp") == 0


def test_the_same_page_for_ever_is_noticed(api: HttpApiStandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    api.answer = lambda _: reply({"items": [{"id": 1, "changed": CHANGED}]})
    found, _ = poll(tmp_path, of(pages={"by": "offset", "parameter": "at"}), lambda _: bool(whys(caplog)))

    assert names(found) == [1]
    assert "the same page again and again" in whys(caplog)[0]


def test_a_slow_answer_is_given_up_and_the_api_is_read_again(
    api: HttpApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_client, "ANSWER_SECONDS", 0.3)
    caplog.set_level("INFO")
    api.put(id=1)

    def answer(_: Asked) -> None:
        if len(api.asked) == 1:
            time.sleep(1.5)

    api.answer = answer
    found, _ = poll(tmp_path, of(), lambda _: "the API is read again" in caplog.text)

    assert (names(found), "does not answer" in whys(caplog)[0]) == ([1], True)


def test_basic_and_keys_are_sent_and_never_told(
    api: HttpApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEST_SECRET", "hunter2")
    auth = {"type": "basic", "user": "andon", "password": "env:TEST_SECRET"}
    settings = of(auth=auth, headers={"X-Api-Key": "env:TEST_SECRET"}, query={"key": "env:TEST_SECRET"})
    api.answer = lambda _: reply(b"", 401)
    poll(tmp_path, settings, lambda _: bool(whys(caplog)))

    assert api.asked[0].headers["authorization"] == "Basic YW5kb246aHVudGVyMg=="
    assert (api.asked[0].headers["x-api-key"], api.asked[0].query["key"]) == ("hunter2", "hunter2")
    monkeypatch.setenv("TEST_SECRET", "hunter2\nü")
    poll(tmp_path, settings, lambda _: len(whys(caplog)) > 1)
    assert "the header 'x-api-key' would contain more than printable ASCII" in whys(caplog)[1]
    assert "hunter2" not in caplog.text


def test_our_certificate_is_shown_and_theirs_is_checked_by_name(
    tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate[0]))
    tls.load_cert_chain(*certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    ours = tmp_path / "ours.pem"
    ours.write_text("".join(file.read_text() for file in certificate))
    ours.chmod(0o644)
    settings = of(ca_file=str(certificate[0]), certificate=f"file:{ours}")
    with http_api(tls) as api:
        monkeypatch.setenv("TEST_API", api.url.replace("http://127.0.0.1", "https://localhost"))
        api.put(id=1)
        poll(tmp_path, settings, lambda _: bool(whys(caplog)), more=0)
        assert "chmod 600" in whys(caplog)[0], "others could read our key"

        ours.chmod(0o600)
        assert names(poll(tmp_path, settings, lambda intake: bool(intake.events))[0]) == [1]
        assert api.asked[0].headers["host"].startswith("localhost:")

        poll(tmp_path, of(certificate=f"file:{ours}"), lambda _: len(whys(caplog)) > 1, more=0)
        assert "certificate verify failed" in whys(caplog)[1]


def test_a_proxy_looks_the_name_up(api: HttpApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_API", "http://crm.example")
    monkeypatch.setenv("TEST_PROXY", api.url)
    api.put(id=1)
    found, _ = poll(tmp_path, of(proxy="env:TEST_PROXY"), lambda intake: bool(intake.events))

    assert (names(found), api.asked[0].raw.partition("?")[0]) == ([1], "http://crm.example/orders")


def test_addresses_of_metadata_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("TEST_API", "http://169.254.169.254/latest")
    poll(tmp_path, of(), lambda _: bool(whys(caplog)), more=0)

    assert "link-local or metadata address" in whys(caplog)[0]


@pytest.mark.parametrize("address", ["https://andon:hunter2/x@api/", "ftp://andon:hunter2@api/", "https://[hunter2", "hunter2"])
def test_what_is_no_address_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv("TEST_API", address)
    poll(tmp_path, of(), lambda _: bool(whys(caplog)), more=0)

    assert "that is no address; write https://host/path" in whys(caplog)[0]
    assert "hunter2" not in str(vars(caplog.records[0]))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"preset": "odata5"}, "there is no preset 'odata5'; there are odata2, odata4, salesforce, sap_cloud_integration"),
        ({"pages": {"by": "link"}}, "write under 'at' where the answer has it"),
        ({"pages": {"by": "offset"}}, "name the query parameter under 'parameter'"),
        ({"auth": {"type": "basic", "user": "a", "password": "hunter2"}}, "a password is a secret"),
        ({"auth": {"type": "oauth2", "client_id": "a"}}, "oauth2 needs token_url and client_secret"),
        ({"headers": {"X-API-Key": "hunter2"}}, "the header 'X-API-Key' is a secret"),
        ({"certificate": "env:CERT"}, "write file:PATH of a PEM file"),
        ({"proxy": "http://user:hunter2@proxy"}, "env:NAME if the address has a password"),
        ({"start": "2026-11-01"}, "write a time with its zone"),
        ({"key": []}, "name at least one path of a key"),
        ({"path": "orders?x=1"}, "should match pattern"),
        ({"time_zone": "Mars"}, "time zone 'Mars' is not known"),
    ],
)
def test_wrong_settings_say_what_to_write(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        RECEIVER.validate(of(**wrong))
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
