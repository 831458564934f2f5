"""What holds and what is over, as watchers say it."""

from __future__ import annotations

from datetime import UTC, datetime

from core.condition import Condition, Conditions

NOW = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)


def raised(*known: tuple[str, str]) -> Conditions:
    conditions = Conditions()
    for name, subject in known:
        conditions.raise_(Condition(name, subject, f"{name} of {subject}", NOW))
    return conditions


def test_all_but_some_subjects_of_a_name_are_cleared() -> None:
    conditions = raised(("loss", "events"), ("loss", "spans"), ("damage", "events"))
    before = conditions.changes
    conditions.clear_all_but("loss", {"spans"})
    assert [(one.name, one.subject) for one in conditions.current()] == [("damage", "events"), ("loss", "spans")]
    assert conditions.changes == before + 1
    assert conditions.is_over("loss", "events")
    assert not conditions.is_over("loss", "spans")
    conditions.clear_all_but("loss", {"spans"})
    assert conditions.changes == before + 1, "nothing is new"


def test_what_an_earlier_process_found_is_over_once_it_was_looked() -> None:
    conditions = raised()
    assert not conditions.is_over("loss", "events")
    conditions.clear_all_but("loss", set())
    assert conditions.is_over("loss", "events")
    assert conditions.changes == 1
