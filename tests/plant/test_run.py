"""Real OTLP and CloudEvents against a real HTTP address; keys through the broker by baggage alone; nothing lost, nothing invented."""

import gc
import logging
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from core.catalog.load import load_catalog
from core.clock import FakeClock
from plant.desk import OpsDesk
from plant.faults import Fault, FaultName
from plant.model import SERVICES, Model
from plant.run import GO_ON_WITHIN, SOURCE_OF_SERVICE, Plant, run
from plant.settings import PlantSettings
from plant.signal import Truth
from tests.plant.capture import Capture, attributes_of, capturing

LIVE = datetime(2026, 3, 3, 9, tzinfo=UTC)


def plant_for(capture: Capture, *faults: Fault, **settings: Any) -> tuple[Plant, FakeClock]:
    clock = FakeClock(LIVE)
    defaults: dict[str, Any] = {"history_hours": 0, "history_transactions": 0, "faults": faults}
    return Plant(PlantSettings(capture.url, **(defaults | settings)), clock, threading.Event()), clock


def play(plant: Plant, clock: FakeClock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(timedelta(minutes=1))
        assert plant._play(clock.now())


def begun(until: datetime) -> list[Truth]:
    """What truly happens in the plant of a test, until a moment; made anew, because the plant does not keep it."""
    arrivals = Model(PlantSettings("").seed, LIVE, PlantSettings("").rate).arrivals()
    return [happening.truth for happening in takewhile(lambda happening: happening.truth.started_at <= until, arrivals)]


def ids(capture: Capture) -> tuple[set[bytes], set[str]]:
    return {span.span_id for _, span in capture.spans}, {event["id"] for event in capture.events}


def test_what_was_sent_is_what_happened() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture)
        play(plant, clock, 60)
        plant.close()
    booked = {a["sap.vbeln"] for _, span in capture.spans if "sap.vbeln" in (a := attributes_of(span))}
    expected = {
        truth.keys["sales_order"][0].zfill(14)
        for truth in begun(clock.now())
        for reached in truth.reached
        if reached.milestone == "booked" and reached.at <= clock.now()
    }
    assert len(expected) > 30
    assert booked == expected
    spans, events = ids(capture)
    assert len(spans) == len(capture.spans)
    assert len(events) == len(capture.events)
    assert all(span.end_time_unix_nano <= clock.now().timestamp() * 1e9 for _, span in capture.spans)
    assert {event["source"] for event in capture.events} >= {"crm", "wms", "supplier-portal"}
    assert all(event["specversion"] == "1.0" and event["traceparent"] for event in capture.events)


def test_what_has_ended_is_not_kept() -> None:
    def kept() -> int:
        gc.collect()
        return sum(isinstance(each, Truth) for each in gc.get_objects())

    before = kept()
    with capturing() as capture:
        plant, clock = plant_for(capture, history_hours=24, history_transactions=100)
        assert plant.catch_up()
        play(plant, clock, 60)
        assert kept() - before < 10
        plant.close()


def test_the_broker_tells_what_stands_in_its_queues_and_what_stood_there_before_live() -> None:
    stuck = Fault(FaultName.STUCK_QUEUE, minutes=30, target="orders.inbound")
    with capturing() as capture:
        plant, clock = plant_for(capture, stuck, history_hours=3, history_transactions=60)
        assert plant.catch_up()
        play(plant, clock, 20)
        plant.close()
    told = [resource for resource in capture.metrics if attributes_of(resource.resource)["rabbitmq.queue.name"] == "orders.inbound"]
    assert all(attributes_of(each.resource)["service.name"] == "rabbitmq" for each in told)
    points = [
        point for each in told for point in each.scope_metrics[0].metrics[0].sum.data_points if attributes_of(point)["state"] == "ready"
    ]
    live = LIVE.timestamp() * 1e9
    assert [point.time_unix_nano for point in points] == sorted(point.time_unix_nano for point in points)
    assert len([point for point in points if point.time_unix_nano <= live]) > 6
    assert len([point for point in points if point.time_unix_nano > live]) == 20
    published = [span for _, span in capture.spans if span.name == "send orders.inbound"]
    taken = [span for _, span in capture.spans if span.name == "process orders.inbound"]
    assert points[-1].as_int == len(published) - len(taken) > 5


