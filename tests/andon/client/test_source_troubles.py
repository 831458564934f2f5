"""What is known of sources beside their signals, as a terminal shows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from andon.client.source_troubles import listed

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
UNREAD = pd.DataFrame([{"source": "edi", "since": AT, "reason": "FileNotFoundError: /srv/in"}])
GAPS = pd.DataFrame([{"source": "mes", "what": "the numbers have a gap", "gaps": 1_200, "last_at": AT, "place": "place DE07"}])
PAUSES = pd.DataFrame([{"source": "erp", "since": AT, "by": "Ana", "reason": "upgrade"}])


def test_pauses_what_cannot_be_read_and_what_was_missing_are_rows_with_their_reason() -> None:
    rows = listed([], UNREAD, GAPS, PAUSES).to_dict("records")
    assert [(row["source"], row["what"], row["why"]) for row in rows] == [
        ("erp", "paused by Ana", "upgrade"),
        ("edi", "cannot be read", "FileNotFoundError: /srv/in"),
        ("mes", "1,200 gaps", "the numbers have a gap (place DE07)"),
    ]
    assert listed(["edi"], UNREAD, GAPS, PAUSES)["source"].tolist() == ["edi"]
    assert listed(["crm"], UNREAD, GAPS, PAUSES).empty
    assert listed([], pd.DataFrame(), pd.DataFrame(), pd.DataFrame()).empty
