"""The sheet for a slide: a PNG and a PDF of one page that hold what the page shows."""

from __future__ import annotations

import io
import json

import pandas as pd
import vl_convert
from PIL import Image

from dashboard.components import slide
from dashboard.components.tiles import Tile
from store.client import Store
from tests.dashboard.shown import View

TILES = [
    Tile(f"Figure {number}", f"{number}.0%", "note", kind) for number, kind in enumerate(["ok", "warn", "bad", "", "", "", "", "", ""])
]
DAYS = pd.DataFrame(
    {"day": pd.date_range("2026-11-01", periods=4), "period": ["this period"] * 2 + ["the one before"] * 2, "on_time": [0.9, 0.97, 0.4, None], "cycle_hours": [40.0, 41.0, 39.0, None]}
)  # fmt: skip
WORST = [{"title": f"Cause {number}", "told": {"penalty": "€1.20k", "missed": "€9 + $5"}, "missed_clocks": 7} for number in range(9)]


def test_a_sheet_has_the_figures_the_trends_and_the_most_expensive_rows() -> None:
    text = json.dumps(slide.sheet("Order to cash · November 2026", "As of now", TILES, DAYS, 0.95, WORST), default=str, ensure_ascii=False)
    for expected in (
        "Order to cash · November 2026",
        "As of now",
        "Figure 8",
        "8.0%",
        "SLAs met · dotted: the objective of 95%",
        "Cause 5",
        "€9 + $5",
    ):
        assert expected in text
    assert "Cause 6" not in text
    assert "Value protected" not in text, "no row has an amount there"
    assert "the one before" in text
    assert 'legend": null' in json.dumps(slide.sheet("", "", TILES, DAYS.head(2), None, []), default=str), "nothing is compared"


def test_it_is_made_as_a_picture_as_wide_as_a_screen_and_as_one_page_without_asking_anybody() -> None:
    for days, worst in ((DAYS, WORST), (DAYS.head(0), []), (DAYS.head(2), WORST[:1])):
        spec = slide.sheet("Title", "As of now", TILES, days, 0.95, worst)
        picture = Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec, scale=1.2, vl_version=slide._VERSION, allowed_base_urls=[])))
        assert 1900 < picture.width < 1960
        assert len(picture.convert("L").getcolors() or []) > 2, "something is drawn"
        assert vl_convert.vegalite_to_pdf(spec, vl_version=slide._VERSION, allowed_base_urls=[]).startswith(b"%PDF-")


def test_the_page_offers_both(view: View, filled: Store) -> None:
    test = view("kpis", filled)
    assert not test.exception
    assert {"Slide as PNG", "Slide as PDF"} <= {button.proto.label for button in test.get("download_button")}


def test_the_titles_of_its_two_charts_stand_in_line() -> None:
    spec = slide.sheet("Title", "As of now", TILES, DAYS.head(2), 0.95, WORST)
    drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec, scale=1.2, vl_version=slide._VERSION, allowed_base_urls=[]))).convert(
        "L"
    )
    width, height = drawn.size
    below = int(height * 0.39)  # under the figures
    halves = [drawn.crop((left, below, left + int(width * 0.4), height)) for left in (0, int(width * 0.52))]
    tops = [(half.point(lambda shade: 255 * (shade < 90)).getbbox() or (0, 0, 0, 0))[1] for half in halves]
    assert abs(tops[0] - tops[1]) <= 2
