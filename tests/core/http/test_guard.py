"""A port with a password: wrong ones are counted by address, and a right one is always accepted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from core.clock import FakeClock
from core.http.guard import Guard, bearer_is
from core.limits import FAILURES_PER_MINUTE, FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import M, Telemetry


def request(authorization: str | None = None, peer: str | None = "10.0.0.7") -> Request:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    return Request({"type": "http", "headers": headers, "client": None if peer is None else (peer, 50_000)})


class Guarded:
    """A guard with all that it counts."""

    def __init__(self) -> None:
        self.clock, self.telemetry = FakeClock(), Telemetry()
        self.guard = Guard(FailedAttempts(self.clock), RejectionLog(self.clock, self.telemetry))

    def rejected(self, reason: str) -> float:
        return self.telemetry.value(M.REJECTED_REQUESTS, source="", reason=reason)


@pytest.mark.parametrize("given", ["Bearer t0ken", "bearer t0ken", "BEARER  t0ken "])
def test_a_token_is_accepted_however_its_scheme_is_written(given: str) -> None:
    assert bearer_is(request(given), "t0ken")


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "t0ken", "Basic t0ken", "Bearer t0ken x", "Bearer T0KEN", "Bearer t\xf6ken"]
)
def test_nothing_else_is(given: str | None) -> None:
    assert not bearer_is(request(given), "t0ken")


def test_a_wrong_token_is_answered_with_what_to_send() -> None:
    guarded = Guarded()
    answer = guarded.guard.refuse(request("Bearer wrong"))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert json.loads(bytes(answer.body))["error"].startswith("authorization: ")
    assert b"wrong" not in bytes(answer.body)
    assert guarded.rejected("unauthenticated") == 1


def test_guessing_is_slowed_down_for_its_address_alone() -> None:
    guarded = Guarded()
    answers: list[Any] = [guarded.guard.refuse(request()) for _ in range(FAILURES_PER_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [401] * FAILURES_PER_MINUTE + [503]
    assert answers[-1].headers["retry-after"] == "60"
    assert guarded.guard.wrong(request(peer="10.0.0.8")) == 0
    assert guarded.guard.wrong(request(peer=None)) == 0, "a client without an address is counted, too"
    assert (guarded.rejected("auth_rate_limited"), guarded.rejected("unauthenticated")) == (1, FAILURES_PER_MINUTE + 2)
    guarded.clock.advance(timedelta(seconds=60))
    assert guarded.guard.wrong(request()) == 0


def test_a_slow_body_is_counted_and_no_failure_of_a_password() -> None:
    guarded = Guarded()
    for _ in range(FAILURES_PER_MINUTE + 1):
        guarded.guard.slow(request())
    assert guarded.rejected("slow_client") == FAILURES_PER_MINUTE + 1
    assert guarded.guard.wrong(request()) == 0
