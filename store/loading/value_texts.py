"""Values of OTLP as the store writes them as texts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import ArrayValue


def double_text(value: float) -> bytes:
    """Return the shortest decimal number for a double, as ClickHouse writes it: with an exponent below 1e-6 and from 1e21 on."""
    number = Decimal(repr(value))
    if not number.is_finite():
        return repr(value).encode()
    sign, digits, exponent = number.normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if number == 0:
        text = "0"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{text}"
    elif not 0 < point <= 21:
        text = f"{text[0]}{'.' if text[1:] else ''}{text[1:]}e{point - 1}"
    elif point >= len(text):
        text += "0" * (point - len(text))
    else:
        text = f"{text[:point]}.{text[point:]}"
    return f"{'-' if sign else ''}{text}".encode()


def texts_of_list(list_: bytes) -> Iterator[bytes]:
    """Yield the texts of the elements of an ArrayValue. Raises ValueError for one that is left to the store, DecodeError for none."""
    message = ArrayValue.FromString(list_)
    if message.SerializeToString() != list_ or len(list_) > _LIST_BYTES:
        raise ValueError("not as senders write lists")
    yield from map(_element, message.values[:_ELEMENTS])
    if len(message.values) > _ELEMENTS:
        yield _MORE


def _element(any_value: Any) -> bytes:
    which = any_value.WhichOneof("value")
    return _IN_LIST[which](getattr(any_value, which)) if which in _IN_LIST else b""


AS_TEXT: dict[str, Callable[[Any], bytes]] = {
    "string_value": bytes,
    "bool_value": lambda value: b"true" if value else b"false",
    "int_value": lambda value: str(value).encode(),
    "double_value": double_text,
    "array_value": base64.b64encode,
    "kvlist_value": base64.b64encode,
    "bytes_value": base64.b64encode,
}
"""By field of an AnyValue, as ClickHouse reads it: strings are bytes; of lists and maps only what was sent is there."""
_IN_LIST: dict[str, Callable[[Any], bytes]] = {
    **AS_TEXT,
    "string_value": str.encode,
    "array_value": lambda _: b"[list]",
    "kvlist_value": lambda _: b"{map}",
}
"""In a list that is read as OTLP has it."""
_ELEMENTS = 200
_MORE = b"[more than 200 values]"
"""What of a list is kept apart (``core/sql/any_value``): so many elements, and that there are more."""
_LIST_BYTES = 1 << 20
