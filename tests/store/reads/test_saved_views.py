"""Saved views: one's own and shared ones, as they were saved last."""

from __future__ import annotations

from core.saved_view import DELETED, SAVED
from store.client import Store
from store.reads import saved_views
from tests.store.rows import HOUR, START, put


def test_of_each_name_the_last_that_was_saved_and_not_deleted(store: Store) -> None:
    did = [
        (SAVED[False], "Ana", "Steel", "a=1"), (SAVED[False], "Ana", "Steel", "a=2"), (SAVED[False], "Bo", "Steel", "a=3"),
        (SAVED[True], "Bo", "Steel", "a=4"), (SAVED[True], "Ana", "late", "a=5"), (SAVED[True], "Bo", "late", "a=6"),
        (SAVED[True], "Bo", "gone", "a=7"), (DELETED[True], "Ana", "gone", ""), (SAVED[False], "Ana", "again", "a=8"),
        (DELETED[False], "Ana", "again", ""), (SAVED[False], "Ana", "again", "a=9"), (DELETED[False], "Bo", "Steel", ""), ("note", "Ana", "inc", "x"),
    ]  # fmt: skip
    for number, (action, actor, name, address) in enumerate(did):
        put(store, "actions", at=START + number * HOUR, actor=actor, action=action, target=name, detail=address, revision=number)

    def told(person: str) -> list[list[object]]:
        return saved_views.views(store.reader, person=person)[["name", "shared", "saved_by", "address"]].to_numpy().tolist()

    shared = [["late", 1, "Bo", "a=6"], ["Steel", 1, "Bo", "a=4"]]
    assert told("Ana") == [["again", 0, "Ana", "a=9"], ["Steel", 0, "Ana", "a=2"], *shared]
    assert told("Bo") == told("") == shared
    assert saved_views.views(store.reader, person="Ana")["saved_at"].iloc[1].to_pydatetime().timestamp() == (START + HOUR).timestamp()
