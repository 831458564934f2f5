"""CSV: each row is a document, by the names of its columns.

``data.ORDER_NO`` is the column ``ORDER_NO``, always a text. The first line names the columns, unless the settings do; what Excel writes
before it (``sep=;``) is left out, and so are rows in which nothing is filled in. A row with more or fewer columns, or quotes that do not
fit, goes to quarantine with its line; the other rows are read. A file whose first line names one column, with another delimiter in it, is
not.
"""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import Field

from collector.documents.lines import bad_line, lines_of
from collector.format import BadDocument, Document, Reader, add_alike
from collector.format_settings import FormatSettings, parse_format, reading_text

_DELIMITERS = ",;\t|"
_SEPARATOR = "sep="
COLUMNS_MAX = 2_000
NAME_MAX = 200
NAMES_MAX = 64 << 10
"""Bytes of a column's name, and of all of them, in a document: each row's has them."""


class CsvSettings(FormatSettings):
    """``columns``: their names, for a file that does not begin with them. ``skip``: lines to leave out at the beginning."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    columns: list[str] = Field(default_factory=list, max_length=COLUMNS_MAX)
    skip: int = Field(default=0, ge=0)


class Csv:
    """The format ``csv``."""

    name = "csv"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parse_format(CsvSettings, settings)
        return reading_text(
            chosen.encoding, lambda text: _rows(_Lines(_without_separator(lines_of(text, chosen.skip), chosen.delimiter)), chosen)
        )


FORMAT = Csv()


class _Lines:
    """The lines of a file; those of a record that turns out to be none are read again, but for the first."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._again: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line[1] + "\n"

    def again(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))


def _without_separator(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, str]]:
    """Leave out the first line if it is what Excel writes to say which delimiter follows."""
    first = next(lines, None)
    if first is None:
        return lines
    return lines if first[1].strip().lower() == f"{_SEPARATOR}{delimiter}" else itertools.chain((first,), lines)


def _rows(lines: _Lines, settings: CsvSettings) -> Iterator[Document | BadDocument]:
    columns = settings.columns
    while True:
        reader = csv.reader(lines, delimiter=settings.delimiter, quotechar=settings.quote, strict=True)
        lines.taken = []
        try:
            for row in reader:
                number, sent = lines.taken[0][0], "\n".join(line for _, line in lines.taken)
                lines.taken = []
                if not columns:
                    columns = [name.strip() or f"column_{at}" for at, name in enumerate(row[: COLUMNS_MAX + 1], 1)]
                    if wrong := _wrong_names(len(row), columns, settings.delimiter):
                        yield bad_line("csv_columns", number, wrong, sent[:1_000])
                        return
                elif not any(value.strip() for value in row):
                    continue
                elif len(row) != len(columns):
                    yield bad_line("csv_columns", number, f"has {len(row)} columns instead of {len(columns)}", sent)
                else:
                    data: dict[str, Any] = {}
                    for name, value in zip(columns, row, strict=True):
                        add_alike(data, name, value.strip())
                    yield Document(msgspec.json.encode(data))
        except csv.Error as error:
            number, sent = lines.taken[0]
            yield bad_line("csv_quotes", number, f"is no row: {error}", sent)
            lines.again()
        else:
            return


def _wrong_names(count: int, columns: list[str], delimiter: str) -> str:
    """Return what is wrong with the names of so many columns; of more than may be, not all are looked at."""
    if count == 1 and (other := next((one for one in _DELIMITERS if one in columns[0]), "")):
        return f"names one column, '{columns[0][:100]}'; {delimiter!r} delimits nothing in it, perhaps {other!r} does"
    lengths = [len(msgspec.json.encode(name)) for name in columns]
    if count <= COLUMNS_MAX and max(lengths) <= NAME_MAX + 2 and sum(lengths) <= NAMES_MAX:
        return ""
    limits = f"at most {COLUMNS_MAX} are read, with names of at most {NAME_MAX} bytes and {NAMES_MAX} bytes altogether"
    return f"names {count} columns; {limits}"
