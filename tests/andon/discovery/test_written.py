"""What is written of a proposal, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.catalog_check import check_catalog
from andon.discovery.written import log_pattern
from plant.builders import record
from store.client import Store
from tests.andon.discovery.arrived import AT, proposed, write_events, write_recording, written

SECRET = "swordfishes"


def test_a_text_becomes_a_pattern_and_a_word_of_it_a_key() -> None:
    assert log_pattern("Order \x01 (a+b) by \x02.") == r"^Order [\w./-]+ \(a\+b\) by (?s:.+?)\."
    assert log_pattern("Order \x01 of \x01", 2) == r"^Order [\w./-]+ of ([\w./-]+)"
    assert log_pattern("a\nb\té") == "^a(?s:.+?)b(?s:.+?)é"


def uncommented(text: str) -> str:
    begin = text.index("# slas:")
    return text[:begin] + "".join(f"{line.removeprefix('# ').removeprefix('#')}\n" for line in text[begin:].splitlines())


def test_promises_are_proposed_and_hold_for_most(store: Store, tmp_path: Path) -> None:
    write_recording(store, record(60, AT))
    proposal = proposed(store)
    written(proposal, tmp_path)
    for file in (tmp_path / "flows").iterdir():
        file.write_text(uncommented(file.read_text()))
    promised = check_catalog(tmp_path).catalog.flows["sales-order"].slas
    (flow,) = [each for each in proposal.flows if each.name == "sales-order"]
    assert promised
    assert flow.whole is not None
    assert flow.whole.usual <= flow.whole.most <= flow.whole.nearly_all


@pytest.mark.parametrize(
    "said",
    [
        f"login with password={SECRET} for order %d",
        f"login with Password: {SECRET} for order %d",
        f"Authorization: Bearer {SECRET} of order %d",
        f'order %d has the token "{SECRET}"',
        f"order %d by {SECRET}@example.com",
        f"order %d api_key={SECRET}",
        f"order %d at https://user:{SECRET}@example.com/a/very/long/address",
    ],
)
def test_secrets_in_texts_are_never_written(store: Store, tmp_path: Path, said: str) -> None:
    rows = range(47110, 47120)
    for service, text in (("a", said), ("b", "order %d is done")):
        store.insert(
            "logs",
            {
                "slice": [1] * 10, "source": ["default"] * 10, "received_at": ["2026-04-01 00:00:00"] * 10, "service": [service] * 10,
                "log_id": [f"{service}{n}" for n in rows], "time": ["2026-03-20 00:00:00"] * 10, "body": [text % n for n in rows],
                "body_type": ["string"] * 10,
            },
        )  # fmt: skip
    catalog, text = written(proposed(store), tmp_path)
    assert catalog.flows
    assert SECRET not in text
    assert "47110" not in text


def test_secrets_in_values_and_addresses_are_never_written(store: Store, tmp_path: Path) -> None:
    events = [
        (f"{type_}?token={SECRET}", "2026-03-20T00:00:00Z", {"order": f"SO-{number}", "apiKey": f"{SECRET}{number}", "note": SECRET})
        for number in range(100, 120)
        for type_ in ("placed", "booked")
    ]
    write_events(store, events)
    store.insert(
        "events",
        {
            "slice": [1] * 5, "source": ["default"] * 5, "received_at": ["2026-04-01 00:00:00"] * 5, "type": ["shipped"] * 5,
            "event_source": [f"https://user:{SECRET}@example.com/x?key={SECRET}"] * 5, "id": [f"s{n}" for n in range(5)],
            "time": ["2026-03-20 01:00:00"] * 5, "data": [f'{{"order": "SO-{n}"}}' for n in range(100, 105)],
        },
    )  # fmt: skip
    catalog, text = written(proposed(store), tmp_path)
    assert catalog.flows
    assert SECRET not in text
    assert "SO-100" not in text
