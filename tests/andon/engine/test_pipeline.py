"""The stages together: a catalog that changes, signals that expire, an engine that was behind or stopped."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from andon.catalog_check import check_catalog
from andon.catalog_watch import CatalogWatch, load_checked_catalog
from andon.wiring.pipeline import pipeline_on
from core.config import Settings
from core.errors import Retryable, UsageError
from core.telemetry import M, Telemetry
from journal.writer import Journal
from store.catalogs import StoredCatalogs
from store.client import Store
from store.migrations import migrate
from store.reads import board, leadership, search
from store.stages.clocks import StoredClocks
from tests.andon.shop import BOOK, BY_SPAN, SHIP, Shop, catalog


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    return Shop(store, Settings(data=tmp_path / "data"))


def test_the_catalog_in_force_says_which_keys_may_be_in_any_signal_that_is_not_stored(shop: Shop, tmp_path: Path) -> None:
    written, composed = catalog(tmp_path), catalog(tmp_path, booked="event: erp.booked}, keys: {order: \"concat('PO-', data)\"")
    asked = pd.DataFrame([{"flow": "orders", "keys": {"order": ["another"]}}])
    with pipeline_on(shop.store, shop.settings, composed, shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "one"))
        pipeline.unseen.after({})
        assert pipeline.unseen.names(asked).tolist() == [True]
        pipeline.reload(written)
        assert pipeline.unseen.names(asked).tolist() == [False]
        pipeline.reload(composed)
        assert pipeline.unseen.names(asked).tolist() == [True]


@pytest.mark.parametrize("later_span", [True, False])
def test_a_changed_flow_keeps_the_milestones_whose_signals_have_expired(shop: Shop, tmp_path: Path, later_span: bool) -> None:
    before, after = catalog(tmp_path, booked=BY_SPAN), catalog(tmp_path, facts=", note: {}", booked=BY_SPAN)
    with pipeline_on(shop.store, shop.settings, before, shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "old"))
        shop.pass_time(minutes=5)
        shop.send(shop.span("old", 1))
        shop.settle(pipeline)
        shop.pass_time(days=31)
        if later_span:
            shop.send(shop.span("new", 2))
            shop.settle(pipeline)
        shop.store.command("DELETE FROM spans WHERE received_at < '2026-04-20 00:00:00'")  # as the retention of spans does
        pipeline.reload(after)
        shop.settle(pipeline)
        assert shop.milestones()["old"] == ["booked", "captured"]
        assert shop.verdicts() == {"old": ["met"]}
        assert shop.incidents() == []


def test_parts_expire_in_any_order_and_no_milestone_is_lost_by_that(shop: Shop, tmp_path: Path) -> None:
    """The newer of two expired signals is gone, the older one still there; a third has not expired. By the changed flow none has a key."""
    before, after = catalog(tmp_path, booked=BY_SPAN), catalog(tmp_path, booked=BY_SPAN.replace("order.id", "number"))
    with pipeline_on(shop.store, shop.settings, before, shop.clock, Telemetry()) as pipeline:
        for number, order in enumerate(("there", "gone"), start=1):
            shop.send(shop.event("shop.captured", order), shop.span(order, number))
            shop.pass_time(hours=1)
        shop.pass_time(days=10)
        shop.send(shop.event("shop.captured", "kept"), shop.span("kept", 3))
        shop.settle(pipeline)
        shop.store.command("SYSTEM STOP TTL MERGES spans")
        migrate(shop.store, {"spans": (datetime.now(UTC) - shop.clock.now()).days + 5})
        shop.store.command("DELETE FROM spans WHERE span_id = repeat('02', 8)")
        pipeline.reload(after)
        shop.settle(pipeline)
        assert shop.milestones() == {"there": ["captured"], "gone": ["booked", "captured"], "kept": ["captured"]}


def test_the_last_sla_of_a_flow_can_be_taken_out(shop: Shop, tmp_path: Path) -> None:
    with_one, without = catalog(tmp_path), catalog(tmp_path, "")
    with pipeline_on(shop.store, shop.settings, with_one, shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1"))
        shop.settle(pipeline)
        assert shop.clocks() == {("1", "book"): "running"}
        pipeline.reload(without)
        shop.settle(pipeline)
        assert shop.clocks() == {}
        shop.pass_time(hours=1)
        shop.settle(pipeline)
        assert shop.incidents() == []


def test_a_clock_that_has_not_begun_after_all_is_removed(shop: Shop, tmp_path: Path) -> None:
    """An event that comes late moves the start of the only clock to a time before its SLA was in force."""
    since = (BOOK % "15 minutes").replace("title:", "since: 2026-03-27, title:")
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path, since), shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1"))
        shop.settle(pipeline)
        assert shop.clocks() == {("1", "book"): "running"}
        shop.send(shop.event("shop.captured", "1", id_="earlier", at=shop.clock.now().replace(day=26)))
        shop.settle(pipeline)
        assert shop.clocks() == {}


CHANGES = [(BOOK % "15 minutes", ["breached"]), (BOOK % "4 hours" + SHIP % "15 minutes", ["running", "breached"])]


@pytest.mark.parametrize("stopped", [True, False])
@pytest.mark.parametrize(("slas", "verdicts"), CHANGES)
def test_a_changed_promise_holds_for_what_is_open(shop: Shop, tmp_path: Path, slas: str, verdicts: list[str], stopped: bool) -> None:
    """Whether the engine ran when it changed or not."""
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path, BOOK % "4 hours"), shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1"))
        shop.settle(pipeline)
        shop.pass_time(minutes=20)
        if not stopped:
            pipeline.reload(catalog(tmp_path, slas))
            shop.settle(pipeline)
    if stopped:
        with pipeline_on(shop.store, shop.settings, catalog(tmp_path, slas), shop.clock, Telemetry()) as pipeline:
            shop.settle(pipeline)
    assert list(shop.clocks().values()) == verdicts
    assert shop.incidents() == ["open"]


def test_a_changed_promise_that_was_evaluated_by_half_is_evaluated_again_also_when_the_old_one_is_back(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slas.engine.BATCH", 1)
    short, long = catalog(tmp_path / "short"), catalog(tmp_path / "long", BOOK % "4 hours")
    with pipeline_on(shop.store, shop.settings, long, shop.clock, Telemetry()) as pipeline:
        shop.send(*(shop.event("shop.captured", order) for order in "123"))
        shop.settle(pipeline)
        pipeline.reload(short)
        pipeline.reload(long)
        shop.pass_time(minutes=20)
        shop.settle(pipeline)
        assert set(shop.clocks().values()) == {"running"}
        pipeline.reload(short)
        with monkeypatch.context() as broken:
            reads = iter([StoredClocks.open_transactions])

            def once(*arguments: Any) -> Any:
                return next(reads)(*arguments)

            broken.setattr(StoredClocks, "open_transactions", once)
            with pytest.raises(StopIteration):
                shop.settle(pipeline)
        assert sorted(shop.clocks().values()) == ["breached", "running", "running"]
    with pipeline_on(shop.store, shop.settings, long, shop.clock, Telemetry()) as pipeline:
        shop.settle(pipeline)
        assert set(shop.clocks().values()) == {"running"}


@pytest.mark.parametrize(("slas", "clocks"), [(SHIP % "9 days", {("1", "ship"): "running"}), (BOOK % "1 hour", {("1", "book"): "met"})])
def test_a_changed_promise_holds_for_a_clock_that_its_transaction_left_running(
    shop: Shop, tmp_path: Path, slas: str, clocks: dict[tuple[str, str], str]
) -> None:
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path, SHIP % "1 hour", ends="booked"), shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1"), shop.event("erp.booked", "1"))
        shop.settle(pipeline)
        shop.pass_time(hours=2)
        shop.settle(pipeline)
        assert (shop.clocks(), shop.incidents()) == ({("1", "ship"): "breached"}, ["open"])
        pipeline.reload(catalog(tmp_path, slas, ends="booked"))
        shop.settle(pipeline)
        assert {name: verdict for name, verdict in shop.clocks().items() if name in clocks} == clocks
        assert shop.incidents() == ["resolved"]


def test_an_engine_that_catches_up_evaluates_what_is_and_not_what_was(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All orders are captured in one batch of correlation and booked in the next; the engine starts when both are long past."""
    monkeypatch.setattr("correlator.engine.BATCH", 20)
    monkeypatch.setattr("slas.engine.BATCH", 5)
    monkeypatch.setattr("alerts.changes.BATCH", 5)
    orders = [str(number) for number in range(20)]
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        shop.send(*(shop.event("shop.captured", order) for order in orders))
        shop.pass_time(minutes=5)
        shop.send(*(shop.event("erp.booked", order) for order in orders))
        shop.pass_time(hours=2)
        shop.settle(pipeline)
        assert shop.store.rows("SELECT uniqExact(revision) AS n FROM transactions")[0]["n"] > 1, "in more than one batch"
        assert shop.verdicts() == {order: ["met"] for order in orders}
        assert shop.incidents() == []


