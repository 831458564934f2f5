"""Which runbook answers an incident."""

from __future__ import annotations

import pytest

from alerts import runbooks
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook


@pytest.mark.parametrize(
    ("cause", "bound", "chosen"),
    [
        pytest.param("overdue", "book", "book", id="the bound one"),
        pytest.param("CREDIT", "book", "credit", id="one that names the cause"),
        pytest.param("LOCKED", "book", "book", id="the bound one names the cause itself"),
        pytest.param("LOCKED", "other", "a-lock", id="of several the first by name"),
        pytest.param("CREDIT", "", "credit", id="none is bound"),
        pytest.param("overdue", "", "", id="none at all"),
        pytest.param("overdue", "gone", "gone", id="the bound one is no longer in the catalog"),
    ],
)
def test_the_runbook_of_a_cause(cause: str, bound: str, chosen: str):
    known = {"book": ["LOCKED"], "credit": ["CREDIT"], "a-lock": ["LOCKED"], "other": []}
    books = {name: Runbook(runbook=name, title=name, causes=causes, body="1.") for name, causes in known.items()}

    assert runbooks.choose(Catalog(runbooks=books), cause, bound) == chosen


def test_a_runbook_is_found_by_its_name_as_long_as_the_catalog_has_it():
    book = Runbook(runbook="book", title="Book it", body="1.")

    assert runbooks.find(Catalog(runbooks={"book": book}), "book") is book
    assert runbooks.find(Catalog(), "book") is None
