"""Catalogs as readers of verdicts find them: the one in force, why a changed one is not, and those of before."""

from __future__ import annotations

from store.client import Store
from store.reads import catalogs
from tests.store.rows import START, put


def test_nothing_is_in_force_before_the_first(store: Store) -> None:
    assert catalogs.in_force(store.reader) == {"definitions": "", "problem": ""}
    assert catalogs.of_versions(store.reader, versions=("a",)) == {}


def test_a_refused_one_tells_its_problem_and_the_one_before_stays_in_force(store: Store) -> None:
    for version, definitions, problem in (("a", "{a}", ""), ("", "", "no"), ("", "", "still no")):
        put(store, "catalogs", version=version, definitions=definitions, problem=problem, looked_at=START)
    assert catalogs.in_force(store.reader) == {"definitions": "{a}", "problem": "still no"}
    put(store, "catalogs", version="b", definitions="{b}", problem="", looked_at=START)
    assert catalogs.in_force(store.reader) == {"definitions": "{b}", "problem": ""}
    assert catalogs.of_versions(store.reader, versions=("a", "b", "never", "")) == {"a": "{a}", "b": "{b}"}


def test_of_a_version_that_was_taken_again_the_latest_text_is_told(store: Store) -> None:
    for definitions in ("{old}", "{new}"):
        put(store, "catalogs", version="a", definitions=definitions, problem="", looked_at=START)
    assert catalogs.of_versions(store.reader, versions=("a",)) == {"a": "{new}"}
