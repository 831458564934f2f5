"""Every file that others wrote gives its documents, or says what is wrong with it and where; other readers see the same in it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pydifact.segmentcollection
import pytest
import pyx12.x12file

from collector.edi.segments import segments
from collector.format import Document
from collector.formats import edifact, x12
from tests.collector.formats.reading import data, read

FOLDER = Path(__file__).parents[2] / "data" / "edi"
FILES = sorted(file for file in FOLDER.glob("*/*") if file.suffix.lower() == ".edi")
TWO_TERMINATORS = "x12.850.issue135.edi"
"""Each of its lines but one ends with a tilde, too, and pyx12 takes the tilde as a part of the last element."""
EXPECTED = FOLDER / "documents.txt"


def format_of(body: bytes) -> str:
    return "x12" if b"ISA" in body[:10] else "edifact"


def told(file: Path) -> list[str]:
    body = file.read_bytes()
    lines = [file.relative_to(FOLDER).as_posix()]
    for one in read(format_of(body), body, time_zone="UTC"):
        if isinstance(one, Document):
            lines.append(f"    {one.type} {one.subject or '-'} {one.time or '-'} {'; '.join(data(one).get('problems', []))}".rstrip())
        else:
            lines.append(f"    {one[0]}: {one[1]}")
    return lines


def test_every_file_gives_its_documents_or_says_what_is_wrong():
    found = "\n".join(line for file in FILES for line in told(file)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        EXPECTED.write_text(found, encoding="utf-8")

    assert len(FILES) >= 95
    assert found == EXPECTED.read_text(encoding="utf-8")


def ours(text: str, name: str) -> list[list[str]]:
    dialect = (x12.FORMAT if name == "x12" else edifact.FORMAT).dialect
    separators, at = dialect.separators(text, dialect.found(text, 0))
    return [[part.strip() for part in segment.elements] for segment in segments(text, at, separators)]


def test_pyx12_reads_the_same_segments_where_it_can():
    compared = 0
    for file in FILES:
        text = file.read_bytes().decode("utf-8-sig", "replace")
        if format_of(text.encode()) != "x12" or "BIN*" in text or file.name == TWO_TERMINATORS:
            continue
        try:
            theirs = [segment.format("", "*", ":").split("*") for segment in pyx12.x12file.X12Reader(io.StringIO(text))]
        except Exception:  # boundary: what it refuses cannot be compared
            continue
        assert [segment[0].strip() for segment in theirs] == [segment[0] for segment in ours(text, "x12")], file.name
        compared += 1
    assert compared >= 15


@pytest.mark.filterwarnings("ignore::Warning")
def test_pydifact_reads_the_same_segments_where_it_can():
    compared = 0
    for file in FILES:
        text = file.read_bytes().decode("utf-8-sig", "replace")
        if format_of(text.encode()) != "edifact" or "UNB" not in text:
            continue
        try:
            theirs = [segment.tag for segment in pydifact.segmentcollection.RawSegmentCollection.from_str(text).segments]
        except Exception:  # boundary: what it refuses cannot be compared
            continue
        assert [tag for tag in theirs if tag != "UNA"] == [segment[0] for segment in ours(text, "edifact")], file.name
        compared += 1
    assert compared >= 15


@pytest.mark.parametrize("name", ["x12", "edifact"])
def test_no_cut_of_any_file_raises_and_nothing_is_read_twice(name: str):
    for file in FILES:
        body = file.read_bytes()[:2_000]
        if format_of(body) == name:
            for end in range(0, len(body), 97):
                read(name, body[:end])
                read(name, body[end:])
