"""What names of fields tell: which are no identifiers, which are facts, and how a thing is called after them."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

_TECHNICAL = re.compile(
    r"(attributes|extensions)\.(http|url|net|network|server|client|thread|code|db|telemetry|process|host|k8s|rpc|messaging|peer|exception"
    r"|user_agent|otel|container|os|faas|cloud|aws|azure|gcp|error)\."
)
_NO_KEY = frozenset({
    "account", "amount", "at", "batch_size", "bytes", "buyer", "carrier", "client", "code", "cost", "count", "country", "currency",
    "curr", "customer", "date", "debitor", "duration", "elapsed", "email", "gross", "index", "kunnr", "length", "lgort", "lifnr",
    "line", "lines", "material", "matnr", "menge", "name", "net", "netwr", "offset", "page", "partition", "partner", "percent",
    "phone", "pid", "plant", "port", "posnr", "position", "price", "product", "qty", "quantity", "rate", "seq", "sequence", "site",
    "size", "sku", "span", "speed", "status", "supplier", "temperature", "text", "thread", "time", "timestamp", "total",
    "traceparent", "tracestate", "user", "username", "value", "vendor", "version", "waerk", "waers", "warehouse", "weight", "werks",
    "year", "zip",
})  # fmt: skip
_FACTS = (
    ("amount", "decimal", "amount total netwr value price sum gross wrbtr dmbtr net"),
    ("currency", "text", "currency curr waerk waers"),
    ("customer", "text", "customer kunnr buyer client debitor"),
    ("supplier", "text", "supplier vendor lifnr kreditor"),
    ("carrier", "text", "carrier forwarder"),
    ("plant", "text", "plant werks site warehouse"),
    ("promised_at", "time", "promised due requested delivery eta lfdat vdatu eindt"),
)
_BESIDE = frozenset({
    "id", "name", "code", "no", "nr", "number", "date", "at", "on", "by", "time", "until",
})  # fmt: skip
_NUMBERED = re.compile(r"(?<=.)[_-]?(id|no|nr|num|number|key|ref)$")
_NOTHING = frozenset({"", "id", "no", "nr", "num", "number", "key", "ref"})


def words_of(path: str) -> list[str]:
    """Return the words of the last name in a path: ``data.orderId`` is ``order`` and ``id``."""
    last = re.split(r"[./]", path.replace("[]", ""))[-1]
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]


def may_be_a_key(path: str) -> bool:
    """Whether a path's name does not say that it is an amount, a place, a party or something technical: ``customerOrder`` is an order."""
    words = [word for word in words_of(path) if word not in _NOTHING]
    return not _TECHNICAL.match(path) and not (words and words[-1] in _NO_KEY)


def key_name(path: str) -> str:
    """Return what a key at this path would be called; empty if its name says nothing."""
    parts = path.replace("[]", "").split(".")
    if path.startswith("body#"):
        return ""
    names = ("_".join(words_of(part)) for part in reversed(parts[1:] or parts))
    return next((_NUMBERED.sub("", name) for name in names if name not in _NOTHING and name[0].isalpha()), "")


def fact_name(path: str) -> tuple[str, str] | None:
    """Return the fact that a path's name means, and its type: none for ``customerOrder``, which is no customer."""
    words = set(words_of(path)) - _BESIDE
    if _TECHNICAL.match(path) or path.startswith("body#") or not words:
        return None
    return next(((name, type_) for name, type_, known in _FACTS if words <= set(known.split())), None)


def slug(text: str, taken: Container[str], *, otherwise: str) -> str:
    """Return an identifier of the catalog for a text, not one of those taken."""
    words = [word for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", text).lower()) if word]
    while words and not words[0][0].isalpha():
        words.pop(0)
    name = "-".join(words)[:40].rstrip("-") or otherwise
    return free(name, taken)


def free(name: str, taken: Container[str], joint: str = "-") -> str:
    """Return a name, or the name with a number if it is taken."""
    number = 1
    chosen = name
    while chosen in taken:
        number += 1
        chosen = f"{name}{joint}{number}"
    return chosen


def shortest_slug(parts: Sequence[str], taken: Container[str], *, otherwise: str) -> str:
    """Return an identifier for the last of some parts, or for as many as make it one of its own."""
    for count in range(1, len(parts) + 1):
        name = slug(" ".join(parts[-count:]), (), otherwise=otherwise)
        if name not in taken:
            return name
    return slug(" ".join(parts), taken, otherwise=otherwise)
