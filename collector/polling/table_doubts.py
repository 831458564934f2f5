"""What in a database speaks against the settings of a table, asked before the start."""

from __future__ import annotations

from datetime import datetime

from collector.polling.change_order import ChangeOrder
from collector.polling.database import find_columns, open_engine
from collector.polling.open_transactions import open_seconds
from collector.polling.paused import PausedError
from collector.polling.table_settings import SqlTableSettings
from collector.polling.table_statement import TableStatement
from core.secrets import resolve_secret


def doubts_of(settings: SqlTableSettings) -> list[str]:
    """Look at the newest row. Raises what the database or its driver raises."""
    engine = open_engine(resolve_secret(settings.url))
    origin = find_columns(engine, settings.table, settings.query, [*settings.named, *settings.columns])
    ask = TableStatement(origin, origin.c[settings.change], [origin.c[name] for name in settings.keys])
    with engine.connect() as connection:
        row = connection.execute(ask.newest(*(origin.c[name] for name in settings.named))).mappings().first()
        open_for = open_seconds(connection)
    late = [] if open_for is None or open_for <= settings.overlap_seconds else [_late(round(open_for), settings)]
    found = None if row is None else _doubt(settings, dict(row))
    return late if found is None else [found, *late]


def _late(seconds: int, settings: SqlTableSettings) -> str:
    return (
        f"a transaction of the database has been open for {seconds} s, longer than the overlap ({settings.overlap_seconds:g} s): what it wrote "
        "before we started may be missed; end it first, or raise 'overlap_seconds'"
    )


def _doubt(settings: SqlTableSettings, row: dict[str, object]) -> str | None:
    """Return why rows would not be read, or count from the time of their loading, which is nobody's wish; None if they say when."""
    value = row[settings.change]
    try:
        moment = ChangeOrder(settings).moment(value)
    except PausedError as error:
        return str(error)
    if settings.time is None and not isinstance(moment, datetime) and not isinstance(value, str):
        return (
            f"the change column '{settings.change}' says no time ({type(value).__name__}), so every row would count from the "
            "time it is loaded; name the column that says when it happened under 'time'"
        )
    try:
        _ = settings.time and settings.time.of(row, lambda moment: moment)
    except (ValueError, OverflowError) as error:
        return (
            f"the newest row says no time that can be read, so it would count from the time it is loaded ({error}); give 'time' its format"
        )
    return None
