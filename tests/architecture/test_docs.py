"""What the docs name is there: files, folders, links, tables, and the parts of every decision."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PLACEHOLDER = re.compile(r"NAME|TOPIC|<\w+>")


def each_page() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])


def outside_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@each_page()
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", outside_code(page.read_text(encoding="utf-8")))
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]

    assert [link for link in local if not (page.parent / link).exists()] == []


@each_page()
def test_every_source_file_it_names_is_there(page: Path) -> None:
    named = re.findall(r"(?<![\w/.-])[a-z_]+/[\w./*<>-]*\.(?:py|sql(?:\.j2)?)\b", page.read_text(encoding="utf-8"))

    assert [file for file in named if not PLACEHOLDER.search(file) and not [*ROOT.glob(file)]] == []


def test_every_table_of_the_picture_is_in_the_schema() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("```\n")[2].partition("```")[0]
    schema = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "store" / "schema").iterdir())
    tables = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", schema))
    named = set(re.findall(r"\b(?:[a-z]+_(?:events|keys|traces|logs|metrics|quarantine|members|attempts))\b(?!\.py)", picture))

    assert len(named) > 8
    assert named - tables == set()


RECORDS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
SECTIONS = ["Context", "Options considered", "Decision", "Consequences", "Measured"]


@pytest.mark.parametrize("record", [pytest.param(record, id=record.name) for record in RECORDS])
def test_every_decision_has_its_status_date_and_sections(record: Path) -> None:
    text = record.read_text(encoding="utf-8")

    assert re.match(rf"# {record.name[:3]} \S.*\n\n- \*\*Status\*\*: (accepted|replaced)\b.*\n- \*\*Date\*\*: \d{{4}}-\d\d-\d\d\b", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE))


def test_the_table_of_decisions_has_a_row_for_each_with_its_date() -> None:
    table = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    dates = {record.name: re.search(r"\*\*Date\*\*: ([\d-]+)", record.read_text(encoding="utf-8"))[1] for record in RECORDS}

    assert re.findall(r"^\| \[(\d+)\]\((.+?)\) \| (\S+) \|", table, re.MULTILINE) == [
        (name[:3], name, date) for name, date in dates.items()
    ]
