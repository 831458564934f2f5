"""The transactions of an incident: the largest first."""

from __future__ import annotations

import re

from store.client import Store
from tests.dashboard.shown import View, words


def test_those_with_the_most_at_stake_come_first(view: View, filled: Store) -> None:
    rows = filled.rows(
        "SELECT reference FROM incident_members FINAL WHERE incident_id = 'inc-0000' AND left_at IS NULL ORDER BY value DESC, due_at LIMIT 5"
    )
    shown = words(view("incidents", filled, id="inc-0000")).split('aria-label="Affected transactions"')[1].split("</table>")[0]
    found = re.findall(r'<td class="key"[^>]*><a [^>]*>([^<]*)</a>', shown)
    assert found[:5] == [row["reference"] for row in rows]
