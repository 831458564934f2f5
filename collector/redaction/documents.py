"""Events and other JSON without what is to be redacted. Numbers keep their digits."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from collector.redaction.rules import UNREADABLE, Rules

_KEPT = frozenset({"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "traceparent", "tracestate"})
_DIGITS = frozenset("0123456789")


class _Nothing:
    """A value that is not kept."""


_NOTHING = _Nothing()


def parsed(text: bytes) -> Any:
    """Return JSON whose numbers are still as they are written. Raises ``ValueError`` and ``RecursionError``."""
    return json.loads(text, parse_int=_number, parse_float=_number)


def written(value: Any) -> bytes:
    """Return what :func:`parsed` returned, and what was made of it, as JSON."""
    return msgspec.json.encode(value)


def redacted_event(event: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Return a CloudEvent without what is to be redacted: its data, its subject and its extensions."""
    made: dict[str, Any] = {}
    for name, value in event.items():
        if name == "data":
            found = redacted_value(value, "data", rules)
            if found is not None or value is None:
                made[name] = found
        elif name == "data_base64":
            made[name] = _binary(value, rules)
        elif name in _KEPT:
            made[name] = rules.text(value, always_hashed=True) if isinstance(value, str) else value
        else:
            path = name if name == "subject" else rules.at("extensions", name)
            found = _walked(value, path, rules)
            if found is not _NOTHING:
                made[name] = found
    return made


def redacted_value(value: Any, path: str, rules: Rules) -> Any:
    """Return a value of JSON that is at a path; None for what is not kept."""
    found = _walked(value, path, rules)
    return None if found is _NOTHING else found


def _walked(value: Any, path: str, rules: Rules, *, hidden: bool = False) -> Any:
    hidden = hidden or rules.hides(path)
    if not isinstance(value, (dict, list)):
        return _leaf(value, path, rules, hidden=hidden)
    if rules.drops(path):
        return _NOTHING
    if isinstance(value, list):
        return [each for each in (_walked(each, path, rules, hidden=hidden) for each in value) if each is not _NOTHING]
    walked = ((name, _walked(each, rules.at(path, name), rules, hidden=hidden)) for name, each in value.items())
    return {rules.text(name, always_hashed=True): each for name, each in walked if each is not _NOTHING}


def _leaf(value: Any, path: str, rules: Rules, *, hidden: bool) -> Any:
    if not rules.keeps_whole(path):
        rules.drops(path)
        return _NOTHING
    if value is None:
        return None
    text = value if isinstance(value, str) else _text_of(value)
    if hidden:
        return rules.hidden(path, text)
    if not isinstance(value, str) and not _DIGITS.issuperset(text):
        return value
    found = rules.text(text)
    return value if found == text else found


def _text_of(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value).lower()


def _number(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def _binary(value: Any, rules: Rules) -> str:
    """Return data in base64: redacted if it is text, else nothing, because nobody can tell what is in it."""
    try:
        text = base64.b64decode(value).decode()
    except (ValueError, TypeError):
        text = "\0"
    if "\0" in text or rules.by_path:
        rules.counts[UNREADABLE] += 1
        return ""
    return base64.b64encode(rules.text(text).encode()).decode()
