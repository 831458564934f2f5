"""The model: the same at every run, causal, and at hours when people work."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

from plant.model import FLOWS, Model, Schedule
from plant.signal import Happening

LIVE = datetime(2026, 3, 3, 9, tzinfo=UTC)


def begun(count: int, seed: int = 7) -> list[Happening]:
    return list(islice(Model(seed, LIVE, rate=120).arrivals(), count))


def test_the_same_seed_gives_the_same_signals_and_another_seed_others() -> None:
    assert begun(40) == begun(40)
    assert begun(40) != begun(40, seed=8)


def test_asking_in_other_steps_gives_the_same_signals() -> None:
    def played(minutes: int) -> list[str]:
        schedule = Schedule(Model(7, LIVE, 120).arrivals())
        steps = range(0, 121, minutes)
        return [signal.ref for step in steps for signal in schedule.until(LIVE + timedelta(minutes=step))]

    assert played(1) == played(40)


def test_volume_is_what_was_asked_for() -> None:
    truths = [happening.truth for happening in begun(2000)]
    first = [truth for truth in truths if truth.started_at <= LIVE + timedelta(hours=10)]
    assert 1050 < len(first) < 1350
    assert {truth.flow for truth in first} == set(FLOWS)
    model = Model(7, LIVE, rate=120)
    history = list(model.history(72, 2000))
    assert 1800 < len(history) < 2200
    assert all(LIVE - timedelta(hours=72) <= happening.truth.started_at < LIVE for happening in history)
    numbers = [happening.truth.number for happening in [*history, *islice(model.arrivals(), 100)]]
    assert len(set(numbers)) == len(numbers)


def test_a_cause_comes_before_its_effect() -> None:
    for happening in begun(300):
        starts = {signal.ref: signal.start for signal in happening.signals}
        for signal in happening.signals:
            if signal.parent is not None:
                assert starts[signal.parent] <= signal.start, signal
            assert signal.start <= signal.at <= signal.released_at
            assert signal.order >= happening.truth.started_at


def test_the_ledger_names_every_key_and_amount() -> None:
    seen = Counter(happening.truth.flow for happening in begun(300))
    assert set(seen) == set(FLOWS)
    for happening in begun(300):
        truth = happening.truth
        assert truth.amount > 0
        assert truth.party
        assert truth.currency == ("EUR" if truth.plant == "DE07" else "USD")
        for reached in truth.reached:
            assert all(value in truth.keys[key_type] for key_type, value in reached.keys.items())


def test_most_orders_are_on_time_without_faults() -> None:
    orders = [h for h in begun(400) if h.truth.flow == "order-to-cash"]
    booked = [r.at - h.truth.started_at for h in orders for r in h.truth.reached if r.milestone == "booked"]
    assert max(booked) < timedelta(minutes=6)
    invoiced = [h for h in orders if any(r.milestone == "invoiced" for r in h.truth.reached)]
    cancelled = [h for h in orders if any(r.milestone == "cancelled" for r in h.truth.reached)]
    assert len(invoiced) + len(cancelled) == len(orders)
    promised = {h.truth.number: datetime.fromisoformat(str(h.signals[1].attributes["promisedDate"])) for h in invoiced}
    late = [h for h in invoiced if max(r.at for r in h.truth.reached if r.milestone == "delivered") > promised[h.truth.number]]
    assert 0 < len(late) < 0.1 * len(invoiced)
