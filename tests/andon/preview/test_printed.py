"""Outcomes as a person reads them, and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from andon.preview.outcome import Outcome, Reached
from andon.preview.printed import as_documents, print_outcomes

AT = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)
KEYS = [("order", "815"), ("delivery", "D1"), ("delivery", "D2")]
FOUND = [
    Outcome("event", "captured", "/s 1", AT, [Reached("orders", "captured", AT, False, KEYS, {"amount": "12"}, {"customer": "nothing"}, "")]),
    Outcome("event", "captured", "/s 2", AT, [Reached("orders", "captured", AT, True, [], {}, {"order": "nothing at data.id"}, "E1")]),
    Outcome("span", "bo\x1bok", "t/s", AT, why_not=["orders: booked: status is 'error', not 'ok'"]),
    Outcome("quarantine", "event", "bad_json", None, why_not=["no JSON"]),
]  # fmt: skip


def test_each_signal_is_a_block_and_the_last_line_counts_them(capsys: Any) -> None:
    print_outcomes(FOUND)
    assert (
        capsys.readouterr().out
        == """\
event  captured  /s 1
  ✓ orders: captured
      time      2026-03-27 14:50:00 UTC
      order     815
      delivery  D1
      delivery  D2
      amount    12
    ! customer  nothing

event  captured  /s 2
  ✓ orders: captured
      time   2026-03-27 14:50:00 UTC (not its own: that is missing, unreadable or implausible)
      cause  E1
    ! order  nothing at data.id
    ! no key: it belongs to no transaction

span  bo�ok  t/s
  ✗ orders: booked: status is 'error', not 'ok'

quarantine  event  bad_json
  ✗ no JSON

4 signals: 2 with a milestone, 1 without, 1 to quarantine
"""
    )


def test_a_source_that_sent_nothing_is_told(capsys: Any) -> None:
    print_outcomes([])
    assert capsys.readouterr().out.startswith("nothing has come from this source yet")


def test_json_has_times_in_utc_and_keys_by_name() -> None:
    first, *_, last = json.loads(json.dumps(as_documents(FOUND)))
    assert (first["at"], first["milestones"][0]["at"], last["at"]) == ("2026-03-27T14:50:00Z", "2026-03-27T14:50:00Z", None)
    assert first["milestones"][0]["keys"][0] == {"type": "order", "value": "815"}
