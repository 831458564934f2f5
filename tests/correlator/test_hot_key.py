"""One key that very many events share: they are one transaction, and the others are not held up."""

from __future__ import annotations

from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import NOW, catalog, feed
from tests.model.transactions import Heard

HOT = 1_000


def test_one_key_of_thousands_of_events_stops_no_other(store: Store) -> None:
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    hot = [Heard(f"hot{number}", "booked", number, (("order", "HOT"), ("delivery", f"D{number}"))) for number in range(HOT)]
    others = [
        Heard(f"{milestone}{number}", milestone, number, (("order", f"O{number}"),))
        for number in range(50)
        for milestone in ("captured", "invoiced")
    ]
    half = len(others) // 2
    feed(store, [*hot[: HOT // 2], *others[:half]], store.revision())
    while correlator.run(NOW):
        pass
    feed(store, [*hot[HOT // 2 :], *others[half:]], store.revision())
    while correlator.run(NOW):
        pass
    rows = store.rows("SELECT reference, state, events FROM transactions FINAL WHERE state != 'merged'")
    found = {row["reference"]: (row["state"], row["events"]) for row in rows}
    assert found.pop("HOT") == ("open", HOT)
    assert found == {f"O{number}": ("completed", 2) for number in range(50)}
