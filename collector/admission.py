"""What may enter: OTLP requests, whole or without their bad records.

The good case touches no single record in Python: one strict ``upb`` parse says that the protobuf is sound, and a glance
(``otlp_glance.py``) that nothing about its records is odd. Only what looks odd is looked at record by record (``otlp_records.py``), where
a bad record is set aside and the others pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from collector import otlp_records
from collector.otlp_count import check_parts
from collector.otlp_glance import has_few_attributes, has_good_heads, record_sizes
from collector.otlp_records import RECORDS_MAX, STRING_MAX_BYTES, BadRecords
from collector.otlp_requests import REQUESTS
from collector.rejection import unusable
from core.signal import SignalKind

HTTP_BODY_MAX_BYTES = 20 << 20
GRPC_MESSAGE_MAX_BYTES = 4 << 20
_RESOURCES = {SignalKind.TRACES: "resource_spans", SignalKind.LOGS: "resource_logs", SignalKind.METRICS: "resource_metrics"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be journalled: ``body`` with ``count`` good records (empty when there is none), and the bad ones.

    ``services``: the ``service.name`` of every resource in the request.
    """

    body: bytes
    count: int
    bad: list[BadRecords] = field(default_factory=list)
    services: frozenset[str] = frozenset()


def admit(kind: SignalKind, body: bytes) -> Admitted:
    """Check one OTLP request in protobuf. Raises :class:`collector.rejection.Rejection` (400) when the whole of it is unusable."""
    if not body:
        return Admitted(b"", 0)
    try:
        check_parts(kind, body)
        request = REQUESTS[kind].FromString(body)
        sizes = record_sizes(body)
    except DecodeError as error:
        raise unusable(
            "bad_protobuf",
            f"the body is not an OTLP {kind.value} request",
            field="body",
            what_to_do="send the protobuf message of the path's signal",
        ) from error
    if not sizes:
        return Admitted(b"", 0)
    services = _services(kind, request)
    if _is_ordinary(kind, body, request, sizes):
        return Admitted(body, len(sizes), services=services)
    good, count, bad = otlp_records.sort_out(kind, request)
    return Admitted(good, count, bad, services)


def _is_ordinary(kind: SignalKind, body: bytes, request: Any, sizes: list[int]) -> bool:
    """Return whether surely nothing in a request breaks a limit."""
    longest = max(sizes)
    return (
        len(sizes) <= RECORDS_MAX
        and longest <= STRING_MAX_BYTES
        and has_good_heads(kind, body)
        and has_few_attributes(kind, body, longest)
        and otlp_records.has_good_origins(kind, request)
    )


def _services(kind: SignalKind, request: Any) -> frozenset[str]:
    resources = (item.resource for item in getattr(request, _RESOURCES[kind]))
    return frozenset(
        next((attribute.value.string_value for attribute in resource.attributes if attribute.key == "service.name"), "")
        for resource in resources
    )
