"""A file of scenarios that cannot be read says where and what to write instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from andon.rehearsal.scenario_files import read_scenarios
from core.errors import UsageError

GIVEN = """
given:
  - {at: "2026-03-27 15:50 Europe/Berlin", event: shop.order.captured, data: {order: "0017", amount: 1200.5, currency: EUR}}
"""
LINE = '{at: "2026-03-27 16:00 Europe/Berlin", transaction: {order: "17"}, sla: book-in-time, verdict: at_risk}'


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("expect: [", "5:1: this is not YAML: did not find expected node content"),
        (
            f"expect:\n  - {LINE}\n  - {{at: '16:05', verdict: met}}",
            "6:10: 'at': '16:05' is not a time; write a local time and its zone, quoted:",
        ),
        (f"expect:\n  - {LINE.replace('at_risk', 'late')}", "5:100: 'verdict' cannot be 'late'; did you mean 'met_late'?"),
        (f"expect:\n  - {LINE}\nexpcet: 1", "6:1: unknown key 'expcet'; did you mean 'expect'?"),
        (f"expect:\n  - {LINE.replace('verdict', 'verdikt')}", "5:91: unknown key 'verdikt'; did you mean 'verdict'?"),
        ('expect:\n  - {at: "2026-03-27 16:00", state: open}', "5:10: 'at': '2026-03-27 16:00' must have one time zone"),
        (
            'expect:\n  - {at: "2026-03-29 02:30 Europe/Berlin", state: open}',
            "5:10: 'at': '2026-03-29 02:30 Europe/Berlin' does not exist",
        ),
        ('expect:\n  - {at: "2026-03-27 16:00 Berlin", state: open}', "5:10: 'at': time zone 'Berlin' is not known"),
        ('expect:\n  - {at: "2026-03-27 16:00 UTC", verdict: met}', "2:1: the first line of 'expect' must name its transaction"),
    ],
)
def test_a_malformed_file_is_told_with_its_place(tmp_path: Path, expect: str, message: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GIVEN + expect, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_scenarios(file)
    text = str(caught.value)
    assert text.startswith(f"{file}:{message}"), text
    assert "\n" not in text


def test_what_is_no_file_of_tests_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\x7fELF\xff\x00")
    (tmp_path / "text.yaml").write_text("root:x:0:0:root:/root:/bin/sh\n")
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, message in (
        ("binary", "5: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("text", "1: a test must be a mapping; write 'given:' and 'expect:'"),
        ("pipe", "1: this is not a regular file; replace it with one or move it elsewhere"),
    ):
        with pytest.raises(UsageError) as caught:
            read_scenarios(tmp_path / f"{name}.yaml")
        assert str(caught.value) == f"{tmp_path}/{name}.yaml:1:{message}"


def test_a_file_with_nothing_in_it_or_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(UsageError, match=r"empty\.yaml:1:1: there is no test in it"):
        read_scenarios(tmp_path / "empty.yaml")
    with pytest.raises(UsageError, match=r"absent\.yaml: No such file"):
        read_scenarios(tmp_path / "absent.yaml")
