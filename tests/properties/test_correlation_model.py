"""Any order, duplication, batching and restart of the same events gives the transactions an independent model gives."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import FLOW, NOW, RULES, catalog, feed, stored
from tests.model.transactions import Heard, orphans, transactions

TABLES = ("events", "milestone_events", "transaction_keys", "transaction_events", "transactions")

_values = st.dictionaries(
    st.sampled_from(["order", "ticket", "delivery", "invoice"]), st.sampled_from(["A", "B", "C", "D", "E"]), min_size=0, max_size=3
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Heard], list[list[Heard]], set[int]]:
    """Events of a run, the slices they arrive in (permuted, some twice), and the slices before which the engine restarts."""
    count = draw(st.integers(1, 14))
    events = []
    for number in range(count):
        name = draw(st.sampled_from(list(FLOW.milestones)))
        keys = tuple(sorted(draw(_values).items()))
        amount = (("amount", str(draw(st.integers(1, 9)))),) if draw(st.booleans()) else ()
        failure = FLOW.milestones[name].failure
        # Moments are distinct: what orders events of one moment is an id the model does not know.
        events.append(Heard(f"e{number}", name, number * 1000, keys, amount, failure, f"cause {number}" if failure else ""))
    arrivals = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=4))))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(arrivals) - 1)), max_size=6)))
    slices = [list(arrivals[left:right]) for left, right in zip([0, *cuts], [*cuts, len(arrivals)], strict=True)]
    slices = [part for part in slices if part]
    return events, slices, draw(st.sets(st.integers(0, len(slices))))


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(runs())
def test_transactions_do_not_depend_on_how_events_arrive(store: Store, run: tuple[list[Heard], list[list[Heard]], set[int]]) -> None:
    events, slices, restarts = run
    for table in TABLES:
        store.command(f"TRUNCATE TABLE {table}")
    telemetry = Telemetry()
    correlator = Correlator(StoredCorrelation(store), catalog(), telemetry)
    for number, part in enumerate(slices):
        feed(store, part, store.revision())
        if number in restarts:
            correlator = Correlator(StoredCorrelation(store), catalog(), telemetry)
        while correlator.run(NOW):
            pass
    assert stored(store) == transactions(RULES, events)
    assert StoredCorrelation(store).orphans() == orphans(RULES, events)
