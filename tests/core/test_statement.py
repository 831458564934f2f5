"""SQL from files: what is not given is an error, values that a view holds are quoted, and the same is rendered once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

from core.statement import environment_of, literal, literals, statements

QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)


def unquoted(sql: str) -> str:
    """Read one string as ClickHouse does: a backslash takes the next character as it is, for those that are escaped here."""
    found = QUOTED.fullmatch(sql)
    assert found is not None, "a quote inside ends the string"
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "clocks.sql.j2").write_text(
        "SELECT * FROM {{ table }}\n{% if flow %}\n  WHERE flow = {flow:String}\n{% endif %}\n", encoding="utf-8"
    )
    (tmp_path / "view.sql.j2").write_text("SELECT {{ name | literal }}, {{ names | literals }}", encoding="utf-8")
    (tmp_path / "broken.sql.j2").write_text("SELECT {{ columns.missing }}", encoding="utf-8")
    return tmp_path


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_literal_is_one_string_whatever_is_in_it(value: str) -> None:
    assert unquoted(literal(value)) == value


@pytest.mark.parametrize(
    ("values", "sql"), [([], "[]"), (["a"], "['a']"), (["a", "b's", "c\\"], r"['a', 'b\'s', 'c\\']"), (("', 'x",), r"['\', \'x']")]
)
def test_literals_are_one_array(values: list[str], sql: str) -> None:
    assert literals(values) == sql


def test_a_file_is_rendered_by_its_name_and_a_line_of_a_condition_leaves_none_behind(folder: Path) -> None:
    statement = statements(folder)
    assert statement("board/clocks", table="clocks", flow=True) == "SELECT * FROM clocks\n  WHERE flow = {flow:String}\n"
    assert statement("board/clocks", table="clocks", flow=False) == "SELECT * FROM clocks\n"


def test_what_a_view_holds_is_quoted_and_not_escaped_for_html(folder: Path) -> None:
    assert statements(folder)("view", name="a < 'b' & c", names=("x", "y")) == r"SELECT 'a < \'b\' & c', ['x', 'y']"


@pytest.mark.parametrize("text", ["SELECT {a:String}\n", "-- {a} %} #}\nSELECT 1", "SELECT 1\n\n", "", "\n"])
def test_a_file_without_anything_for_jinja_is_what_jinja_makes_of_it(folder: Path, text: str) -> None:
    (folder / "plain.sql.j2").write_text(text, encoding="utf-8")
    assert statements(folder)("plain") == environment_of(folder).get_template("plain.sql.j2").render()


def test_a_name_that_is_not_there_and_a_parameter_that_is_not_given_are_errors(folder: Path) -> None:
    statement = statements(folder)
    with pytest.raises(TemplateNotFound, match=r"board/none\.sql\.j2"):
        statement("board/none")
    with pytest.raises(UndefinedError, match="'table' is undefined"):
        statement("board/clocks", flow=True)
    with pytest.raises(UndefinedError, match="no attribute 'missing'"):
        statement("broken", columns="")


def test_no_file_outside_the_folder_is_rendered(folder: Path) -> None:
    (folder.parent / "secret.sql.j2").write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(TemplateNotFound):
        statements(folder)("../secret")


def test_the_same_is_rendered_once(folder: Path) -> None:
    statement = statements(folder)
    first = statement("board/clocks", table="clocks", flow=False)
    (folder / "board" / "clocks.sql.j2").write_text("SELECT 2", encoding="utf-8")
    assert statement("board/clocks", table="clocks", flow=False) is first
    assert statements(folder)("board/clocks", table="clocks", flow=False) == "SELECT 2"
