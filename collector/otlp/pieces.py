"""A large OTLP request as several small ones that together say the same, so that no more than one piece of it is ever parsed at a time.

Anything that cannot be divided (a span, a log record, a data point) has a maximum size, and so has what every piece repeats: resource,
scope and a metric's own fields. Fields that OTLP does not know are left out where a message is divided.
"""

from __future__ import annotations

from collections.abc import Iterator

from collector.ingest.content import Bytes
from collector.otlp.part_count import parts_at_most
from collector.otlp.protobuf_tags import fields
from collector.rejection import Rejection, unusable
from core import protobuf_wire as wire
from core.signal import SignalKind

PIECE_BYTES = 512 << 10
PIECE_PARTS_MAX = 20_000
SMALL_BYTES = 2 * PIECE_PARTS_MAX
"""Two bytes may become a message of hundreds in memory, so a piece is not only bounded by its bytes. Up to this size it needs no count."""
RECORD_MAX_BYTES = 4 << 20
HEAD_MAX_BYTES = 1 << 20
_DATA = frozenset({5, 7, 9, 10, 11})
"""The fields of a metric that hold data points: gauge, sum, histogram, exponential histogram, summary."""
_OUTER = (frozenset({1}), frozenset({2}), frozenset({2}))
# the fields that are divided, from a request to its records
_LEVELS = {SignalKind.TRACES: _OUTER, SignalKind.LOGS: _OUTER, SignalKind.METRICS: (*_OUTER, _DATA, frozenset({1}))}


def pieces(kind: SignalKind, body: Bytes) -> Iterator[bytes]:
    """Yield the pieces of a request, in order. Raises :class:`Rejection` (400), and ``DecodeError`` if the bytes are not protobuf."""
    return _divided(body, 0, len(body), _LEVELS[kind], 0)


def _divided(body: Bytes, begin: int, end: int, levels: tuple[frozenset[int], ...], outer_bytes: int) -> Iterator[bytes]:
    """Yield the contents of a message in pieces; ``outer_bytes`` are repeated around each of them."""
    if _is_small(body, begin, end, max(PIECE_BYTES, 2 * outer_bytes)):
        yield body[begin:end]
        return
    if not levels:
        if end - begin > RECORD_MAX_BYTES:
            raise _too_large("a span, log record or data point", RECORD_MAX_BYTES)
        yield body[begin:end]
        return
    head = _head(body, begin, end, levels[0])
    most = max(PIECE_BYTES, 2 * (outer_bytes + len(head)))
    together: list[bytes] = [head]
    size, is_divided = 0, False
    for tag, first, content, last in fields(body, begin, end):
        if not _divides(tag, levels[0]):
            continue
        is_divided = True
        if size and (size + last - first > most or len(together) > PIECE_PARTS_MAX):
            yield b"".join(together)
            together, size = [head], 0
        if not _is_small(body, content, last, most):
            for inner in _divided(body, content, last, levels[1:], outer_bytes + len(head)):
                yield head + wire.varint(tag) + wire.delimited(inner)
        else:
            together.append(body[first:last])
            size += last - first
    if size or not is_divided:
        yield b"".join(together)


def _is_small(body: Bytes, begin: int, end: int, most: int) -> bool:
    if end - begin > most:
        return False
    return end - begin <= SMALL_BYTES or parts_at_most(body[begin:end]) <= PIECE_PARTS_MAX


def _divides(tag: int, divided: frozenset[int]) -> bool:
    return tag & 7 == 2 and tag >> 3 in divided


def _head(body: Bytes, begin: int, end: int, divided: frozenset[int]) -> bytes:
    """Return the part of a message that each piece repeats.

    The fields are walked again after it: half a million of them in a list are 80 MB.
    """
    others: list[bytes] = []
    size = 0
    for tag, first, _, last in fields(body, begin, end):
        if not _divides(tag, divided):
            size += last - first
            if size > HEAD_MAX_BYTES:
                raise _too_large("a resource, a scope, or a metric without its data points", HEAD_MAX_BYTES)
            others.append(body[first:last])
    return b"".join(others)


def _too_large(what: str, max_bytes: int) -> Rejection:
    return unusable("otlp_too_large", f"{what} may be {max_bytes} bytes", field="body", what_to_do="send smaller ones")