def test_alerting_that_catches_up_goes_by_what_is_and_not_by_what_was(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.changes.BATCH", 5)
    orders = [str(number) for number in range(20)]
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        shop.send(*(shop.event("shop.captured", order) for order in orders))
        shop.pass_time(hours=1)
        shop.settle(pipeline, alert=False)
        shop.send(*(shop.event("erp.booked", order) for order in orders))
        shop.settle(pipeline, alert=False)
        assert shop.verdicts() == {order: ["breached", "met_late"] for order in orders}
        shop.settle(pipeline)
        assert shop.incidents() == []


def test_what_a_breach_costs_grows_with_the_days_until_its_cap(shop: Shop, tmp_path: Path) -> None:
    owed = (SHIP % "1 hour").replace("title:", "penalty: {per_day: 10%, free_days: 1, cap: 25%, of: amount}, title:")
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path, owed), shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1", amount=1000))
        found = []
        for _ in range(6):
            shop.settle(pipeline)
            found.append(shop.store.rows("SELECT penalty FROM clocks FINAL")[0]["penalty"])
            shop.pass_time(hours=24)
        assert found == [0, 0, 100, 200, 250, 250]
        assert shop.verdicts("ship") == {"1": ["running", "breached"]}
        assert pipeline.evaluation.next_deadline() is None or pipeline.evaluation.next_deadline() > shop.clock.now()


