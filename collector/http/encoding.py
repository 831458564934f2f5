"""Content encodings of HTTP bodies, inflated within a limit: a decompression bomb costs the limit, not the memory.

These are the ones that the OpenTelemetry Collector's exporter offers (``confighttp``, the setting ``compression``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cramjam
import lz4.frame
from backports import zstd

from collector.ingest.content import Bytes
from collector.rejection import Rejection, reject, unusable

MEMBERS_MAX = 1000
"""gzip members, zstd or lz4 frames, or snappy chunks in one body.

Each costs a decoder, even an empty one, which never reaches the limit on the output."""
_GZIP_WBITS = 31
_INFLATE_SLICE_BYTES = 64 << 10
_SNAPPY_STREAM = b"\xff\x06\x00\x00sNaPpY"
"""The chunk that begins snappy's framing format: some senders call that ``snappy``, too, where others send one block."""
_ZSTD_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
"""A frame may ask its decoder for a window of 8 MiB, as the format's RFC says that every decoder should give, and no more."""


def decode(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return ``body`` without its ``Content-Encoding``. Raises as :func:`decode_to` does."""
    if is_plain(encoding):
        return body
    parts: list[bytes] = []
    decode_to(parts.append, body, encoding, max_bytes)
    return b"".join(parts)


def is_plain(encoding: str) -> bool:
    """Return whether there is nothing to decode. Some senders name the character set here."""
    return encoding.strip().lower() in {"", "identity", "utf-8", "utf8"}


def decode_to(take: Callable[[bytes], None], body: Bytes, encoding: str, max_bytes: int) -> None:
    """Pass the content of ``body`` without its ``Content-Encoding`` to ``take``, part by part.

    Raises :class:`Rejection`: 415 for an unknown encoding, 413 above ``max_bytes``, 400 for bytes that cannot be decoded.
    """
    name = encoding.strip().lower()
    if name in {"gzip", "x-gzip"}:
        return _inflate(_Members(take, body, _INFLATE_SLICE_BYTES, max_bytes), _GZIP_WBITS)
    if name in {"deflate", "zlib"}:
        # RFC 9110 means zlib's format; some senders omit its two-byte header.
        zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        wbits = zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
        return _inflate(_Members(take, body, _INFLATE_SLICE_BYTES, max_bytes), wbits)
    if name == "zstd":
        return _decompress_zstd(_Members(take, body, _INFLATE_SLICE_BYTES, max_bytes))
    if name == "lz4":
        return _decompress_lz4(_Members(take, body, _INFLATE_SLICE_BYTES, max_bytes))
    if name in {"snappy", "x-snappy-framed"}:
        unpack = _decompress_snappy_chunks if body[: len(_SNAPPY_STREAM)] == _SNAPPY_STREAM else _decompress_snappy_block
        return unpack(_Members(take, body, len(body), max_bytes))
    raise reject(
        415,
        "unsupported_encoding",
        f"content-encoding '{name[:40]}' is not supported",
        field="content-encoding",
        what_to_do="use gzip, zstd, snappy, lz4, zlib, deflate or none",
    )


def _inflate(members: _Members, window_bits: int) -> None:
    while members.more():
        if members.count > 1 and window_bits != _GZIP_WBITS:  # gzip alone allows several consecutive members
            raise _broken("there is data after the end of the compressed data")
        decoder = zlib.decompressobj(window_bits)
        try:
            while not decoder.eof:
                members.add(decoder.decompress(members.take(), members.room + 1))
        except zlib.error as error:
            raise _broken(str(error)) from error
        members.give_back(len(decoder.unused_data))


def _decompress_zstd(members: _Members) -> None:
    while members.more():
        decoder = zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)
        try:
            while not decoder.eof:
                members.add(decoder.decompress(members.take() if decoder.needs_input else b"", members.room + 1))
        except zstd.ZstdError as error:
            raise _broken(str(error)) from error
        members.give_back(len(decoder.unused_data))


def _decompress_lz4(members: _Members) -> None:
    while members.more():
        decoder = lz4.frame.LZ4FrameDecompressor()
        try:
            while not decoder.eof:
                members.add(decoder.decompress(members.take() if decoder.needs_input else b"", members.room + 1))
        except RuntimeError as error:
            raise _broken(str(error)) from error
        members.give_back(len(decoder.unused_data or b""))


def _decompress_snappy_block(members: _Members) -> None:
    if not members.more():
        return
    block = members.take()
    try:
        members.announce(cramjam.snappy.decompress_raw_len(block))
        members.add(bytes(cramjam.snappy.decompress_raw(block)))
    except cramjam.DecompressionError as error:
        raise _broken(str(error)) from error


def _decompress_snappy_chunks(members: _Members) -> None:
    """Each chunk begins with a byte for its type and three for its length, and holds at most 64 KiB."""
    while members.more():
        head = members.take(4)
        chunk = head + members.take(int.from_bytes(head[1:], "little"))
        try:
            members.add(bytes(cramjam.snappy.decompress(_SNAPPY_STREAM + chunk)))
        except cramjam.DecompressionError as error:
            raise _broken(str(error)) from error


class _Members:
    """A body of one or more compressed members, read slice by slice: what follows a member is never copied whole.

    Input and output are both limited.
    """

    def __init__(self, take: Callable[[bytes], None], body: Bytes, slice_bytes: int, max_bytes: int) -> None:
        self.count = 0
        self.room = max_bytes
        self._body = body
        self._slice_bytes = slice_bytes
        self._max_bytes = max_bytes
        self._at = 0
        self._take = take

    def more(self) -> bool:
        """Start the next member, if there is one. Raises :class:`Rejection` for one too many."""
        if self._at >= len(self._body):
            return False
        self.count += 1
        if self.count > MEMBERS_MAX:
            raise _broken(f"the body has more than {MEMBERS_MAX} compressed members")
        return True

    def take(self, size: int | None = None) -> bytes:
        """Return the next slice, or the next ``size`` bytes. Raises :class:`Rejection` at the end of the body."""
        end = self._at + (self._slice_bytes if size is None else size)
        if self._at >= len(self._body) or (size is not None and end > len(self._body)):
            raise _broken("the compressed data ends too early")
        taken = self._body[self._at : end]
        self._at += len(taken)
        return taken

    def announce(self, size: int) -> None:
        """Raise :class:`Rejection` if what is about to be decoded is too much."""
        if size > self.room:
            raise too_large_decompressed(self._max_bytes)

    def give_back(self, size: int) -> None:
        """Go back to where a member ended."""
        self._at -= size

    def add(self, part: bytes) -> None:
        """Pass on what a slice was decoded to. Raises :class:`Rejection` if it is too much."""
        self.announce(len(part))
        self.room -= len(part)
        self._take(part)


def _broken(message: str) -> Rejection:
    return unusable(
        "bad_encoding",
        f"the body cannot be decoded: {message}",
        field="content-encoding",
        what_to_do="send the encoding named in the header",
    )


def too_large_decompressed(max_bytes: int) -> Rejection:
    """Return the rejection of a body that decodes to more than is allowed: 413."""
    return reject(
        413,
        "too_large_decompressed",
        f"the decompressed body is larger than {max_bytes} bytes",
        field="body",
        what_to_do="send smaller batches",
    )
