"""A run of the plant with its faults, under the shipped catalog: however its signals arrive, transactions and verdicts are the model's."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.catalog.load import load_catalog
from core.clock import FakeClock, from_milliseconds, to_milliseconds
from core.config import Settings
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from correlator.engine import Correlator
from plant.builders import Input, record
from plant.faults import ALWAYS, Fault, FaultName, default_faults
from plant.run import SOURCE_OF_SERVICE
from slas.engine import SlaEngine
from store.client import Store
from store.loading import slice as slices
from store.loading.loader import Loader
from store.loading.unseen import Unseen
from store.stages.clocks import StoredClocks
from store.stages.correlation import StoredCorrelation
from tests.conftest import _empty
from tests.correlator.recording import in_words
from tests.model import signals
from tests.model.promises import Promises, Says
from tests.model.transactions import transactions
from tests.store.journals import write_segment

FOLDER = Path(__file__).parents[2] / "catalog"
CATALOG = load_catalog(FOLDER).catalog
FLOWS, SOURCES = signals.read(FOLDER / "flows"), signals.read(FOLDER / "sources")
CALENDARS, CONTRACTS = signals.read(FOLDER / "calendars"), signals.read(FOLDER / "contracts")

START = datetime(2026, 3, 26, 4, tzinfo=UTC)
"""A Thursday; the clocks go forward on Sunday, and the Friday after is a holiday."""
TRANSACTIONS, AN_HOUR = 72, 0.4
SEED = 123
UNTIL = b"blocked by credit management"
"""What the last signal says that is sent: the rest of the run has not happened yet, so that some transactions are open and one is
blocked."""
FAULTS = (
    *default_faults(),
    Fault(FaultName.LOST_MESSAGE, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.05),
    Fault(FaultName.DUPLICATE, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.05),
    Fault(FaultName.REORDERING, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.1, amount=300),
    Fault(FaultName.ERP_REJECTION, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.1),
)
STEP = timedelta(seconds=20)


@dataclass(frozen=True, repr=False)
class Run:
    """What was sent, in the order it was sent, and the moment at which all of it arrives."""

    sent: tuple[Input, ...]
    received_at: datetime

    def __repr__(self) -> str:
        """Short: it is shown with every example that fails."""
        return f"<{len(self.sent)} signals until {self.received_at}>"

    def records(self, order: Sequence[int], sizes: Iterator[int]) -> Iterator[Record]:
        """Yield journal records of these inputs in this order; as many signals of OTLP in one as ``sizes`` says, if they are of a kind."""
        for (kind, source), group in itertools.groupby(order, key=lambda place: (self.sent[place].kind, self._source(place))):
            left = list(group)
            while left:
                count = next(sizes) if kind is not SignalKind.EVENT else 1
                bodies, left = [self.sent[place].body for place in left[:count]], left[count:]
                lane = Lane(SOURCES[source]["lane"])
                yield Record(kind, source, lane, to_milliseconds(self.received_at), len(bodies), b"".join(bodies))

    @property
    def at_once(self) -> datetime:
        """When all has arrived and no source is silent."""
        return self.received_at + 10 * STEP

    @property
    def later(self) -> datetime:
        """When every source has fallen silent."""
        return self.received_at + timedelta(hours=30)

    def _source(self, place: int) -> str:
        return SOURCE_OF_SERVICE[self.sent[place].service]


Clocks = dict[tuple[str, str, str], Says]


@dataclass(frozen=True, repr=False)
class Expected:
    """What the model says: transactions by flow and reference, and at some moments the clocks by flow, reference and SLA."""

    transactions: dict[tuple[str, str], dict[str, Any]]
    clocks: dict[datetime, Clocks]

    def __repr__(self) -> str:
        """Short, as above."""
        return f"<{len(self.transactions)} transactions>"


@pytest.fixture(scope="module")
def run() -> Run:
    recorded = record(TRANSACTIONS, START, seed=SEED, rate=AN_HOUR, faults=FAULTS).inputs
    sent = recorded[: max(place for place, each in enumerate(recorded, start=1) if UNTIL in each.body)]
    last = max(said.at for said in _said(sent))
    return Run(sent, from_milliseconds(last).replace(second=0, microsecond=0) + timedelta(minutes=1))


@pytest.fixture(scope="module")
def expected(run: Run) -> Expected:
    """All signals at once, as the systems sent them."""
    said, received_at = _said(run.sent), to_milliseconds(run.received_at)
    promises = Promises(CALENDARS, CONTRACTS, SOURCES, dict.fromkeys(SOURCES, received_at))
    known = {
        (name, str(each["reference"])): each
        for name, flow in FLOWS.items()
        for each in transactions(signals.rules(flow), signals.heard(flow, said, received_at))
    }
    clocks = {
        moment: {
            (flow, reference, sla): says
            for (flow, reference), each in known.items()
            for sla, says in promises.say(FLOWS[flow], each, to_milliseconds(moment)).items()
        }
        for moment in (run.at_once, run.later)
    }
    return Expected({name: {**each, "facts": _numbers(name[0], each["facts"])} for name, each in known.items()}, clocks)


@dataclass(frozen=True)
class Arrival:
    """How the signals of a run arrive: in which order, how many twice, how many to a request, in which slices, with which restarts.

    ``decoded_max``: the most spans or log records of a slice that are decoded in Python and not by the store's views.
    """

    order: str = "as sent"
    seed: int = 0
    twice: int = 0
    request: int = 1
    cuts: tuple[float, ...] = ()
    restarts: frozenset[int] = frozenset()
    decoded_max: int = 40

    def places(self, run: Run) -> list[int]:
        chance = random.Random(self.seed)
        places = list(range(len(run.sent)))
        if self.order == "shuffled":
            chance.shuffle(places)
        elif self.order == "backwards":
            places.reverse()
        elif self.order == "by system":
            first = {service: chance.random() for service in sorted({sent.service for sent in run.sent})}
            places.sort(key=lambda place: first[run.sent[place].service])
        for place in chance.choices(places, k=self.twice):
            places.insert(chance.randrange(len(places)), place)
        return places

    def sizes(self) -> Iterator[int]:
        chance = random.Random(self.seed)
        while True:
            yield chance.randint(1, self.request)


arrivals = st.builds(
    Arrival,
    order=st.sampled_from(["shuffled", "backwards", "by system", "as sent"]),
    seed=st.integers(0, 1 << 30),
    twice=st.integers(0, 300),
    request=st.sampled_from([1, 3, 40]),
    cuts=st.lists(st.floats(0.01, 0.99), max_size=5).map(tuple),
    restarts=st.frozensets(st.integers(0, 5), max_size=2),
    decoded_max=st.sampled_from([0, 40, 1_000]),
)


@pytest.mark.slow
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(Arrival(decoded_max=1 << 30))
@example(Arrival("shuffled", 1, 200, 40, (0.01, 0.02, 0.5, 0.9), frozenset({1})))
@given(arrivals)
def test_a_run_of_the_plant_is_the_same_however_it_arrives(store: Store, run: Run, expected: Expected, arrival: Arrival) -> None:
    _empty(store)
    both_ways = patch.dict(slices.DECODED_MAX, dict.fromkeys(slices.DECODED_MAX, arrival.decoded_max))
    with TemporaryDirectory() as folder, both_ways:
        _take(store, run, arrival, Path(folder), expected)


def test_the_run_has_something_of_everything(expected: Expected) -> None:
    """Else the comparison would say little."""
    assert {each["state"] for each in expected.transactions.values()} == {"open", "completed", "cancelled"}
    assert any(len(each["keys"].get("delivery", ())) > 1 for each in expected.transactions.values())
    assert any(each["failed"][0] for each in expected.transactions.values())
    at_once, later = ({says.verdict for says in clocks.values()} for clocks in expected.clocks.values())
    assert at_once >= {"met", "met_late", "breached", "running", "at_risk", "paused", "cancelled"}
    assert "unknown" in later


def _take(store: Store, run: Run, arrival: Arrival, folder: Path, expected: Expected) -> None:
    """Let all arrive; judge at every slice, and compare at the end."""
    config, now = Settings(data=folder), run.received_at
    engines = _engines(store, config, now)
    records = list(run.records(arrival.places(run), arrival.sizes()))
    cuts = [round(share * len(records)) for share in sorted(arrival.cuts)]
    for number, (left, right) in enumerate(itertools.pairwise([0, *cuts, len(records)]), start=1):
        by_lane: dict[Lane, list[Record]] = defaultdict(list)
        for each in records[left:right]:
            by_lane[each.lane].append(each)
        for lane, those in by_lane.items():
            write_segment(config, those, number, lane=lane)
        if number in arrival.restarts:
            engines[0].close()
            engines = _engines(store, config, now)
        now += STEP
        _work(engines, now)
    assert store.rows("SELECT reason, count() FROM quarantine GROUP BY reason") == []
    assert _differences(_transactions(store), expected.transactions) == {}
    for moment, wanted in expected.clocks.items():
        _work(engines, moment)
        assert _differences(_clocks(store), wanted) == {}, moment
        told = {name: (says.verdict, says.due_at, says.stopped_at) for name, says in wanted.items()}
        assert _differences(_last_verdicts(store), told) == {}
    engines[0].close()


Engines = tuple[Loader, Correlator, SlaEngine]


def _engines(store: Store, config: Settings, now: datetime) -> Engines:
    correlation, clocks, telemetry = StoredCorrelation(store), StoredClocks(store), Telemetry()
    correlator = Correlator(correlation, CATALOG, telemetry)
    return (
        Loader(config, store, FakeClock(now), telemetry),
        correlator,
        SlaEngine(clocks, clocks, clocks, clocks, Unseen(config.journal), CATALOG, telemetry),
    )


def _work(engines: Engines, now: datetime) -> None:
    loader, correlator, slas = engines
    while loader.load().slices:
        pass
    while correlator.run(now):
        pass
    slas.run(now)


def _said(sent: Sequence[Input]) -> list[signals.Said]:
    found: list[signals.Said] = []
    for each in sent:
        if each.kind is SignalKind.TRACES:
            found += signals.spans_in(each.body)
        elif each.kind is SignalKind.LOGS:
            found += signals.logs_in(each.body)
        else:
            found.append(signals.event_in(each.body))
    return found


def _transactions(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the store's transactions in the model's words."""
    found = {}
    for row in store.rows("SELECT * FROM transactions FINAL WHERE state != 'merged'"):
        name = (row["flow"], row["reference"])
        assert name not in found
        found[name] = {**in_words(row, _ms), "facts": _numbers(row["flow"], row["facts"])}
    return found


