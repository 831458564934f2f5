"""The README's pictures: all of them are made by the tool, and none is heavy."""

from __future__ import annotations

import io
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
BYTES_MAX = 200_000


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = spec_from_file_location("pictures", ROOT / "tools" / "pictures.py")
    assert spec
    assert spec.loader
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_every_picture_is_shown_and_made_by_the_tool_in_its_size(tool: ModuleType) -> None:
    kept = {file.stem: file for file in (ROOT / "docs").glob("*.png")}
    assert (
        kept.keys() == tool.PICTURES.keys() == set(re.findall(r"\]\(docs/(\w+)\.png\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    )
    for name, file in kept.items():
        assert Image.open(file).size == tool.PICTURES[name].size
        assert file.stat().st_size < BYTES_MAX


def test_a_palette_makes_a_picture_lighter_and_keeps_its_colours(tool: ModuleType) -> None:
    drawn = Image.effect_noise((200, 100), 20).convert("RGB")
    drawn.paste((210, 41, 61), (0, 0, 100, 100))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    small = tool.small(written.getvalue())
    assert len(small) < len(written.getvalue())
    assert Image.open(io.BytesIO(small)).convert("RGB").getpixel((50, 50)) == (210, 41, 61)
