"""Content encodings of HTTP bodies, inflated within a bound: a bomb costs the bound, not the memory."""

from __future__ import annotations

import zlib

import zstandard

from collector.rejection import Rejection, refused, unusable

_GZIP_WBITS = 31
_ZSTD_SLICE_BYTES = 512
"""The decoder has no bound on its output; 512 bytes hold at most 128 blocks of 128 KiB, so one step inflates to 16 MiB at the most."""
ENCODINGS = ("identity", "gzip", "deflate", "zstd")


def decode(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return ``body`` without its ``Content-Encoding``.

    Raises :class:`Rejection`: 415 for an encoding we do not know, 413 above ``max_bytes``, 400 for bytes that do not decode.
    """
    name = encoding.strip().lower() or "identity"
    if name == "identity":
        return body
    if name in {"gzip", "x-gzip"}:
        return _inflate(body, _GZIP_WBITS, max_bytes)
    if name == "deflate":
        # RFC 9110 means zlib's format; some senders leave its two-byte header out.
        zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return _inflate(body, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS, max_bytes)
    if name == "zstd":
        return _decompress_zstd(body, max_bytes)
    raise refused(
        415,
        "unsupported_encoding",
        f"content-encoding '{name[:40]}' is not supported",
        field="content-encoding",
        what_to_do="use gzip, deflate, zstd or none",
    )


def _inflate(body: bytes, window_bits: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while body:
        decoder = zlib.decompressobj(window_bits)
        try:
            part = decoder.decompress(body, max_bytes - total + 1)
        except zlib.error as error:
            raise _broken(str(error)) from error
        total += len(part)
        if total > max_bytes:
            raise _too_large(max_bytes)
        if not decoder.eof:
            raise _broken("the compressed data ends too early")
        parts.append(part)
        body = decoder.unused_data  # gzip allows several members one after the other
        if body and window_bits != _GZIP_WBITS:
            raise _broken("there is something after the end of the compressed data")
    return b"".join(parts)


def _decompress_zstd(body: bytes, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while body:
        decoder = zstandard.ZstdDecompressor(max_window_size=8 << 20).decompressobj()
        try:
            for start in range(0, len(body), _ZSTD_SLICE_BYTES):
                part = decoder.decompress(body[start : start + _ZSTD_SLICE_BYTES])
                total += len(part)
                if total > max_bytes:
                    raise _too_large(max_bytes)
                parts.append(part)
                if decoder.eof:
                    break
        except zstandard.ZstdError as error:
            raise _broken(str(error)) from error
        if not decoder.eof:
            raise _broken("the compressed data ends too early")
        body = decoder.unused_data + body[start + _ZSTD_SLICE_BYTES :]
    return b"".join(parts)


def _broken(message: str) -> Rejection:
    return unusable(
        "bad_encoding", f"the body does not decode: {message}", field="content-encoding", what_to_do="send the encoding the header names"
    )


def _too_large(max_bytes: int) -> Rejection:
    return refused(
        413,
        "too_large_decompressed",
        f"the decompressed body is larger than {max_bytes} bytes",
        field="body",
        what_to_do="send smaller batches",
    )
