"""Names of others are names, whatever they would be in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from andon.discovery.yaml_text import comment, scalar
from store.client import Store
from tests.andon.discovery.arrived import proposed, write_events, written

NAMES = (
    "a: b",
    "- x",
    "*alias",
    "&anchor",
    "!!python/object:os.system",
    "x\ny: z",
    "{a}",
    "[b]",
    "#c",
    "'d",
    '"e',
    "%f",
    "@g",
    "`h",
    "null",
    "true",
    "|",
    "> ",
    "\u2028sep",
    "\x85nel",
    "\ufeffbom",
    "🤖: é",
    "---",
    "? k",
    "\\",
    "\x1b[31mred",
    "{{ jinja }}",
    "${env:HOME}",
    "env:SECRET",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_it_was_in_lists_and_maps(name: str) -> None:
    assert yaml.load(f"{{a: {scalar(name)}, b: [{scalar(name)}]}}", yaml.BaseLoader) == {"a": name, "b": [name]}


def test_a_comment_is_one_short_line() -> None:
    assert comment("a\nb: \x1b[31m" + "c" * 200) == "a…b: …[31m" + "c" * 69 + "…"


def test_names_of_others_are_just_names(store: Store, tmp_path: Path) -> None:
    """Types of events, services, attributes and values that would be YAML, a path outside the folder or an escape of the terminal."""
    types = [*NAMES, "../../etc/passwd", "a" * 199]
    names = [name[:60] for name in types]
    write_events(
        store,
        (
            (type_, f"2026-03-20T00:{number:02d}:00Z", {"order": f"4711{number}", **dict.fromkeys(names, f"4711{number}")})
            for number in range(10)
            for type_ in types
        ),
    )
    _span(store)
    catalog, text = written(proposed(store), tmp_path / "proposed")
    assert {file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob("*")} == {"proposed"}
    assert all(character.isprintable() or character == "\n" for character in text)
    flow = next(iter(catalog.flows.values()))
    matched = {each.match.event for each in flow.milestones.values() if each.match.event}
    assert set(types) - matched == set(), "each is matched as it was sent"


def test_names_that_are_words_of_yaml_are_names_wherever_they_stand(store: Store, tmp_path: Path) -> None:
    """The end of a flow was ``[null]``, and its source ``true``."""
    write_events(
        store,
        (
            (type_, f"2026-03-20T00:{number:02d}:{second:02d}Z", {"null_id": f"SO-{4711 + number}"})
            for number in range(10)
            for second, type_ in enumerate(("on", "true", "no", "null"))
        ),
    )
    _span(store, "true", "null_id")
    catalog, _ = written(proposed(store), tmp_path)
    (flow,) = catalog.flows.values()
    assert (flow.flow, list(flow.keys), flow.ends) == ("null", ["null"], ["null"])
    assert {"on", "true", "no", "null"} <= set(flow.milestones)
    assert "true" in catalog.sources


def test_a_name_without_end_costs_no_other(store: Store, tmp_path: Path) -> None:
    """No text of a catalog may be so long, so that nothing of the proposal could be read."""
    for service in ("a", "b", "x" * 5_000):
        _span(store, service, "order")
    catalog, _ = written(proposed(store), tmp_path)
    (flow,) = catalog.flows.values()
    assert {each.match.service for each in flow.milestones.values()} == {"a", "b"}


def _span(store: Store, service: str = "x: [y", order: str = "order") -> None:
    rows = range(10)
    store.insert(
        "spans",
        {
            "slice": [1] * 10, "source": ["default"] * 10, "received_at": ["2026-04-01 00:00:00"] * 10, "service": [service] * 10,
            "name": ["'a' {b} #"] * 10, "trace_id": [f"{n:032x}" for n in rows], "span_id": [f"{sum(map(ord, service)):08x}{n:08x}" for n in rows],
            "start_time": ["2026-03-20 00:00:00"] * 10, "attributes": [{order: f"SO-{4711 + n}" if order != "order" else f"4711{n}", "a b: c": "1", "x]": "2"} for n in rows],
        },
    )  # fmt: skip
