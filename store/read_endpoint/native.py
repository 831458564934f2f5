"""What ClickHouse's own clients take and plain readers do not: compressed answers, and the greeting of clickhouse-go.

The embedded engine writes the Native format in its first revision, without the block info and flags that a client may ask for with
``client_protocol_version``. A client goes by the revision that the server names, so this one names that: 0. Only the answer to its first
question, which asks for the revision, must already be in the revision that the client asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import lz4.block
from backports.zstd import compress
from clickhouse_cityhash.cityhash import CityHash128

from store.read_endpoint.read_only import REVISION, SERVER_NAME
from store.statement import statement

_GREETING = statement("endpoint/greeting").strip()
_WITH_FLAGS = 54_454
"""From this revision on, each column says whether its serialization is a special one."""
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Field 1, whether the rows overflow: no. Field 2, the bucket: -1, none. The end."""
_FRAME_BYTES = 1 << 20
_LZ4, _ZSTD = 0x82, 0x90


def greeting(sql: str, protocol: str, version: str) -> bytes | None:
    """Return the answer to a client's first question in the revision of the Native format it asked for; None for any other question.

    ``version``: the engine's. Source of the format: NativeWriter.cpp and BlockInfo.h of ClickHouse.
    """
    if sql != _GREETING or not protocol.isdecimal() or not int(protocol):
        return None
    flags = b"\0" if int(protocol) >= _WITH_FLAGS else b""
    columns = (
        ("displayName()", "String", _text(SERVER_NAME)),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", REVISION.to_bytes(4, "little")),
        ("timezone()", "String", _text("UTC")),
    )
    return _BLOCK_INFO + bytes([len(columns), 1]) + b"".join(_text(name) + _text(type_) + flags + value for name, type_, value in columns)


def compressed(answer: bytes, method: str) -> bytes:
    """Return an answer in ClickHouse's own frames, as ``compress=1`` asks for; ``method`` is LZ4 or ZSTD, and anything else is LZ4.

    A frame is a checksum of 16 bytes and then what it covers: the method, the frame's length from there on, the plain length, the data.
    """
    return b"".join(_frames(answer, zstd=method.upper() == "ZSTD"))


def _frames(answer: bytes, *, zstd: bool) -> Iterator[bytes]:
    for start in range(0, max(1, len(answer)), _FRAME_BYTES):
        plain = answer[start : start + _FRAME_BYTES]
        data = compress(plain, level=1) if zstd else lz4.block.compress(plain, store_size=False)
        head = bytes([_ZSTD if zstd else _LZ4]) + (9 + len(data)).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        checksum = int(CityHash128(head + data))
        yield (checksum >> 64).to_bytes(8, "little") + (checksum & (1 << 64) - 1).to_bytes(8, "little") + head + data


def _text(value: str) -> bytes:
    """Return a text of less than 128 bytes with its length."""
    encoded = value.encode()
    return bytes([len(encoded)]) + encoded
