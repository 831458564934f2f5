"""What is asked of a table, as each database writes it. SQL Server and Oracle are not run: their statements are only compiled."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

from collector.polling.table_statement import SETTLED, TableStatement

ORDERS = sa.Table("vbak", sa.MetaData(), *(sa.Column(name, sa.Integer()) for name in ("vbeln", "posnr", "changed")), schema="erp")
QUERY = sa.text("SELECT * FROM vbak").columns(*(sa.column(name) for name in ("vbeln", "posnr", "changed"))).subquery("origin")
AFTER = (
    "changed > 7 OR {t}changed = 7 AND ({t}vbeln > 1 OR {t}vbeln = 1 AND {t}posnr > 2)",
    "ORDER BY {t}changed, {t}vbeln, {t}posnr",
)


def asked(origin: Any, dialect: sa.Dialect, **more: Any) -> list[str]:
    ask = TableStatement(origin, origin.c.changed, [origin.c.vbeln, origin.c.posnr], **more)
    statements = (
        ask.newest(origin.c.changed),
        ask.page([origin.c.vbeln], ask.after(7, [1, 2]), 50),
        ask.nulls(7),
        ask.page([origin.c.vbeln], None, 50),
    )
    texts = [str(each.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for each in statements]
    return [" ".join(text.replace("[", "").replace("]", "").replace("`", "").split()) for text in texts]


@pytest.mark.parametrize(
    ("dialect", "first"),
    [
        (postgresql.dialect(), "LIMIT {}"),
        (sqlite.dialect(), "LIMIT {} OFFSET 0"),
        (mysql.dialect(), "LIMIT {}"),
        (mssql.dialect(), "TOP {} "),
        (oracle.dialect(), "FETCH FIRST {} ROWS ONLY"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("origin", [ORDERS, QUERY], ids=["table", "query"])
def test_every_database_is_asked_for_the_same(dialect: Any, first: str, origin: Any):
    newest, page, nulls, everything = asked(origin, dialect)
    prefix = "erp.vbak." if origin is ORDERS else "origin."

    assert [first.format(count) in text for count, text in ((1, newest), (50, page), (1, nulls))] == [True] * 3
    assert "WHERE" not in everything
    assert "changed IS NOT NULL" in newest
    assert "changed DESC" in newest
    for part in AFTER:
        assert part.format(t=prefix) in page
    assert "AS origin" not in page or dialect.name != "oracle", "Oracle knows no AS before the name of a subquery"
    assert f"{prefix}changed IS NULL OR {prefix}vbeln IS NULL OR {prefix}posnr IS NULL" in nulls


def test_rows_of_sql_server_that_may_still_change_their_order_are_left_for_later():
    settled = SETTLED["mssql"]()
    newest, page, *_ = asked(ORDERS, mssql.dialect(), below=settled)
    assert "changed < min_active_rowversion()" in newest
    assert "changed < min_active_rowversion()" in page
