"""OTLP/JSON to OTLP/protobuf.

Typed decoding (``json_types.py``) checks names and types in C; the encoder here writes protobuf bytes directly, because filling message
objects from Python costs several times as much. Ids are hexadecimal, 64-bit integers are numbers or strings, and unknown names in a record
are ignored: these are the JSON rules of the OTLP specification. (``google.protobuf.json_format`` reads the ids as base64 and is thirty
times slower.)
"""

from __future__ import annotations

import msgspec

from collector.json_guard import check_depth, check_digits, check_values, without_wrapping
from collector.otlp.json_types import ProtobufStruct, struct_of
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection, unusable
from core.signal import SignalKind

VALUES_MAX = 300_000
_DECODERS = {kind: msgspec.json.Decoder(struct_of(request.DESCRIPTOR)) for kind, request in REQUESTS.items()}


def convert(kind: SignalKind, body: bytes) -> bytes:
    """Return an OTLP/JSON request as protobuf. Raises :class:`collector.rejection.Rejection` (400) that names the field."""
    body = without_wrapping(body)
    check_depth(body)
    check_digits(body)
    check_values(body, VALUES_MAX)
    try:
        request: ProtobufStruct = _DECODERS[kind].decode(body)
        return request.to_protobuf()
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        raise _bad("type", message, path.strip("`")) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("syntax", str(error)) from error
    except UnicodeError as error:
        raise _bad("not_utf8", "not UTF-8") from error
    except (ValueError, OverflowError) as error:
        raise _bad("value", str(error)) from error


def _bad(kind: str, message: str, field: str = "body") -> Rejection:
    return unusable(
        f"bad_json:{kind}",
        f"not an OTLP/JSON request: {message}",
        field=field,
        what_to_do="see the JSON encoding of the OTLP specification",
    )
