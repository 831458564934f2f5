"""The history of an incident on its page."""

from __future__ import annotations

from store.client import Store
from tests.dashboard.shown import View, words


def test_what_happened_and_what_people_wrote_are_one_history_in_the_viewers_time(view: View, filled: Store) -> None:
    history = words(view("incidents", filled, id="inc-0002")).split('aria-label="History"')[1].split("</table>")[0]
    members = filled.rows("SELECT uniqExact(transaction_id) AS n FROM incident_members FINAL WHERE incident_id = 'inc-0002'")[0]["n"]
    assert "acknowledge: looking at the queue" in history
    assert "was told that it opened" in history
    assert 0 < history.count(" affected</td>") <= members
    assert "24 Nov 10:10:00" in history, "20 minutes before the time of the test, in Berlin"
