"""JSON from outside, restricted to what every later reader understands in the same way."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from collector.rejection import Rejection, unusable

DEPTH_MAX = 64
NODES_MAX = 100_000
DIGITS_MAX = 64
PLAIN_MAX_BYTES = 1 << 20
"""A larger document is looked at slowly, so as not to be held in memory twice."""
_SLICE_BYTES = 256 << 10
_AROUND = b"\0 \t\r\n"
# Possessive throughout: an expression that backtracks over a string, a number or a row of backslashes is quadratic, and minutes
# of that hold up every other sender. A string that is never closed extends to the end of the body.
_STRING_PATTERN = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_STRING = re.compile(_STRING_PATTERN, re.DOTALL)
_LONG_NUMBER = re.compile(rb"(?<![0-9.eE+-])[0-9.eE+-]{%d}" % (DIGITS_MAX + 1))
_NOT_A_BRACKET = re.compile(rb'(?:[^\[\]{}"]++|' + _STRING_PATTERN + rb")++", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*+)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_ODD_ESCAPE = re.compile(rb"\\u(?:[dD]|003[aA]|0000)")
_DIGITS = bytes(48 if character in b"0123456789.eE+-" else 32 for character in range(256))
_LONG_RUN = b"0" * (DIGITS_MAX + 1)
_SAMPLED_EVERY = 16
_SAMPLED_RUN = b"0" * (DIGITS_MAX // _SAMPLED_EVERY)
_BACKSLASH = ord("\\")
_DECODER, _ENCODER = msgspec.json.Decoder(), msgspec.json.Encoder()
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*+)\\u0000")


def without_wrapping(body: bytes) -> bytes:
    """Return a JSON document without the byte order mark before it, and without the NULs and white space around it."""
    return body.removeprefix(codecs.BOM_UTF8).strip(_AROUND)


def check_depth(body: bytes) -> None:
    """Reject JSON that is nested too deeply, without recursion. Raises :class:`Rejection` (400)."""
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return
    depth = 0
    for bracket in _NOT_A_BRACKET.sub(b"", body):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise _bad("too_deep", f"nested deeper than {DEPTH_MAX} levels")


def check_digits(body: bytes) -> None:
    """Reject JSON with a number of more than 64 characters, before anything reads it. Raises :class:`Rejection` (400)."""
    if _has_long_number(body) and _has_long_number(_STRING.sub(b'""', body)):
        raise _bad("long_number", f"a number has more than {DIGITS_MAX} digits")


def _has_long_number(body: bytes) -> bool:
    # in slices: one search over a large body would keep the interpreter from all other threads
    return any(_LONG_NUMBER.search(body, start, start + _SLICE_BYTES + DIGITS_MAX) for start in range(0, len(body), _SLICE_BYTES))


def repaired(body: bytes) -> bytes:
    """Return JSON in which lone surrogates and NULs are replaced by U+FFFD; other readers would refuse all of it for one of them."""
    if _SURROGATE.search(body):
        body = _replaced(_LONE_SURROGATE, lambda match: match[1] + (match[2] or rb"\ufffd"), body)
    return _replaced(_NUL, lambda match: match[1] + rb"\ufffd", body) if rb"\u0000" in body else body


def check_json(body: bytes) -> bytes:
    """Return the one JSON document of a body within the limits; lone surrogates and NULs in it are replaced by U+FFFD.

    Rejected with :class:`Rejection` (400): encodings other than UTF-8, NaN and infinities, numbers of more than 64
    digits, the same key twice in an object, more than 64 levels or 100,000 values.
    """
    body = without_wrapping(body)
    check_depth(body)
    if _is_plain(body):
        return body
    if body.count(b",") > NODES_MAX and _STRING.sub(b"", body).count(b",") > NODES_MAX:
        raise _bad("too_many_nodes", f"more than {NODES_MAX} values")
    body = repaired(body)
    try:
        json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise _bad("not_utf8", "not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _bad("syntax", f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    return body


def _is_plain(body: bytes) -> bool:
    """Return whether JSON that is not too deep is within all other limits; False if only a slower look can tell.

    No key is there twice if what was read has as many colons as the text: a value that another of the same name replaced took its own with
    it. A colon that is escaped would spoil the count.
    """
    if len(body) > PLAIN_MAX_BYTES or (len(body) > NODES_MAX and body.count(b",") > NODES_MAX):
        return False
    if _may_have_long_number(body) or (_BACKSLASH in body and b"\\u" in body and _ODD_ESCAPE.search(body)):
        return False
    try:
        again = _ENCODER.encode(_DECODER.decode(body))
        return again == body or again.count(b":") == body.count(b":")
    except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError):
        return False


def _may_have_long_number(body: bytes) -> bool:
    """Return whether so many characters of numbers follow each other, in a string or not; a look at every 16th rules it out for most."""
    return _SAMPLED_RUN in body[::_SAMPLED_EVERY].translate(_DIGITS) and _LONG_RUN in body.translate(_DIGITS)


def _replaced(pattern: re.Pattern[bytes], replacement: Callable[[re.Match[bytes]], bytes], body: bytes) -> bytes:
    # ``sub`` keeps an object for every match until the end
    out = bytearray()
    at = 0
    for match in pattern.finditer(body):
        out += body[at : match.start()]
        out += replacement(match)
        at = match.end()
    return bytes(out + body[at:])


def check_values(body: bytes, most: int) -> None:
    """Reject JSON with more than about ``most`` values, judging by the characters between and around them.

    Raises :class:`Rejection` (400).
    """
    if _marks(body) > most and _marks(_STRING.sub(b"", body)) > most:
        raise _bad("too_many_nodes", f"more than {most} values")


def _marks(body: bytes) -> int:
    return body.count(b",") + body.count(b"{") + body.count(b"[")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _bad("duplicate_key", "an object has the same key twice")
    return found


def _constant(name: str) -> NoReturn:
    raise _bad("not_a_number", f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise _bad("long_number", f"a number has more than {DIGITS_MAX} digits")
    return int(text)


def _float(text: str) -> float:
    if len(text) > DIGITS_MAX:
        raise _bad("long_number", f"a number has more than {DIGITS_MAX} digits")
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise _bad("not_a_number", "a number is too large for a double")
    return value


def _bad(kind: str, message: str) -> Rejection:
    return unusable(f"bad_json:{kind}", f"the JSON is not usable: {message}", field="body", what_to_do="send one JSON document in UTF-8")
