from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from core.errors import WrongSetting
from tests.collector.formats.reading import data, read

ROWS = 'ORDER_NO;CUSTOMER;AMOUNT\n4711;"Müller; Söhne";1.234,50\n4712;"two\nlines";7\n'


def rows(body: str | bytes, **settings: object) -> list[Any]:
    return [one if isinstance(one, tuple) else data(one) for one in read("csv", body, delimiter=";", **settings)]


def test_each_row_is_a_document_by_the_names_of_its_columns():
    assert rows(ROWS) == [
        {"ORDER_NO": "4711", "CUSTOMER": "Müller; Söhne", "AMOUNT": "1.234,50"},
        {"ORDER_NO": "4712", "CUSTOMER": "two\nlines", "AMOUNT": "7"},
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends_are_those_of_the_system_that_wrote(encoding: str):
    for end in ("\n", "\r\n", "\r"):
        assert rows(ROWS.replace("two\nlines", "x").replace("\n", end).encode(encoding))[0] == rows(ROWS)[0], end
    assert rows(ROWS.encode("latin-1"), encoding="latin-1") == rows(ROWS)
    assert rows(ROWS.encode("latin-1"), encoding="utf-8")[0][0] == "bad_text"


def test_columns_may_be_named_and_lines_left_out():
    assert rows("report of today\n4711;x\n", columns=["NO", "WHO"], skip=1) == [{"NO": "4711", "WHO": "x"}]
    assert rows("NO;;NO\n1;2;3\n") == [{"NO": ["1", "3"], "column_2": "2"}]


def test_a_row_that_does_not_fit_is_told_by_its_line_and_costs_no_other():
    found = rows('NO;WHO\n1;a\n2\n3;b;c\n4;"d" e\n5;f\n')

    assert found[0] == {"NO": "1", "WHO": "a"}
    assert found[1:4] == [
        ("csv_columns", "line 3 has 1 columns instead of 2", b"2"),
        ("csv_columns", "line 4 has 3 columns instead of 2", b"3;b;c"),
        ("csv_quotes", "line 5 is no row: ';' expected after '\"'", b'4;"d" e'),
    ]
    assert found[4] == {"NO": "5", "WHO": "f"}


def test_what_excel_writes_to_say_which_delimiter_follows_names_no_columns():
    assert rows(f"sep=;\r\n{ROWS}") == rows(ROWS)
    assert rows(f"\ufeffSEP=;\n{ROWS}") == rows(ROWS)
    assert "perhaps ',' does" in rows("sep=,\nORDER_NO,STATE\n1,x\n")[0][1]


@pytest.mark.parametrize("other", [",", "\t", "|"])
def test_another_delimiter_makes_no_column_of_all_of_them(other: str):
    what = f"line 1 names one column, 'ORDER_NO{other}STATE'; ';' delimits nothing in it, perhaps {other!r} does"
    assert rows(f"ORDER_NO{other}STATE\n1{other}booked\n") == [("csv_columns", what, f"ORDER_NO{other}STATE".encode())]
    assert rows("ORDER_NO\n1,5\n") == [{"ORDER_NO": "1,5"}]


def test_rows_in_which_nothing_is_filled_in_say_nothing():
    """Spreadsheets write them for cells that somebody once formatted."""
    assert rows(f'{ROWS};;\n;\n; ;""\n') == rows(ROWS)


def test_a_quote_that_is_never_closed_costs_its_row_alone():
    found = rows('NO;WHO\n1;"a\n2;b\n3;c\n')

    assert found == [
        ("csv_quotes", "line 2 is no row: unexpected end of data", b'1;"a'),
        {"NO": "2", "WHO": "b"},
        {"NO": "3", "WHO": "c"},
    ]
    large = rows('NO;WHO\n1;"a\n' + "2;b\n" * 60_000)
    assert (large[0][0], len(large)) == ("csv_quotes", 60_001)


def test_bounds_of_columns():
    (bad,) = rows(";".join(f"c{number}" for number in range(100_000)) + "\n1;2\n")
    told = "columns; at most 2000 are read, with names of at most 200 bytes and 65536 bytes altogether"
    assert bad[:2] == ("csv_columns", f"line 1 names 100000 {told}")
    (long,) = read("csv", f"{'a' * 201},b\n" + "1,2\n" * 1_000)  # each row would say it again
    assert long[:2] == ("csv_columns", f"line 1 names 2 {told}")
    with pytest.raises(WrongSetting, match="'delimiter' is wrong"):
        read("csv", "", delimiter=";;")


def test_nothing_is_nothing():
    assert rows("") == rows("NO;WHO\n") == rows("\n\n\0\x1a") == []
    assert rows("NO;WHO\n1;a\0\n") == [{"NO": "1", "WHO": "a"}]


@pytest.mark.parametrize(
    "names",
    ["\1" * 200, ",".join(f"c{number:04}{'x' * 190}" for number in range(1_000)), "," * 500_000],
    ids=["escaped", "long", "many"],
)
def test_names_of_columns_are_not_repeated_without_end(names: str) -> None:
    """256 KiB became 167 MiB; and the names of columns without end were all kept in memory."""
    tracemalloc.start()
    try:
        (bad,) = read("csv", f"{names}\n" + "1\n" * 10_000)
        assert tracemalloc.get_traced_memory()[1] < 40 * len(names) + (4 << 20)
    finally:
        tracemalloc.stop()
    assert bad[0] == "csv_columns"
    assert "at most 2000 are read, with names of at most 200 bytes" in bad[1]
