"""One rejection, two renderings: an OTLP sender in protobuf and one in JSON learn the same."""

from __future__ import annotations

import json

import pytest
from google.rpc.status_pb2 import Status

from collector.http.responses import accept_json, accept_protobuf, explain_json, explain_protobuf
from collector.ingest.handler import Outcome
from collector.otlp.requests import RESPONSES
from collector.rejection import Rejection, no_room, reject, unproven, unusable
from core.errors import Full
from core.signal import SignalKind

REJECTIONS = {
    3: unusable("bad_protobuf", "no request", field="body", what_to_do="send one"),
    16: reject(401, "unauthenticated", "no token", field="authorization"),
    8: reject(413, "too_large", "too much"),
    14: no_room(Full("the disk is full", 5)),
}


@pytest.mark.parametrize(("code", "rejection"), REJECTIONS.items())
def test_a_rejection_says_the_same_in_both_forms(code: int, rejection: Rejection) -> None:
    protobuf, in_json = explain_protobuf(rejection, "q_1"), explain_json(rejection, "q_1")
    status, document = Status.FromString(protobuf.body), json.loads(in_json.body)
    assert protobuf.status_code == in_json.status_code == rejection.status
    assert status.code == document["code"] == code
    assert document["error"] == document["message"] == rejection.error.message
    assert (document["field"], document["what_to_do"], document["quarantine_id"]) == (
        rejection.error.field,
        rejection.error.what_to_do,
        "q_1",
    )
    assert status.message == "; ".join(filter(None, [rejection.error.message, rejection.error.what_to_do, "kept as q_1"]))


@pytest.mark.parametrize(("rejection", "seconds"), [(no_room(Full("full", 5)), "5"), (unproven("signature"), "10"), (REJECTIONS[3], None)])
def test_only_who_is_to_come_again_is_told_when(rejection: Rejection, seconds: str | None) -> None:
    for answer in (explain_protobuf(rejection, ""), explain_json(rejection, "")):
        assert answer.headers.get("retry-after") == seconds


@pytest.mark.parametrize("kind", RESPONSES)
def test_rejected_records_are_counted_in_both_forms(kind: SignalKind) -> None:
    response_class, in_protobuf, in_json = RESPONSES[kind]
    for outcome in (Outcome(), Outcome(2, "2 of otlp_bad_id")):
        message = response_class.FromString(accept_protobuf(kind, outcome).body)
        document = json.loads(accept_json(kind, outcome).body)
        assert getattr(message.partial_success, in_protobuf) == outcome.rejected
        assert message.partial_success.error_message == outcome.message
        expected = {in_json: str(outcome.rejected), "errorMessage": outcome.message}
        assert document == ({"partialSuccess": expected} if outcome.rejected else {})
