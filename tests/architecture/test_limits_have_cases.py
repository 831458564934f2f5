"""What docs/operating.md says of limits is measured: each row of its tables has a case against the real process."""

from __future__ import annotations

from pathlib import Path

from tests.faults import test_engine_limits, test_limits

HEADER = "| limit | value | beyond it |"


def documented(text: str) -> list[str]:
    """Return the first column of every table of limits."""
    found = []
    for table in text.split(HEADER)[1:]:
        rows = table.partition("\n\n")[0].splitlines()[2:]
        found += [row.split("|")[1].strip() for row in rows]
    return found


def test_every_documented_limit_has_a_case_and_no_case_is_of_another():
    measured = {case.limit for case in [*test_limits.CASES, *test_engine_limits.CASES]}
    limits = documented((Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8"))

    assert len(limits) > 15
    assert len(set(limits)) == len(limits), "a row is known by its first column"
    assert set(limits) - measured == set()
    assert measured - set(limits) == set()
