"""What is read of HTTP APIs that behave as the documentation of each says; the server is in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.telemetry import M
from tests.collector.receivers.http_apis import CHANGED, names, of, poll, preset
from tests.servers.http_api_stand_in import Asked, HttpApiStandIn, Reply, reply


def test_a_record_becomes_an_event_with_all_its_digits(api: HttpApiStandIn, tmp_path: Path) -> None:
    api.answer = lambda _: reply(b'{"items": [{"id": 7, "total": 12345678901234567.8901, "changed": "%s"}]}' % CHANGED.encode())
    (record,) = poll(tmp_path, of(), lambda intake: bool(intake.accepted))[0].accepted

    event = json.loads(record.body)
    assert event.pop("id")
    assert {**event, "data": None} == {
        "specversion": "1.0",
        "source": "/http/erp",
        "type": "crm.order",
        "subject": "7",
        "time": "2026-03-27T14:50:00.500000+00:00",
        "datacontenttype": "application/json",
        "data": None,
    }
    assert b'"total": 12345678901234567.8901' in record.body


def test_odata_4_is_asked_by_filter_and_followed_by_its_links(api: HttpApiStandIn, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if "$skiptoken" in asked.query:
            return reply({"value": [{"orderid": "2", "modifiedon": CHANGED}]})
        return reply({"value": [{"orderid": "1", "modifiedon": CHANGED}], "@odata.nextLink": f"{api.url}/v9.2/orders?$skiptoken=x%201"})

    api.answer = answer
    settings = preset("odata4", path="/v9.2/orders", key="orderid", change="modifiedon", query={"$select": "orderid,modifiedon"})
    found, _ = poll(tmp_path, settings, lambda intake: len(intake.events) == 2 and len(api.asked) > 2)

    assert names(found, "orderid") == ["1", "2"]
    first, second, again = api.asked[:3]
    assert first.query == {
        "$filter": "modifiedon ge 1970-01-01T00:00:00Z", "$orderby": "modifiedon", "$select": "orderid,modifiedon",
    }  # fmt: skip
    assert "%20ge%20" in first.raw, "OData knows no + for a blank"
    assert (first.headers["prefer"], second.query) == ("odata.maxpagesize=1000", {"$skiptoken": "x 1"})
    assert again.query["$filter"] == "modifiedon ge 2026-03-27T14:45:00Z", "an overlap before the newest"


def test_odata_2_of_sap_with_its_dates(api: HttpApiStandIn, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if "$skiptoken" in asked.query:
            return reply({"d": {"results": [{"SalesOrder": "2", "LastChangeDateTime": "/Date(1774623000000+0000)/"}]}})
        more = {"__next": f"{api.url}/sap/A_SalesOrder?$skiptoken=1"}
        return reply({"d": {"results": [{"SalesOrder": "1", "LastChangeDateTime": "/Date(1774622900000+0000)/"}], **more}})

    api.answer = answer
    settings = preset("odata2", path="/sap/A_SalesOrder", key="SalesOrder", change="LastChangeDateTime")
    found, _ = poll(tmp_path, settings, lambda intake: len(intake.events) == 2 and len(api.asked) > 2)

    assert [event["time"] for event in found.events] == ["2026-03-27T14:48:20+00:00", "2026-03-27T14:50:00+00:00"]
    assert api.asked[0].query["$filter"] == "LastChangeDateTime ge datetimeoffset'1970-01-01T00:00:00Z'"


def test_the_message_processing_log_of_sap_cloud_integration(api: HttpApiStandIn, tmp_path: Path) -> None:
    log = {"MessageGuid": "AFw", "Status": "FAILED", "LogEnd": "/Date(1774623000000)/"}
    api.answer = lambda _: reply({"d": {"results": [log]}})
    found, _ = poll(tmp_path, preset("sap_cloud_integration"), lambda intake: bool(intake.events) and len(api.asked) > 1)

    assert (names(found, "MessageGuid"), api.asked[1].path) == (["AFw"], "/api/v1/MessageProcessingLogs")
    assert api.asked[1].query["$filter"] == "LogEnd ge datetime'2026-03-27T14:45:00'"


def test_salesforce_is_asked_in_soql_with_a_token_that_ends_between_pages(
    api: HttpApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    tokens: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/services/oauth2/token":
            assert asked.body == b"grant_type=client_credentials&client_id=andon&client_secret=s3cret"
            tokens.append(f"token-{len(tokens)}")
            return reply({"access_token": tokens[-1], "token_type": "Bearer"})
        if asked.headers.get("authorization") != f"Bearer {tokens[-1]}" or (len(tokens) == 1 and "01g" in asked.path):
            return reply([{"errorCode": "INVALID_SESSION_ID"}], 401)
        record = {"Id": asked.path[-1], "SystemModstamp": "2026-03-27T14:50:00.000+0000"}
        more = {} if "01g" in asked.path else {"nextRecordsUrl": "/services/data/v62.0/query/01g-2000"}
        return reply({"totalSize": 2, "done": not more, "records": [record], **more})

    api.answer = answer
    auth = {"type": "oauth2", "token_url": f"{api.url}/services/oauth2/token", "client_id": "andon", "client_secret": "env:TEST_SECRET"}
    query = {"q": "SELECT Id, SystemModstamp FROM Order WHERE {change} >= {since} ORDER BY {change}"}
    found, _ = poll(tmp_path, preset("salesforce", auth=auth, query=query), lambda intake: len(intake.events) == 2)

    assert names(found, "Id") == ["y", "0"]
    assert tokens == ["token-0", "token-1"], "renewed once, and kept over polls"
    assert api.asked[1].query["q"] == (
        "SELECT Id, SystemModstamp FROM Order WHERE SystemModstamp >= 1970-01-01T00:00:00Z ORDER BY SystemModstamp"
    )


@pytest.mark.parametrize(
    ("pages", "following"),
    [
        ({"by": "header"}, ["", "2", "3"]),
        ({"by": "cursor", "at": "meta.next", "parameter": "at"}, ["", "2", "3"]),
        ({"by": "offset", "parameter": "at"}, ["", "1", "2", "3"]),
        ({"by": "number", "parameter": "at"}, ["", "2", "3", "4"]),
    ],
    ids=["header", "cursor", "offset", "number"],
)
def test_pages_are_followed_to_the_last(api: HttpApiStandIn, tmp_path: Path, pages: dict[str, str], following: list[str]) -> None:
    def answer(asked: Asked) -> Reply:
        number = following.index(asked.query.get("at", ""))
        if number >= 3:
            return reply({"items": []})
        more = {"meta": {"next": following[number + 1]}} if number < 2 else {"meta": {"next": None}}
        link = {"link": f'<?at=1>; rel="prev", <?at={following[number + 1]}>; rel="next"'} if number < 2 else {}
        return reply({"items": [{"id": number, "changed": CHANGED}], **more}, **link)

    api.answer = answer
    found, _ = poll(tmp_path, of(pages=pages, query={}), lambda _: len(api.asked) > len(following))

    assert names(found) == [0, 1, 2]
    assert [asked.query.get("at", "") for asked in api.asked[: len(following)]] == following


def test_xml_is_read_in_the_format_of_the_source_and_a_broken_page_is_kept_once(api: HttpApiStandIn, tmp_path: Path) -> None:
    api.answer = lambda _: reply(f"<Orders><Order><Id>7</Id><Changed>{CHANGED}</Changed></Order><Order>".encode())
    settings = of(records="Order", key="Id", change="Changed", pages={"by": "none"})
    found, _ = poll(tmp_path, settings, lambda _: len(api.asked) > 3, xml={"each": "Orders/Order"})

    assert names(found, "Id") == ["7"]
    assert [each["reason"] for each in found.quarantined] == ["xml_syntax"]


def test_a_record_without_its_key_goes_to_quarantine_once_and_the_others_are_read(api: HttpApiStandIn, tmp_path: Path) -> None:
    bad = [{"changed": CHANGED}, {"id": 1}, {"id": 2, "changed": "soon"}, "text", {"id": {}, "changed": CHANGED}]
    api.answer = lambda _: reply({"items": [*bad, {"id": 3, "changed": CHANGED}]})
    found, _ = poll(tmp_path, of(), lambda _: len(api.asked) > 3)

    assert (names(found), len(found.quarantined)) == ([3], len(bad))


def test_what_did_not_change_is_not_sent_again(api: HttpApiStandIn, tmp_path: Path) -> None:
    served: list[int] = []

    def answer(asked: Asked) -> Reply:
        served.append(304 if asked.headers.get("if-none-match") == 'W/"1"' else 200)
        return reply({"items": [{"id": 1, "changed": CHANGED}]}, ETag='W/"1"') if served[-1] == 200 else reply(b"", 304)

    api.answer = answer
    found, telemetry = poll(tmp_path, of(), lambda _: len(served) > 4)

    assert names(found) == [1]
    assert served[:5] == [200, 200, 304, 304, 304], "the second asks for an overlap before the newest"
    assert telemetry.value(M.RECEIVER_UP, source="erp") == 1
