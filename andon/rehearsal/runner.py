"""Runs users' scenarios: each is rehearsed on an empty store, and any difference from its expectations is reported."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from andon.catalog_check import check_catalog
from andon.rehearsal.comparison import Found, compare
from andon.rehearsal.rehearsal import Rehearsal, rehearsing
from andon.rehearsal.scenario import Expected, Given
from andon.rehearsal.scenario_files import WrittenScenario, read_scenarios
from andon.rehearsal.signals import source_of, to_signal
from core.catalog.catalog import Catalog
from core.catalog.load import CatalogErrors
from core.catalog.positions import Diagnostic
from core.catalog.routing import Routes
from core.clock import EPOCH
from core.plural import counted
from store.client import Store
from store.reads import detail, incident_log, search
from store.scratch import empty, scratch_store


def run_files(files: Sequence[Path], catalog_folder: Path) -> int:
    """Run every scenario in these files, print a line for each (and one for each difference), and return how many failed.

    Raises :class:`core.errors.UsageError` for a broken catalog or scenario, before any of them runs. Once per process: the embedded store
    allows only one folder.
    """
    catalog = check_catalog(catalog_folder).catalog
    scenarios = [written for file in files for written in read_scenarios(file)]
    if unknown := [problem for written in scenarios for problem in _unknown_names(written, catalog)]:
        raise CatalogErrors(unknown)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="andon-sla-test-") as folder, scratch_store(Path(folder) / "store") as store:
        for number, written in enumerate(scenarios):
            empty(store)
            problems = run_scenario(written, catalog, store, Path(folder) / str(number))
            typer.echo(f"{'✗' if problems else '✓'} {written.file.name}: {written.title}")
            for problem in problems:
                typer.echo(f"    {problem}")
            failures += bool(problems)
    typer.echo(f"{counted(len(scenarios), 'test')}, {f'{failures} failed' if failures else 'all passed'}")
    return failures


def run_scenario(written: WrittenScenario, catalog: Catalog, store: Store, folder: Path) -> list[str]:
    """Run one scenario on an empty, migrated store with its journal in ``folder``.

    Return the differences, each with file, line and column.
    """
    scenario = written.scenario
    steps: list[tuple[datetime, int, int]] = [(given.arrives, 0, number) for number, given in enumerate(scenario.given)]
    steps += [(expected.at.utc, 1, number) for number, expected in enumerate(scenario.expect)]
    problems: list[tuple[int, str]] = []
    with rehearsing(folder, store, _rehearsed(catalog, scenario.silent), min(steps)[0]) as rehearsal:
        rehearsal.pipeline.clocks.expected_since(scenario.silent, EPOCH)  # a scenario begins long after its sources were first expected
        for moment, kind, number in sorted(steps):
            rehearsal.advance(moment)
            if kind == 0:
                _send(rehearsal, scenario.given[number], number, catalog)
            else:
                expected = _completed(written, number)
                problems += [(number, text) for text in compare(expected, _look(store, expected))]
    return [
        str(Diagnostic(str(written.file), *written.document.values["expect", number], f"{_subject(_completed(written, number))}: {text}"))
        for number, text in sorted(problems)
    ]


def _rehearsed(catalog: Catalog, silent: Sequence[str]) -> Catalog:
    """Return the catalog without channels (nothing is sent, no secret is read) and with every source seen except the silent ones."""
    sources = {name: source if name in silent else source.model_copy(update={"expect": None}) for name, source in catalog.sources.items()}
    return replace(catalog, routes=Routes(), sources=sources)


def _unknown_names(written: WrittenScenario, catalog: Catalog) -> list[Diagnostic]:
    """Return the SLAs, keys and sources that the catalog does not define: a scenario about them would be meaningless."""
    places = written.document
    keys = {key for flow in catalog.flows.values() for key in flow.keys}
    slas = {name for flow in catalog.flows.values() for name in flow.slas}
    named = [("source", name, places.values["silent", number], set(catalog.sources)) for number, name in enumerate(written.scenario.silent)]
    for number, expected in enumerate(written.scenario.expect):
        named += [("SLA", expected.sla, places.values["expect", number, "sla"], slas)] if expected.sla else []
        named += [("key", name, places.keys["expect", number, "transaction", name], keys) for name in expected.transaction or {}]
    return [
        Diagnostic(str(written.file), *position, f"{kind} '{name}' is not defined; known: {', '.join(sorted(known)) or 'none'}")
        for kind, name, position, known in named
        if name not in known
    ]


def _send(rehearsal: Rehearsal, given: Given, number: int, catalog: Catalog) -> None:
    kind, body = to_signal(given, number)
    rehearsal.send(kind, [body], source_of(given, catalog))


def _completed(written: WrittenScenario, number: int) -> Expected:
    """Return the expectation with the transaction and SLA of previous lines if it names none."""
    before = written.scenario.expect[: number + 1]
    transaction = next(line.transaction for line in reversed(before) if line.transaction)
    sla = next((line.sla for line in reversed(before) if line.sla), None)
    return before[-1].model_copy(update={"transaction": transaction, "sla": sla})


def _subject(expected: Expected) -> str:
    ((key, value),) = (expected.transaction or {}).items()
    return f"at {expected.at.text} {key} {value}" + (f", {expected.sla}" if expected.sla and expected.of_clock else "")


def _look(store: Store, expected: Expected) -> Found:
    """Return what the store now holds about the expectation's transaction."""
    ((key, value),) = (expected.transaction or {}).items()
    found = search.find(store.reader, value=value)
    if found.empty:
        return Found()
    exact = found[(found["key_type"] == key) & found["key_value"].isin(search.forms(value))]
    if exact.empty:
        return Found()
    names = {"flow": str(exact["flow"].iloc[0]), "transaction_id": str(exact["transaction_id"].iloc[0])}
    transaction = detail.transaction(store.reader, transaction_id=names["transaction_id"])
    clock = _first(detail.clocks(store.reader, **names), expected.sla)
    verdict = _first(detail.verdicts(store.reader, **names), expected.sla)
    incidents = _incidents(store, names, expected.sla) if expected.incident is not None else []
    return Found(transaction, clock, str(verdict["reason"]) if verdict else "", incidents)


def _first(frame: Any, sla: str | None) -> dict[str, Any] | None:
    if frame.empty:
        return None
    rows = frame[frame["sla"] == sla].to_dict("records")
    return {name: None if value != value else value for name, value in rows[0].items()} if rows else None  # noqa: PLR0124 - NaT is not itself


def _incidents(store: Store, names: dict[str, str], sla: str | None) -> list[dict[str, Any]]:
    """Return the incidents that hold or held the transaction for this SLA, unresolved ones first."""
    incidents = []
    listed = detail.incidents_of(store.reader, **names)
    for incident_id in [] if listed.empty else listed["incident_id"]:
        members = incident_log.members(store.reader, incident_id=incident_id)
        held = members[members["transaction_id"] == names["transaction_id"]]
        row = incident_log.incident(store.reader, incident_id=incident_id)
        if row is not None and any({sla, ""}.intersection(slas) for slas in held["slas"]):
            incidents.append(row)
    return incidents
