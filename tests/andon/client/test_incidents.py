"""What the command line says of incidents, over a real store, and how it acts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.client import incidents
from core.config import Settings, own_secret
from core.errors import AndonError, UsageError
from store.client import Store
from tests.store.rows import HOUR, START, incident, member, put

ID = "ab" * 16
MINUTE = timedelta(minutes=1)


def told(store: Store) -> str:
    return "\n".join(incidents.sheet(store.reader, START + HOUR, ID))


def test_the_list_is_of_what_is_not_resolved_with_its_status_of_now(store: Store) -> None:
    assert incidents.listed(store.reader, START, resolved_too=True).empty
    incident(
        store, ID, status="acknowledged", acknowledged_until=START + HOUR, members=2, breached=1, value={"EUR": 1200.0}, title="late\x1b[2J"
    )
    incident(store, "cd" * 16, status="resolved", peak_members=9, members_total=12)
    put(store, "silences", silence_id="s", starts_at=START, ends_at=START + 2 * HOUR, incident_id=ID)
    (row,) = incidents.listed(store.reader, START, resolved_too=False).to_dict("records")
    assert (row["id"], row["status"], row["affected"], row["late"], row["value"]) == (ID[:8], "acknowledged, silenced", 2, 1, "€1.20k")

    both = incidents.listed(store.reader, START + HOUR, resolved_too=True).to_dict("records")
    assert [(row["status"], row["affected"]) for row in both] == [("open, silenced", 2), ("resolved", 9)]


def test_an_incident_says_how_large_it_is_who_has_it_and_what_happened(store: Store) -> None:
    sizes: dict[str, Any] = {
        "members": 2,
        "breached": 1,
        "members_total": 3,
        "value": {"USD": 7.0, "EUR": 1200.0},
        "penalty": {"EUR": 12.0},
    }
    incident(store, ID, title="Order to cash\x1b[2J", assignee="Ben", runbook="order-not-booked", **sizes)
    incident(store, ID, title="Order to cash\x1b[2J", assignee="Ben", runbook="order-not-booked", **sizes, status="acknowledged",
             acknowledged_by="Ana", acknowledged_until=START + 2 * HOUR)  # fmt: skip
    put(store, "silences", silence_id="sil_1", starts_at=START, ends_at=START + 2 * HOUR, flow="o2c", created_by="Ana", reason="planned")
    put(store, "actions", at=START + MINUTE, actor="Ana", action="note", target=ID, detail="the broker's disk was full")
    lines = told(store).splitlines()
    assert lines[:5] == [
        "Order to cash�[2J",
        f"{ID}: warning, acknowledged, opened 2026-03-02 08:00:00 UTC",
        "2 affected, 1 late or failed, €1.20k + $7 at risk, €12 penalty; 3 affected in total",
        "owner desk, assigned to Ben; runbook order-not-booked",
        "acknowledged by Ana until 2026-03-02 10:00:00 UTC",
    ]
    assert lines[5:] == [
        "silenced until 2026-03-02 10:00:00 UTC by Ana: planned (sil_1)",
        "",
        "2026-03-02 08:01:00 UTC  Ana note: the broker's disk was full",
    ]


def test_the_transactions_still_in_it_are_named_the_highest_value_first(store: Store) -> None:
    incident(store, ID, members=7)
    for number in range(7):
        member(store, ID, f"o{number}", "breached", value=100.0 + number, customer="ACME\x1b[2J" if number == 6 else "")
    member(store, ID, "failed", "failed", sla="", due_at=None, value=200.0)
    member(store, ID, "gone", "met_late", value=999.0, left_at=START)
    lines = told(store).splitlines()
    first = lines.index("failed: failed, €200")
    assert lines[first : first + 6] == [
        "failed: failed, €200",
        "o6: breached, due 2026-03-02 08:00:00 UTC, €106, ACME\ufffd[2J",
        *(f"o{number}: breached, due 2026-03-02 08:00:00 UTC, €{100 + number}" for number in (5, 4, 3)),
        "and 2 more",
    ]
    assert not any(line.startswith("gone") for line in lines)


def test_what_is_over_is_told_as_over(store: Store) -> None:
    incident(store, ID, acknowledged_by="Ana", acknowledged_until=START + HOUR, status="acknowledged")
    assert "the acknowledgement by Ana ended 2026-03-02 09:00:00 UTC" in told(store)
    worst: dict[str, Any] = {"peak_members": 20, "peak_breached": 12, "peak_value": {"EUR": 146_000.0}, "peak_penalty": {"EUR": 20.0}}
    incident(store, ID, status="resolved", resolved_at=START + HOUR, members_total=23, **worst)
    said = told(store)
    assert "20 affected, 12 late or failed, €146k at risk, €20 penalty at its worst; 23 affected in total" in said
    assert "opened 2026-03-02 08:00:00 UTC, resolved 2026-03-02 09:00:00 UTC" in said
    incident(store, ID, reopened_at=START + 2 * HOUR)
    assert "opened 2026-03-02 08:00:00 UTC, reopened 2026-03-02 10:00:00 UTC" in told(store)
    assert "acknowledgement" not in said


def test_an_id_that_names_none_or_several_is_refused(store: Store) -> None:
    for name in ("ab12", "ab34"):
        incident(store, name)
    assert incidents.identity_of(store.reader, "ab1") == "ab12"
    with pytest.raises(AndonError, match="several incidents begin with 'ab'"):
        incidents.identity_of(store.reader, "ab")
    with pytest.raises(AndonError, match="no incident has an id that begins with 'x'"):
        incidents.identity_of(store.reader, "x")
    with pytest.raises(AndonError, match="no incident 'x' is known"):
        list(incidents.sheet(store.reader, START, "x"))


def test_an_act_is_posted_with_the_engines_own_token_which_is_read_and_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(incidents, "post_action", lambda *arguments: sent.append(arguments))
    settings = Settings(data=tmp_path / "data")
    with pytest.raises(UsageError, match="secrets/actions cannot be read: No such file or directory; name the engine's data folder"):
        incidents.act(settings, "silences", {})
    assert not settings.data.exists()

    token = own_secret(settings.data, "actions")
    incidents.act(settings, "silences", {"by": "Ana"})
    assert sent == [(settings, "silences", {"by": "Ana"}, token)]
