"""Checks a catalog with the validators of every stage; every process and every command uses the same ones.

Due expressions are validated by ``slas``, the settings of receivers and channels by their plug-ins, and SQL expressions by the store's own
engine, which is present only where a store is: elsewhere it is only checked that they are allowed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from andon.plugins import check_channel, check_format, check_publisher, check_receiver, queues_of
from core.catalog.calendar import Calendar
from core.catalog.catalog import Catalog
from core.catalog.load import Loaded, load_catalog
from core.catalog.reading import Reading, reading_of
from core.catalog.review import CheckExpression, Validators
from core.clock import SystemClock
from core.errors import Permanent, UsageError
from core.secrets import read_all, resolve_secret
from correlator import extraction
from correlator.paths import Signal, as_expression, is_path
from slas.calendar import zone_of
from slas.calendar_year import closing_text
from slas.due import check_due
from store.read_endpoint import read_only

if TYPE_CHECKING:
    from store.client import Store
    from store.expressions import ExpressionCheck


def _expressions(kind: str, place: str | Reading) -> list[str]:
    """Return what the store has to evaluate: each path that is an expression alone, and a reading as a whole."""
    signal = cast("Signal", kind)
    alone = [as_expression(signal, path) for path in reading_of(place).paths if not is_path(signal, path)]
    return alone if isinstance(place, str) else [*alone, extraction.text(signal, place, several=True)]


def _allowed(kind: str, place: str | Reading) -> str | None:
    try:
        for expression in _expressions(kind, place):
            read_only.check_expression(expression)
    except Permanent as refusal:
        return str(refusal)
    return None


_VALIDATORS = Validators(_allowed, check_due, check_receiver, check_format, check_publisher, check_channel, queues_of)


def check_catalog(folder: Path, check_expression: CheckExpression | None = None) -> Loaded:
    """Return the checked catalog. Raises :class:`core.catalog.load.CatalogErrors` with every error in it.

    Without ``check_expression`` (see :func:`expressions_of`) it is not checked whether the store's expressions can be evaluated, only
    whether they are allowed.
    """
    try:
        return load_catalog(folder, replace(_VALIDATORS, expression=check_expression) if check_expression else _VALIDATORS)
    except RecursionError as error:
        raise UsageError(f"{folder}: something in this catalog is nested too deeply to be validated; flatten it") from error


def unreadable_secrets(catalog: Catalog) -> list[str]:
    """Return what is wrong with each secret that this process cannot read now."""
    sources = [(source.whose, source.secrets) for source in catalog.sources.values()]
    channels = [(f"channel '{name}'", channel.secrets) for name, channel in catalog.routes.channels.items()]
    return [problem for owner, references in (*sources, *channels) for problem in read_all(owner, references, resolve_secret)[1]]


def closings(catalog: Catalog) -> list[str]:
    """Return for each calendar what it closes this year."""
    return [closing_text(each, this_year(each)) for each in catalog.calendars.values()]


def this_year(calendar: Calendar) -> int:
    """Return the current year in a calendar's time zone."""
    return SystemClock().now().astimezone(zone_of(calendar.time_zone)).year


def expressions_of(store: Store | None = None) -> CheckExpression:
    """Return a validator of expressions that asks ``store``, or an empty in-memory engine that is opened for the first expression."""

    @cache
    def engine() -> ExpressionCheck:
        from store.expressions import ExpressionCheck

        return ExpressionCheck(store)

    @cache
    def check(kind: str, place: str | Reading) -> str | None:
        return next(filter(None, (engine()(kind, expression) for expression in _expressions(kind, place))), None)

    return check
