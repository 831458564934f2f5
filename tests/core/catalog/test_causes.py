"""Which causes no runbook is written for."""

from __future__ import annotations

import pytest

from core.catalog.catalog import Catalog
from core.catalog.causes import lacking
from core.catalog.runbook import Runbook

CATALOG = Catalog(runbooks={"book": Runbook(runbook="book", title="Book", causes=["PRICE_MISSING"])})


@pytest.mark.parametrize(
    ("cause", "runbook", "said"),
    [
        ("overdue", "book", ""),
        ("failed", "book", ""),
        ("source-silent:erp", "book", ""),
        ("PRICE_MISSING", "book", ""),
        ("CREDIT", "book", "no runbook names it"),
        ("overdue", "", "no runbook"),
        ("PRICE_MISSING", "gone", "no runbook"),
    ],
)
def test_a_cause_needs_a_runbook_and_one_with_a_name_one_that_names_it(cause: str, runbook: str, said: str) -> None:
    assert lacking(CATALOG, cause, runbook) == said