def test_keys_and_trace_pass_the_broker_by_baggage() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture)
        play(plant, clock, 60)
        plant.close()
    published = {span.span_id: (service, span) for service, span in capture.spans if span.name == "send orders.inbound"}
    taken = [(service, span) for service, span in capture.spans if span.name == "process orders.inbound"]
    assert len(taken) > 30
    for service, span in taken:
        sender, message = published[span.parent_span_id]
        assert (sender, service) == ("order-router", "sap-connector")
        assert span.trace_id == message.trace_id
        assert attributes_of(span)["business.sales_order"] == attributes_of(message)["business.sales_order"]
    posted = [record for service, record in capture.records if service == "sap-ecc" and "created by RFC_MW" in record.body.string_value]
    assert posted
    for record in posted:
        (order,) = re.findall(r"Sales order (\d+)", record.body.string_value)
        assert attributes_of(record)["business.sales_order"] == order.lstrip("0")
        assert record.trace_id


def test_refused_requests_come_again_with_the_same_ids() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture)
        play(plant, clock, 20)
        plant.close()
    with capturing() as refusing:
        refusing.refuse = 3
        plant, clock = plant_for(refusing)
        play(plant, clock, 20)
        plant.close()
    assert refusing.refused == 3
    assert ids(refusing) == ids(capture)
    assert len(refusing.spans) == len(capture.spans)


def test_stop_ends_a_plant_that_nobody_listens_to() -> None:
    stop = threading.Event()
    plant = Plant(PlantSettings("http://127.0.0.1:9", history_hours=0, faults=()), FakeClock(LIVE), stop)
    stop.set()
    plant.run()


def test_duplicates_are_the_same_signal_twice() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture, Fault(FaultName.DUPLICATE, minutes=1e6, share=0.5))
        play(plant, clock, 20)
        plant.close()
    spans, _ = ids(capture)
    assert len(spans) < len(capture.spans) <= 2 * len(spans)
    by_id: dict[bytes, bytes] = {}
    for _, span in capture.spans:
        body = span.SerializeToString(deterministic=True)
        assert by_id.setdefault(span.span_id, body) == body


def test_each_source_sends_with_its_own_token() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture, tokens={"crm": "c", "middleware": "m"})
        play(plant, clock, 10)
        plant.close()
    tokens = dict(capture.tokens)
    assert (tokens["crm"], tokens["order-router"], tokens["api-gateway"]) == ("Bearer c", "Bearer m", "")


def test_history_is_played_first_and_goes_on_live() -> None:
    with capturing() as capture:
        plant, clock = plant_for(capture, history_hours=48, history_transactions=60)
        assert plant._play_history()
        before = len(capture.spans)
        assert all(span.start_time_unix_nano <= LIVE.timestamp() * 1e9 for _, span in capture.spans)
        play(plant, clock, 30)
        plant.close()
    assert before > 200
    spans, _ = ids(capture)
    assert len(spans) == len(capture.spans) > before


def test_that_its_history_has_been_sent_is_told_by_a_file(tmp_path: Path) -> None:
    played = tmp_path / "played"
    with capturing() as capture:
        plant, _ = plant_for(capture, history_hours=12, history_transactions=20, played=played)
        assert not played.exists()
        assert plant._play_history()
        plant.close()
    assert played.exists()
    plant, _ = plant_for(capture, history_hours=12, history_transactions=20, played=tmp_path / "stopped")
    plant._stop.set()
    assert not plant._play_history(), "nobody listens any more"
    plant.close()
    assert not (tmp_path / "stopped").exists()


def test_a_restarted_plant_tells_at_once_that_its_history_has_been_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = tmp_path / "played"
    settings: dict[str, Any] = {"history_hours": 12, "history_transactions": 20, "state": tmp_path / "plant.json", "played": played}
    with capturing() as capture:
        plant, clock = plant_for(capture, **settings)
        assert plant._play_history()
        play(plant, clock, 7)
        plant.close()
        played.unlink()
        plant = Plant(PlantSettings(capture.url, faults=(), **settings), clock, threading.Event())
        begun: list[bool] = []
        monkeypatch.setattr(plant.schedule, "begin", lambda _: begun.append(played.exists()))
        assert plant.catch_up()
        plant.close()
    assert begun
    assert all(begun)


