"""Amounts and counts as people read them."""

from __future__ import annotations

from collections.abc import Mapping

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "CN¥", "CHF": "CHF ", "PLN": "zł "}


def amount(value: float, currency: str) -> str:
    """Return the full amount, ``€12,400``; yen and large amounts without cents."""
    symbol = _SYMBOLS.get(currency, f"{currency} " if currency else "")
    cents = 0 if abs(value) >= 1000 or currency == "JPY" or float(value).is_integer() else 2
    return f"{symbol}{value:,.{cents}f}"


def cell(value: float | None, currency: str) -> str:
    """Return the amount for a table cell: empty where there is none; an amount without a currency is still shown."""
    return amount(value, currency) if value is not None and value == value and (value or currency) else ""  # noqa: PLR0124 - NaN


def short(value: float, currency: str) -> str:
    """Return the amount to three significant digits, ``€1.24M``."""
    symbol = _SYMBOLS.get(currency, f"{currency} " if currency else "")
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        scaled = float(f"{value / limit:.3g}")  # rounded first: €999,950 is €1.00M, not €1000k
        if abs(scaled) >= 1:
            return f"{symbol}{scaled:.{0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2}f}{unit}"
    return f"{symbol}{value:,.0f}"


def several(values: Mapping[str, float], limit: int = 3) -> str:
    """Return the largest amounts by currency, always in the order of the currencies; different currencies are never added together."""
    ordered = sorted(((v, c) for c, v in values.items() if v), reverse=True)
    shown = " + ".join(short(v, c) for v, c in sorted(ordered[:limit], key=lambda one: one[1]))
    return shown + (f" + {len(ordered) - limit} more" if len(ordered) > limit else "") if ordered else "–"


def count(number: float) -> str:
    """Return ``12,345``."""
    return f"{int(number):,}"
