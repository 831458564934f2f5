"""What may enter: OTLP requests, whole or without their bad records.

In the good case Python touches no single record: one strict ``upb`` parse proves that the protobuf is sound, and a pre-scan
(``prescan.py``) that nothing about its records is suspicious. Only suspicious requests are inspected record by record (``records.py``): a
bad record is set aside and the others pass. A large request is validated in pieces (``pieces.py``), after its parts were counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from collector.ingest.content import Bytes
from collector.otlp import records
from collector.otlp.part_count import HOLDERS_MAX, SMALL_RECORD_BYTES, check_parts
from collector.otlp.pieces import SMALL_BYTES, pieces
from collector.otlp.prescan import has_few_attributes, has_good_heads, outline
from collector.otlp.records import STRING_MAX_BYTES, BadRecords
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection, unusable
from core.signal import SignalKind

ORIGINS_MAX = 1000
"""Up to this many resources and scopes are simply inspected one by one."""
_RESOURCES = {SignalKind.TRACES: "resource_spans", SignalKind.LOGS: "resource_logs", SignalKind.METRICS: "resource_metrics"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be journalled: ``body`` with ``count`` good records (empty if there are none), and the bad ones.

    ``services``: the ``service.name`` of every resource in the request.
    """

    body: bytes
    count: int
    bad: list[BadRecords] = field(default_factory=list)
    services: frozenset[str] = frozenset()


def admit_ordinary(kind: SignalKind, body: bytes, records_max: int = HOLDERS_MAX) -> Admitted | None:
    """Return a protobuf request in which the pre-scan finds nothing suspicious; None for one whose records have to be inspected.

    ``records_max``: one with more records is not looked at. Raises :class:`Rejection` (400) if it is not such a request.
    """
    if not body:
        return Admitted(b"", 0)
    try:
        sizes, origins = outline(body)
        if not sizes and not origins:
            return Admitted(b"", 0)
        longest = max(sizes, default=0)
        if len(sizes) > records_max or origins > ORIGINS_MAX or longest > SMALL_RECORD_BYTES:
            return None
        request = REQUESTS[kind].FromString(body)
    except DecodeError as error:
        raise _unreadable(kind) from error
    if not sizes:
        return Admitted(b"", 0)
    return Admitted(body, len(sizes), services=_services(kind, request)) if _is_ordinary(kind, body, request, longest) else None


def admit(kind: SignalKind, body: Bytes) -> Iterator[Admitted]:
    """Check one OTLP request in protobuf, in pieces if it is large; nothing of it may be journalled before the last piece.

    Raises :class:`Rejection` (400) if all of it is unusable.
    """
    try:
        check_parts(kind, body)
        for piece in pieces(kind, body) if len(body) > SMALL_BYTES else (bytes(body),):
            admitted = admit_ordinary(kind, piece)
            if admitted is None:
                request = REQUESTS[kind].FromString(piece)
                services = _services(kind, request)
                good, count, bad = records.sort_out(kind, request)
                admitted = Admitted(good, count, bad, services)
            yield admitted
    except DecodeError as error:
        raise _unreadable(kind) from error


def _unreadable(kind: SignalKind) -> Rejection:
    return unusable(
        "bad_protobuf",
        f"the body is not an OTLP {kind.value} request",
        field="body",
        what_to_do="send the protobuf message of the path's signal",
    )


def _is_ordinary(kind: SignalKind, body: bytes, request: Any, longest: int) -> bool:
    """Return whether it is certain that nothing in a request breaks a limit; ``longest``: the bytes of the longest record."""
    return (
        longest <= STRING_MAX_BYTES
        and has_good_heads(kind, body)
        and has_few_attributes(kind, body, longest)
        and records.has_good_origins(kind, request)
    )


def _services(kind: SignalKind, request: Any) -> frozenset[str]:
    resources = (item.resource for item in getattr(request, _RESOURCES[kind]))
    return frozenset(
        next((attribute.value.string_value for attribute in resource.attributes if attribute.key == "service.name"), "")
        for resource in resources
    )