def _numbers(flow: str, facts: dict[str, str]) -> dict[str, str | float]:
    """Return facts with amounts as numbers: 4200 and 4200.0 are the same."""
    types = {name: fact.get("type") for name, fact in FLOWS[flow]["facts"].items()}
    return {name: float(value) if types[name] == "decimal" else value for name, value in facts.items()}


def _clocks(store: Store) -> Clocks:
    rows = store.rows("SELECT * FROM clocks FINAL WHERE removed = 0")
    found = {
        (row["flow"], row["reference"], row["sla"]): Says(
            row["verdict"], row["cause"], _ms(row["warn_at"]), _ms(row["due_at"]), _ms(row["stopped_at"])
        )
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def _last_verdicts(store: Store) -> dict[tuple[str, str, str], tuple[str, int | None, int | None]]:
    """Return what the history of verdicts ends with; how it came there may depend on the order."""
    rows = store.rows(
        "SELECT v.flow AS flow, t.reference AS reference, v.sla AS sla, argMax((v.verdict, v.due_at, v.stopped_at), v.version) AS last"
        " FROM verdicts AS v FINAL INNER JOIN (SELECT * FROM transactions FINAL WHERE state != 'merged') AS t"
        " ON t.flow = v.flow AND t.transaction_id = v.transaction_id GROUP BY flow, reference, sla"
    )
    return {(row["flow"], row["reference"], row["sla"]): (row["last"][0], _ms(row["last"][1]), _ms(row["last"][2])) for row in rows}


def _differences(found: dict[Any, Any], wanted: dict[Any, Any]) -> dict[Any, Any]:
    """Return by name what the store says and what the model says."""
    return {name: (found.get(name), wanted.get(name)) for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)}


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_milliseconds(at.replace(tzinfo=UTC))
