"""``andon source preview`` as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import andon, ask

ORDERS = Path(__file__).parents[2] / "catalogs" / "orders"


@pytest.mark.usefixtures("one_store")
def test_a_file_is_previewed_and_a_wrong_name_is_one_line(tmp_path: Path) -> None:
    shutil.copytree(ORDERS, tmp_path / "catalog")
    (tmp_path / "catalog" / "sources").mkdir(exist_ok=True)
    (tmp_path / "catalog" / "sources" / "preview.yaml").write_text("source: previewed\nowner: order-desk\n")
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.order.captured", "data": {"order": "0017"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    result = andon("source", "preview", "previewed", "event.json", "--json", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    (document,) = json.loads(result.stdout)
    assert document["milestones"][0]["keys"] == [{"type": "order", "value": "17"}]
    assert not (tmp_path / ".andon").exists()

    (tmp_path / "empty").touch()
    result = ask("source", "preview", "default", "empty", folder=tmp_path)
    assert result.returncode == 1, "an empty message becomes an event of no milestone"
    assert "✗ no milestone matches the type" in result.stdout

    for option, complaint in (
        (["--header", "x"], "--header x has no name and value; write --header NAME=VALUE"),
        (["--place", "=x"], "--place =x has no name and value; write --place NAME=VALUE"),
    ):
        wrong = ask("source", "preview", "previewed", "event.json", *option, folder=tmp_path)
        assert (wrong.returncode, wrong.stderr) == (2, f"andon: {complaint}\n")
    wrong = ask("source", "preview", "previewed", "--place", "topic=x", folder=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (2, "andon: --header and --place say what a file does not; give the file, too\n")
    wrong = ask("source", "preview", "previewd", "event.json", folder=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (2, "andon: source 'previewd' is not defined; did you mean 'previewed'?\n")
    missing = ask("source", "preview", "previewed", "none.json", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (2, "andon: none.json cannot be read: No such file or directory\n")
