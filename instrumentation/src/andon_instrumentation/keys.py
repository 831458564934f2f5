"""Business keys of the current context: set, read, sent with a message and extracted from one.

A key of type ``sales_order`` is the baggage entry ``andon.key.sales_order``. Limits: 16 keys, 256 characters per value, 8 KiB of baggage
header. Anything beyond a limit is left out and logged once per process; text that cannot be encoded as UTF-8 (half a surrogate pair, as
Python has it in file names) becomes ``?``; nothing here ever raises because of a value.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import ContextDecorator, contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from urllib.parse import quote

from opentelemetry import baggage, context
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

BAGGAGE_PREFIX = "andon.key."
MAX_KEYS = 16
MAX_VALUE_LENGTH = 256
MAX_BAGGAGE_BYTES = 8192

Headers = TypeVar("Headers", bound=MutableMapping[str, Any])
_KEY_TYPE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_trace_context = TraceContextTextMapPropagator()
_baggage = W3CBaggagePropagator()
_logger = logging.getLogger("andon_instrumentation")
_said: set[str] = set()


class business_keys(ContextDecorator):  # noqa: N801 - used like contextlib's own lower-case classes
    """Put keys into the current context, in addition to those already there.

    A context manager and a decorator, also for ``async`` functions: ``business_keys(sales_order="4711")``. A value of None is left out;
    other values are converted to text. Raises ValueError for a key type with anything but lower-case letters, digits, ``_``, ``-`` and
    ``.``.
    """

    def __init__(self, **keys: object) -> None:
        for key_type in keys:
            if not _KEY_TYPE.fullmatch(key_type):
                raise ValueError(f"key type '{key_type}': use lower-case letters, digits, '_', '-' and '.', at most 64")
        self._keys = keys
        self._tokens: list[Any] = []

    def _recreate_cm(self) -> business_keys:
        # One decorator serves concurrent calls; each needs its own token.
        return business_keys(**self._keys)

    def __call__(self, func: Any) -> Any:
        """Decorate ``func``, plain or ``async``."""
        if not iscoroutinefunction(func):
            return super().__call__(func)

        @wraps(func)
        async def with_keys(*args: Any, **kwargs: Any) -> Any:
            with self._recreate_cm():
                return await func(*args, **kwargs)

        return with_keys

    def __enter__(self) -> Context:
        here = with_keys(context.get_current(), self._keys)
        self._tokens.append(context.attach(here))
        return here

    def __exit__(self, *_: object) -> None:
        context.detach(self._tokens.pop())


def with_keys(here: Context, keys: Mapping[str, object]) -> Context:
    """Return ``here`` with ``keys`` added, as far as the limits allow."""
    present = current_keys(here)
    for key_type, value in keys.items():
        text = "" if value is None else str(value).encode("utf-8", "replace").decode()
        if not text:
            continue
        if len(text) > MAX_VALUE_LENGTH:
            _say_once(f"key '{key_type}' is longer than {MAX_VALUE_LENGTH} characters and is left out")
        elif key_type not in present and len(present) >= MAX_KEYS:
            _say_once(f"more than {MAX_KEYS} business keys; '{key_type}' is left out")
        elif _header_bytes(here, key_type, text) > MAX_BAGGAGE_BYTES:
            _say_once(f"baggage is larger than {MAX_BAGGAGE_BYTES} bytes; key '{key_type}' is left out")
        else:
            here = baggage.set_baggage(BAGGAGE_PREFIX + key_type, text, here)
            present[key_type] = text
    return here


def current_keys(here: Context | None = None) -> dict[str, str]:
    """Return the business keys of ``here`` (the current context if None) by key type; untrusted ones beyond the limits are left out."""
    found: dict[str, str] = {}
    for name, value in baggage.get_all(here).items():
        if not name.startswith(BAGGAGE_PREFIX):
            continue
        key_type, text = name[len(BAGGAGE_PREFIX) :], str(value)
        if text and len(text) <= MAX_VALUE_LENGTH and _KEY_TYPE.fullmatch(key_type) and len(found) < MAX_KEYS:
            found[key_type] = text
    return found


def inject(headers: Headers, here: Context | None = None) -> Headers:
    """Add the ``traceparent``, ``tracestate`` and ``baggage`` (W3C) of ``here`` to a message's headers, and return them."""
    _trace_context.inject(headers, here)
    _baggage.inject(headers, here)
    if "baggage" in headers:
        headers["baggage"] = _plain_blanks(headers["baggage"])
    return headers


@contextmanager
def extract(headers: Mapping[str, Any]) -> Iterator[Context]:
    """Make the trace context and baggage in a message's headers the current context.

    Header names may be in any case; values may be bytes (as brokers deliver them).
    """
    token = context.attach(context_of(headers))
    try:
        yield context.get_current()
    finally:
        context.detach(token)


def context_of(headers: Mapping[str, Any]) -> Context:
    """Return the context carried by a message's headers; an empty one if they carry none."""
    carrier: dict[str, str] = {}
    for name, value in headers.items():
        lowered = str(name).lower()
        if lowered in {"traceparent", "tracestate", "baggage"}:
            carrier[lowered] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if "baggage" in carrier:
        carrier["baggage"] = _plain_blanks(carrier["baggage"])
    return _baggage.extract(carrier, _trace_context.extract(carrier, Context()))


def _plain_blanks(header: str) -> str:
    """Return a baggage header with every blank as ``%20``.

    Some SDKs write it as ``+``, which W3C says is a plus; those that do write a plus as ``%2B``.
    """
    return header.replace("+", "%20")


def _header_bytes(here: Context, key_type: str, text: str) -> int:
    entries = {**baggage.get_all(here), BAGGAGE_PREFIX + key_type: text}
    return sum(len(name) + len(quote(str(value), safe="", errors="replace")) + 2 for name, value in entries.items())


def _say_once(message: str) -> None:
    if message not in _said and len(_said) < 100:
        _said.add(message)
        _logger.warning("%s", message)