class _Failing:
    """The real store, until the n-th statement that contains a text: that one fails once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, text: str, error: Exception) -> None:
        self.failed = False
        real = Store.command

        def command(store: Store, sql: str, *arguments: Any, **more: Any) -> Any:
            if text in sql and not self.failed:
                self.failed = True
                raise error
            return real(store, sql, *arguments, **more)

        monkeypatch.setattr(Store, "command", command)


@pytest.mark.parametrize("error", [DatabaseError("Code: 241. memory limit"), Retryable("the store cannot be opened")])
@pytest.mark.parametrize("back", [False, True])
def test_a_reload_that_the_store_interrupts_is_done_again_before_anything_is_loaded(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, back: bool
) -> None:
    """Also when the file has got an error, or is as it was, by then."""
    folder = tmp_path / "catalog"
    settings = shop.settings.model_copy(update={"catalog": folder})
    catalog(folder)
    running, telemetry = load_checked_catalog(settings), Telemetry()
    with pipeline_on(shop.store, settings, running, shop.clock, telemetry) as pipeline:
        watch = CatalogWatch(settings, running, pipeline.reload, telemetry, kept=StoredCatalogs(shop.store, shop.clock))
        catalog(folder, BOOK % "1 hour")
        failing = _Failing(monkeypatch, "CREATE MATERIALIZED VIEW", error)
        with pytest.raises(type(error)):
            watch.look()
        assert failing.failed
        if back:
            (folder / "flows" / "orders.yaml").write_text("flow: orders\nowmer: x\n")
        watch.look()
        assert telemetry.value(M.CATALOG_RELOAD_OK) == (0 if back else 1)
        shop.send(shop.event("shop.captured", "1"))
        shop.settle(pipeline)
        assert shop.clocks() == {("1", "book"): "running"}
        due = shop.store.rows("SELECT dateDiff('minute', started_at, due_at) AS minutes FROM clocks FINAL")[0]["minutes"]
        assert due == (15 if back else 60)


@pytest.mark.parametrize("limit", ["9999 days", "999999.999999 hours"])
def test_the_longest_limit_there_is_is_only_long(shop: Shop, tmp_path: Path, limit: str) -> None:
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path, BOOK % limit), shop.clock, Telemetry()) as pipeline:
        shop.send(shop.event("shop.captured", "1"))
        shop.settle(pipeline)
        assert set(shop.clocks().values()) <= {"running", "unknown"}
        assert len(shop.clocks()) == 1


@pytest.mark.parametrize("limit", ["10000 days", "1000000 hours", "9" * 3_000 + " days"])
def test_a_limit_beyond_all_reason_is_refused(tmp_path: Path, limit: str) -> None:
    with pytest.raises(UsageError, match="a duration; write, for example,"):
        catalog(tmp_path, BOOK % limit)


@pytest.mark.parametrize("at_once", [True, False])
def test_an_event_that_says_something_else_under_a_known_key_is_no_milestone(shop: Shop, tmp_path: Path, at_once: bool) -> None:
    """Neither of the same order nor of another, whether merges have come or not, and also when the flow is read again."""
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        first = shop.event("shop.captured", "A", id_="1")
        others = [shop.event("erp.booked", "A", id_="1"), shop.event("shop.captured", "B", id_="1"), first]
        shop.send(first, *(others if at_once else ()))
        shop.settle(pipeline)
        if not at_once:
            shop.send(*others)
            shop.settle(pipeline)
        assert shop.milestones() == {"A": ["captured"]}
        quarantined = shop.store.rows("SELECT count() AS n FROM quarantine FINAL WHERE reason = 'key_conflict'")
        assert quarantined == [{"n": 2}]
        pipeline.reload(catalog(tmp_path, facts=", note: {}"))
        shop.settle(pipeline)
        assert shop.milestones() == {"A": ["captured"]}
        shop.store.command("OPTIMIZE TABLE events FINAL")
        pipeline.reload(catalog(tmp_path, facts=", remark: {}"))
        shop.settle(pipeline)
        assert shop.milestones() == {"A": ["captured"]}


def test_a_collector_that_starts_again_in_an_empty_journal_is_read_from_its_first_record(shop: Shop, tmp_path: Path) -> None:
    """All it had is loaded and swept: what the store remembers of segments that are gone must not be taken for the new ones."""

    def acknowledged(*orders: str) -> None:
        journal = Journal(shop.settings.journal, "local", shop.clock, Telemetry(), max_bytes=1 << 30, segment_max_bytes=1 << 20)
        asyncio.run(journal.append([shop.event("shop.captured", order) for order in orders]))
        journal.stop()

    with pipeline_on(shop.store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        acknowledged("1", "2", "3")
        shop.settle(pipeline)
        shop.pass_time(hours=25)
        assert pipeline.loader.sweep()
        acknowledged("4", "5", "6", "7")
        shop.settle(pipeline)
        assert sorted(shop.milestones()) == list("1234567")


def test_what_is_at_risk_is_one_sum_in_its_own_currency_wherever_it_is_shown(shop: Shop, tmp_path: Path) -> None:
    """Of three promises one has no value and one, which merely runs, another value."""
    slas = "  a-nothing: {title: A, from: captured, to: booked, within: 15 minutes, severity: critical, runbook: r}\n"
    slas += (BOOK % "15 minutes").replace("runbook: r", "runbook: r, impact: {value: amount}")
    slas += (SHIP % "9 days").replace("runbook: r", "runbook: r, impact: {value: freight}")
    facts = ", currency: {}, freight: {type: decimal, currency: currency}"
    catalog(tmp_path, slas, facts=facts)
    flow = tmp_path / "flows" / "orders.yaml"
    text = flow.read_text().replace("amount: {type: decimal}", "amount: {type: decimal, currency: currency}")
    flow.write_text(
        text.replace("facts: {amount: data.amount}", "facts: {amount: data.amount, currency: data.currency, freight: data.freight}")
    )
    with pipeline_on(shop.store, shop.settings, check_catalog(tmp_path).catalog, shop.clock, Telemetry()) as pipeline:
        for order, amount in (("1", 1000), ("2", 500)):
            shop.send(shop.event("shop.captured", order, amount=amount, currency="EUR", freight=50_000))
        shop.settle(pipeline)
        shop.pass_time(minutes=20)
        shop.settle(pipeline)
    now, read = shop.clock.now(), shop.store.reader
    shown, risk = board.board(read, now=now, limit=5), leadership.value_at_risk(read, by="all")
    listed = search.listing(read, now=now, verdict="breached")
    held = shown.held[["reached", "worst", "transactions", "currency", "value_at_risk"]]
    assert held.to_numpy().tolist() == [["captured", 3, 2, "EUR", 1500.0]]
    assert shown.incidents[["members", "value"]].to_numpy().tolist() == [[2, {"EUR": 1500.0}]]
    assert risk[["currency", "value"]].to_numpy().tolist() == [["EUR", 1500.0]]
    assert set(listed["currency"]) == {"EUR"}


def test_many_events_of_known_keys_are_looked_at_together(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = Store.rows

    def rows(store: Store, sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return real(store, sql, *arguments)

    with pipeline_on(shop.store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        shop.send(*(shop.event("shop.captured", str(number), id_=str(number)) for number in range(100)))
        shop.settle(pipeline)
        shop.send(*(shop.event("shop.captured", f"other-{number}", id_=str(number)) for number in range(100)))
        monkeypatch.setattr(Store, "rows", rows)
        shop.settle(pipeline)
        monkeypatch.undo()
        assert sum("FROM event_contents" in sql or "FROM events" in sql for sql in asked) == 2
        assert len(shop.milestones()) == 100
        assert shop.store.rows("SELECT count() AS n FROM quarantine FINAL WHERE reason = 'key_conflict'") == [{"n": 100}]
