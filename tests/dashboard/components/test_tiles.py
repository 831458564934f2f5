"""Tiles: a figure opens what is behind it, and its colour is that of its budget."""

from __future__ import annotations

import pytest

from dashboard.components.tiles import Tile, budget_kind, budget_used, html


def test_a_figure_with_something_behind_it_is_a_link_and_hostile_words_stay_words() -> None:
    shown = html([Tile("<b>", "5", href="kpis?behind=missed", kind="bad"), Tile("Penalties", "€5", "note", told='"x"')], "Money")
    assert '<a class="figure bad" href="kpis?behind=missed"' in shown
    assert "&lt;b&gt;" in shown
    assert '<div class="figure " title="&#34;x&#34;">' in shown
    assert 'aria-label="Money"' in shown


@pytest.mark.parametrize(
    ("missed", "decided", "objective", "used", "kind"),
    [
        (0, 0, 0.95, None, "dim"),
        (0, 100, 0.95, 0.0, "ok"),
        (3, 100, 0.95, 0.6, "ok"),
        (4, 100, 0.95, 0.8, "warn"),
        (5, 100, 0.95, 1.0, "warn"),
        (6, 100, 0.95, 1.2, "bad"),
        (0, 100, 1.0, 0.0, "ok"),
        (1, 100, 1.0, float("inf"), "bad"),
    ],
)
def test_a_budget_is_what_the_objective_leaves(missed: int, decided: int, objective: float, used: float | None, kind: str) -> None:
    found = budget_used(missed, decided, objective)
    assert found == (used if used is None else pytest.approx(used))
    assert budget_kind(None if found is None else round(found, 9)) == kind
