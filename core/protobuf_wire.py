"""Protobuf wire format, writing only. Source: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

import struct

_DOUBLE = struct.Struct("<d")
_FIXED64 = struct.Struct("<Q")
_FIXED64_SIGNED = struct.Struct("<q")


def varint(value: int) -> bytes:
    """Encode a non-negative integer below 2**64. Raises ValueError outside."""
    if value < 128:
        if value < 0:
            raise ValueError(f"{value} is negative")
        return bytes((value,))
    if value >= 1 << 64:
        raise ValueError(f"{value} does not fit into 64 bits")
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def int64(value: int) -> bytes:
    """Encode a signed integer as protobuf's ``int32`` and ``int64`` do. Raises ValueError outside 64 bits."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} does not fit into 64 bits")
    return varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def zigzag(value: int) -> bytes:
    """Encode a signed integer as protobuf's ``sint32`` does. Raises ValueError outside 32 bits."""
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"{value} does not fit into 32 bits")
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def fixed64(value: int) -> bytes:
    """Encode an unsigned integer in 8 bytes. Raises ValueError outside."""
    try:
        return _FIXED64.pack(value)
    except struct.error as error:
        raise ValueError(f"{value} does not fit into 64 bits without a sign") from error


def sfixed64(value: int) -> bytes:
    """Encode a signed integer in 8 bytes. Raises ValueError outside."""
    try:
        return _FIXED64_SIGNED.pack(value)
    except struct.error as error:
        raise ValueError(f"{value} does not fit into 64 bits") from error


def fixed32(value: int) -> bytes:
    """Encode an unsigned integer in 4 bytes. Raises ValueError outside."""
    if not 0 <= value < 1 << 32:
        raise ValueError(f"{value} does not fit into 32 bits without a sign")
    return value.to_bytes(4, "little")


def double(value: float) -> bytes:
    """Encode a double."""
    return _DOUBLE.pack(value)


def delimited(content: bytes) -> bytes:
    """Encode bytes, a string or a message, preceded by its length."""
    size = len(content)
    return (bytes((size,)) if size < 128 else varint(size)) + content


def tag(number: int, wire_type: int) -> bytes:
    """Encode a field's tag."""
    return varint(number << 3 | wire_type)