@pytest.mark.parametrize("minutes", [7, 20])
def test_a_restarted_plant_goes_on_where_it_was(tmp_path: Path, minutes: int) -> None:
    state = tmp_path / "plant.json"
    settings: dict[str, Any] = {"history_hours": 12, "history_transactions": 20}
    with capturing() as whole:
        plant, clock = plant_for(whole, **settings)
        assert plant._play_history()
        play(plant, clock, 40)
        plant.close()
    with capturing() as parts:
        plant, clock = plant_for(parts, state=state, **settings)
        assert plant._play_history()
        play(plant, clock, minutes)
        plant.close()
        plant = Plant(PlantSettings(parts.url, history_hours=12, history_transactions=20, faults=(), state=state), clock, threading.Event())
        plant.catch_up()
        play(plant, clock, 40 - minutes)
        plant.close()
    assert ids(parts) == ids(whole)
    assert len(parts.spans) == len(whole.spans)


def state_of(tmp_path: Path, clock: FakeClock, **settings: Any) -> Plant:
    """Return a plant that keeps its state in a file."""
    defaults: dict[str, Any] = {"history_hours": 0, "history_transactions": 0, "faults": (), "state": tmp_path / "plant.json"}
    return Plant(PlantSettings("http://127.0.0.1:9", **(defaults | settings)), clock, threading.Event())


def test_a_plant_that_stood_still_for_long_begins_anew(tmp_path: Path) -> None:
    clock = FakeClock(LIVE)
    assert state_of(tmp_path, clock).live == LIVE
    clock.advance(GO_ON_WITHIN - timedelta(seconds=1))
    assert state_of(tmp_path, clock).live == LIVE
    clock.advance(timedelta(seconds=1))
    assert state_of(tmp_path, clock).live == clock.now()


@pytest.mark.parametrize("changed", [{"seed": 8}, {"rate": 60}, {"history_hours": 1}, {"history_transactions": 1}])
def test_a_plant_with_other_settings_begins_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    clock = FakeClock(LIVE)
    state_of(tmp_path, clock)
    clock.advance(timedelta(minutes=5))
    assert state_of(tmp_path, clock, **changed).live == clock.now()


def test_a_plant_whose_clock_was_set_back_begins_anew(tmp_path: Path) -> None:
    state_of(tmp_path, FakeClock(LIVE))
    earlier = FakeClock(LIVE - timedelta(hours=1))
    assert state_of(tmp_path, earlier).live == earlier.now()


def test_a_start_that_is_given_is_the_moment_it_goes_live() -> None:
    plant = Plant(
        PlantSettings("http://127.0.0.1:9", history_hours=0, start=LIVE, faults=()), FakeClock(LIVE + timedelta(days=3)), threading.Event()
    )
    assert plant.live == LIVE


def test_nobody_takes_from_a_queue_while_it_is_stuck() -> None:
    fault = Fault(FaultName.STUCK_QUEUE, start_minute=0, minutes=10, target="orders.inbound")
    clock = FakeClock(LIVE)
    plant = Plant(PlantSettings("http://127.0.0.1:9", history_hours=0, history_transactions=0, faults=(fault,)), clock, threading.Event())
    assert plant.stuck("orders.inbound")
    assert not plant.stuck("shopfloor.orders")
    clock.advance(timedelta(minutes=10))
    assert not plant.stuck("orders.inbound")
    plant.close()


def test_every_service_belongs_to_a_source_of_the_shipped_catalog() -> None:
    sources = load_catalog(Path(__file__).parents[2] / "catalog").catalog.sources
    assert set(SOURCE_OF_SERVICE) == set(SERVICES)
    assert set(SOURCE_OF_SERVICE.values()) <= set(sources)
    for service, source in SOURCE_OF_SERVICE.items():
        assert not sources[source].services or service in sources[source].services


def test_the_desk_is_open_while_the_plant_runs_and_a_taken_port_costs_only_the_desk(caplog: pytest.LogCaptureFixture) -> None:
    other, stop = OpsDesk(), threading.Event()
    stop.set()
    port = int(other.url.split(":")[2].split("/")[0])
    settings = PlantSettings("http://127.0.0.1:9", history_hours=0, faults=(), desk_port=port)
    other.start()
    try:
        run(settings, FakeClock(LIVE), stop)
    finally:
        other.close()
    assert f"no operations desk on port {port}" in caplog.text
    caplog.clear()
    run(settings, FakeClock(LIVE), stop)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    again = OpsDesk(port)  # it was closed with the plant
    again.start()
    again.close()
