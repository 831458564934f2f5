"""Which tables a reader's statement names, according to ClickHouse's own parser, and whether it may read them.

The embedded engine takes a name that is not a table's for a file: ``EXISTS TABLE `/etc/passwd` `` reveals whether it exists, and EXISTS
DICTIONARY opens it for the next SELECT. So a reader may name the tables of the store and no others. What is parsed is an outline of the
statement, in which texts, parameters and names that are not plain words are replaced, so that nothing in it can look like another part of
the tree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.errors import Permanent

SYSTEM_TABLES = frozenset(
    {"one", "numbers", "zeros", "tables", "columns", "databases", "settings", "functions", "data_type_families", "formats", "time_zones"}
)
SET_FUNCTION = re.compile(r"(global)?(not)?(null)?in(ignoreset)?")
_STATEMENTS = frozenset(
    {
        "SelectWithUnionQuery",
        "SelectIntersectExceptQuery",
        "DescribeQuery",
        "ShowTables",
        "ShowColumns",
        "ShowFunctions",
        "ShowCreateTableQuery",
        "ShowCreateDatabaseQuery",
    }
)
_TABLE_FUNCTIONS = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "values", "sqlstandardvalues", "view", "null", "generateseries", "generate_series"}
)
_LINE = re.compile(r"( *)(\w+) *([\w.]*)")


class UnknownTableError(Permanent):
    """The same message whatever is in the place of a table, so that it reveals nothing."""

    def __init__(self) -> None:
        super().__init__("a table named here does not exist in this store; SHOW TABLES lists those that do")


@dataclass(frozen=True, slots=True)
class Named:
    """What a statement names, as written: tables (``table`` or ``database.table``), and what follows IN."""

    names: frozenset[str]

    def unknown(self, tables: Collection[str], database: str, given: Collection[str]) -> bool:
        """Return whether a name is none of the ``tables`` of ``database``, of the system's, or of those the statement defines."""
        return not all(_is_known(name, tables, database, given) for name in self.names)


def _is_known(name: str, tables: Collection[str], database: str, given: Collection[str]) -> bool:
    before, _, table = name.rpartition(".")
    match before.lower():
        case "":
            return table in tables or table in given
        case "system":
            return table in SYSTEM_TABLES
        case "information_schema":
            return True  # an in-memory database of views on the tables above
        case _:
            return before == database and table in tables


def read_tree(tree: str) -> Named:
    """Return what the result of EXPLAIN AST names.

    Raises :class:`core.errors.Permanent` for a statement or table function that readers may not use.
    """
    nodes = [_LINE.match(line).groups() for line in tree.splitlines()]  # type: ignore[union-attr]  # every line begins like this
    depths, kinds, names = [len(blanks) for blanks, _, _ in nodes], [kind for _, kind, _ in nodes], [name for _, _, name in nodes]
    if not kinds or kinds[0] not in _STATEMENTS:
        raise Permanent(f"{kinds[0] if kinds else 'this'} is not allowed in readonly mode")
    found = set()
    for index, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        children = list(_children(depths, index))
        if kind == "TableIdentifier":
            found.add(name)
        elif kind == "ShowCreateTableQuery":
            found.add(".".join(names[child] for child in children))
        elif kind == "TableExpression":
            for function in (names[child] for child in children if kinds[child] == "Function"):
                if function.lower() not in _TABLE_FUNCTIONS:
                    raise Permanent(f"table function {function} is not allowed in readonly mode")
        elif kind == "Function" and SET_FUNCTION.fullmatch(name.lower()) and children:
            found.update(names[child] for child in list(_children(depths, children[0]))[1:] if kinds[child] == "Identifier")
    return Named(frozenset(found))


def _children(depths: list[int], parent: int) -> Iterator[int]:
    for index in range(parent + 1, len(depths)):
        if depths[index] <= depths[parent]:
            return
        if depths[index] == depths[parent] + 1:
            yield index
