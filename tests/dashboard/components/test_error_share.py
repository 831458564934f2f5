"""The share of signals that failed is coloured only from a threshold on."""

from __future__ import annotations

import pytest

from dashboard.components import error_share


@pytest.mark.parametrize(
    ("failures", "share", "shown"),
    [
        (0, 0.0, ""),
        (3, 0.003, '<span class="" title="3 signals">0.3%</span>'),
        (1, 0.01, '<span class="pill warn" title="1 signal">1.0%</span>'),
        (49, 0.049, '<span class="pill warn" title="49 signals">4.9%</span>'),
        (249, 0.0498, '<span class="pill bad" title="249 signals">5.0%</span>'),
        (1200, 0.05, '<span class="pill bad" title="1,200 signals">5.0%</span>'),
    ],
)
def test_what_is_everyday_has_no_colour(failures: int, share: float, shown: str) -> None:
    assert error_share.cell(failures, share) == shown
