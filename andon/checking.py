"""Checks a catalog with the judges of every stage: due expressions by ``slas``, SQL expressions by the store's own engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.catalog.load import Loaded, load_catalog
from core.catalog.review import CheckExpression
from core.errors import Permanent
from correlator.paths import Place, Signal, as_expression, place_of
from slas.due import check_due
from store import read_only

if TYPE_CHECKING:
    from store.client import Store


def check_catalog(folder: Path, check_expression: CheckExpression | None = None) -> Loaded:
    """Return the checked catalog. Raises :class:`core.catalog.load.CatalogErrors` with every problem in it.

    Without ``check_expression`` (see :func:`expressions_of`) it is not asked whether the store's expressions can be evaluated, only
    whether they are allowed.
    """
    return load_catalog(folder, check_expression or _allowed, check_due)


def _allowed(kind: str, text: str) -> str | None:
    signal = cast("Signal", kind)
    place, _ = place_of(signal, text)
    try:
        if place is Place.EXPRESSION:
            read_only.check_expression(as_expression(signal, text))
    except Permanent as refusal:
        return str(refusal)
    return None


def expressions_of(store: Store | None = None) -> CheckExpression:
    """Return a judge of expressions that asks ``store``, or an empty engine in memory, opened when the first expression is met."""

    @cache
    def engine() -> CheckExpression:
        from store.expressions import ExpressionCheck

        return ExpressionCheck(store)

    @cache
    def check(signal: Signal, text: str) -> str | None:
        place, _ = place_of(signal, text)
        return engine()(signal, as_expression(signal, text)) if place is Place.EXPRESSION else None

    return check
