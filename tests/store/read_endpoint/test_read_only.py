"""What may be asked: one question that stays in the store, and of a catalog one value; everything else is told, and nothing else
happens."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Permanent
from store.read_endpoint.read_only import check_expression, question

PIECES = st.sampled_from(
    ["SELECT", "WITH", "FROM", "1", "'a'", '"b"', "`c`", "(", ")", ",", ";", "--x", "/*", "*/", "\n", " ", "file", "system", ".", "{n:String}",
     "FORMAT", "JSON", "\\", "'", '"', "`", "AS", "IN", "é", "\0", "0x1f", "::", "lambda", "->"]
)  # fmt: skip
STATEMENTS = st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "sql", "format_"),
    [
        ("SELECT 1", "SELECT 1", ""),
        ("  select 1 ; ", "select 1", ""),
        ("SELECT 1;;", "SELECT 1", ""),
        ("SELECT 1 FORMAT JSON", "SELECT 1", "JSON"),
        ("SELECT 1 format TabSeparated;", "SELECT 1", "TabSeparated"),
        ("SELECT 'a -- b' /* c */, 1 -- d\n, 2", "SELECT 'a -- b' , 1 , 2", ""),
        ("SELECT '; DROP TABLE spans'", "SELECT '; DROP TABLE spans'", ""),
        ("SELECT format FROM t", "SELECT format FROM t", ""),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a", ""),
        ("(SELECT 1)", "(SELECT 1)", ""),
        ("SELECT cos(1), 'file(x)' AS \"file\" FROM t", "SELECT cos(1), 'file(x)' AS \"file\" FROM t", ""),
        ("with a as (select 1) select * from a", "with a as (select 1) select * from a", ""),
        ("SHOW TABLES", "SHOW TABLES", ""),
        ("SELECT hostName() AS h", "SELECT ('andon' AS `hostName()`) AS h", ""),
        ("SELECT hostName, revision (1)", "SELECT hostName, revision (1)", ""),
        ("SELECT 1 SETTINGS max_threads = 4 FORMAT JSON", "SELECT 1", "JSON"),
        ("SELECT 1 SETTINGS limit = 4", "SELECT 1 SETTINGS limit = 4", ""),
        ("SELECT settings FROM t", "SELECT settings FROM t", ""),
        ("DESCRIBE spans", "DESCRIBE spans", ""),
    ],
)
def test_a_question_runs_without_comments_semicolon_and_format(text: str, sql: str, format_: str) -> None:
    found = question(text)
    assert (" ".join(found.sql.split()), found.format) == (sql, format_)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no statement begins with nothing"),
        ("-- nothing", "no statement begins with nothing"),
        ("SELEC 1", "no statement begins with selec"),
        ("DROP TABLE spans", "allowed, not DROP"),
        ("INSERT INTO spans VALUES (1)", "not INSERT"),
        ("SET readonly = 0", "not SET"),
        ("EXPLAIN ANALYZE SELECT 1", "only a query can be explained in readonly mode, not ANALYZE"),
        ("EXPLAIN INSERT INTO spans SELECT 1", "only a query can be explained in readonly mode, not INSERT"),
        ("EXPLAIN PLAN", "no query follows EXPLAIN"),
        ("USE other", "not USE"),
        ("SELECT 1; SELECT 2", "statement"),
        ("SELECT file('/etc/passwd')", "function file is not allowed"),
        ("SELECT FILE ('/etc/passwd')", "function file is not allowed"),
        ('SELECT "file"(1)', "function file is not allowed"),
        ("SELECT `f\\x69le`(1)", "escape"),
        ("SELECT * FROM url('http://a')", "function url is not allowed"),
        ("SELECT * FROM s3Cluster('a', 'b')", "function s3cluster is not allowed"),
        ("SELECT * FROM remoteSecure('a')", "function remotesecure is not allowed"),
        ("SELECT sleep(3)", "function sleep is not allowed"),
        ("SELECT dictGet('a', 'b', 1)", "function dictget is not allowed"),
        ("SELECT 1 INTO OUTFILE 'a'", "OUTFILE is not allowed"),
        ("SHOW PROCESSLIST", "SHOW PROCESSLIST is not allowed"),
        ("SHOW GRANTS", "SHOW GRANTS is not allowed"),
        ("SELECT * FROM system.processes", "system.processes is not allowed"),
        ("SELECT * FROM system . `query_log`", "system.query_log is not allowed"),
        ("SELECT {table:Identifier}", "parameter"),
        ("SELECT \\", r"character 8 is not allowed outside .*quotes: '\\\\'"),
        ("SELECT 'a", 'character 8 is not allowed outside .*quotes: "\'"'),
        ("SELECT é", "character 8 is not allowed"),
        ("SELECT /*", r"comment at character 8 is not closed; end it with \*/"),
        ("SELECT 1 /* a */ /*/ 2", "comment at character 18 is not closed"),
    ],
)
def test_what_is_no_question_is_told_in_one_line(text: str, why: str) -> None:
    with pytest.raises(Permanent, match=why) as caught:
        question(text)
    assert len(str(caught.value).splitlines()) == 1


@given(STATEMENTS)
@example("SELECT /*")
@example("SELECT --x \n SELECT")
def test_any_text_is_a_question_or_told_and_what_runs_is_the_same_when_it_is_asked_again(text: str) -> None:
    try:
        found = question(text)
    except Permanent:
        return
    assert "--" not in found.outline
    assert "/*" not in found.outline
    assert question(found.sql).sql == found.sql or found.format, "a second FORMAT may come to its end"


def test_the_outline_holds_neither_texts_nor_parameters_nor_strange_names() -> None:
    found = question("SELECT 'secret', {n:Array(String)}, \"a name\", `plain` FROM `../etc` WHERE x = {m:Map(String, UInt8)}")
    assert "secret" not in found.outline
    assert "{" not in found.outline
    assert "a name" not in found.outline
    assert "etc" not in found.outline
    assert "`plain`" in found.outline
    assert found.outline.count("1") >= 2


def test_the_outline_of_an_explanation_is_what_it_explains() -> None:
    assert question("EXPLAIN PLAN indexes = 1, header = 1 SELECT a FROM spans").outline == "SELECT a FROM spans"
    assert question("explain (SELECT 1)").outline == "(SELECT 1)"


def test_names_that_a_statement_gives_itself() -> None:
    assert question("WITH a AS (SELECT 1 AS b) SELECT c AS `d` FROM a AS e").given >= {"a", "b", "d", "e"}
    assert question("SELECT 1").given == frozenset()


@pytest.mark.parametrize(
    "text",
    ["service", "upper(service)", "attributes['from']", "data.orderId", "a ? 'x' : 'y'", "[1, 2][1]", "name IN ('a', 'b')", "x -> 1"],
)
def test_a_value_of_a_signal_is_an_expression(text: str) -> None:
    check_expression(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a, b", "remove the ','"),
        ("a; b", "remove the ';'"),
        ("a)", r"remove the '\)'"),
        ("(a", "bracket"),
        ("a -- b", "comment"),
        ("/* a */ b", "comment"),
        ("a /* b", "comment at character 3 is not closed"),
        ("(SELECT 1)", "'SELECT'"),
        ("a FROM b", "'FROM'"),
        ("file('a')", "function 'file' .* the signal's own columns"),
        ("throwIf(1)", "function 'throwif'"),
        ("a IN b", "a name after 'IN'"),
        ("a IN (b)", "a name after 'IN'"),
        ("notIn(a, b)", "function 'notin'"),
        ("system.tables", "'system'"),
    ],
)
def test_what_leaves_the_signal_is_told(text: str, why: str) -> None:
    with pytest.raises(Permanent, match=why):
        check_expression(text)


@given(STATEMENTS)
def test_any_text_is_an_expression_or_told(text: str) -> None:
    with suppress(Permanent):
        check_expression(text)
