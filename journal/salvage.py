"""Finds the intact records of a damaged segment that SQLite can no longer read, or would silently skip.

It reads the raw pages of the file and of its WAL (https://www.sqlite.org/fileformat2.html) and trusts no structure: every position that
looks like a row of ``records`` is tried, its overflow pages are followed, and the record's own checksum decides. So a flipped bit or a
missing piece costs only the records it lies in, whatever it does to the tree above them; and a WAL that is damaged in the middle still
yields its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PAGE_BYTES = 32_768
"""Page size of the segments that this version writes. Records are tens to hundreds of kilobytes, so large pages keep overflow chains
short."""
Row = tuple[int, str, str, int, int, str, bytes, int]
_KINDS = rb"\x15\x17\x19\x1b\x21"  # serial types of the texts 'logs', 'event', 'traces', 'metrics', 'quarantine'
_ROW_START = re.compile(rb"[\x09-\x20]\x00[" + _KINDS + rb"]")
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}
_COLUMNS = 8
_OVERFLOW_PAGES_MAX = 4096


class Pages:
    """All versions of all pages of one segment: those in the WAL, newest first, then the one in the file."""

    def __init__(self, path: Path) -> None:
        file = path.read_bytes()
        wal_path = path.with_name(path.name + "-wal")
        wal = wal_path.read_bytes() if wal_path.exists() else b""
        self.size = PAGE_BYTES
        self._versions: dict[int, list[memoryview]] = {}
        view, wal_view = memoryview(file), memoryview(wal)
        frame = _FRAME_HEADER_BYTES + self.size
        for start in range(_WAL_HEADER_BYTES, len(wal), frame):
            number = int.from_bytes(wal[start : start + 4], "big")
            self._versions.setdefault(number, []).insert(0, wal_view[start + _FRAME_HEADER_BYTES : start + frame])
        for start in range(0, len(file), self.size):
            self._versions.setdefault(start // self.size + 1, []).append(view[start : start + self.size])

    def versions(self, number: int) -> list[memoryview]:
        """Return the versions of one page, newest first."""
        return self._versions.get(number, [])

    def __iter__(self) -> Iterator[memoryview]:
        for versions in self._versions.values():
            yield from versions


def salvage(path: Path) -> Iterator[Row]:
    """Yield every row of ``records`` that can be put together from what is left, in any order, some more than once, unchecked."""
    pages = Pages(path)
    for page in pages:
        raw = bytes(page)
        for match in _ROW_START.finditer(raw):
            yield from _rows_at(pages, raw, match.start())


def salvage_closing(path: Path) -> Iterator[tuple[int, int, int]]:
    """Yield candidates for the row of ``closed``: (at, last_id, checksum), unchecked. Its table begins on the third page."""
    for page in _third_pages(path):
        start = int.from_bytes(page[8:10], "big") + 2  # one row: its size and rowid take a byte each
        header = _varints(page, start, start + page[start]) if start < len(page) else None
        if header is None or len(header) != 4:
            continue
        sizes = [_size(serial) for serial in header[1:]]
        if None in sizes:
            continue
        at = start + page[start]
        values = []
        for size, serial in zip(sizes, header[1:], strict=True):
            values.append(1 if serial == 9 else int.from_bytes(page[at : at + (size or 0)], "big", signed=True))
            at += size or 0
        yield values[0], values[1], values[2]


def _third_pages(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(2 * PAGE_BYTES)
        yield file.read(PAGE_BYTES)
    wal_path = path.with_name(path.name + "-wal")
    if wal_path.exists():
        with wal_path.open("rb") as wal:
            for start in range(_WAL_HEADER_BYTES, wal_path.stat().st_size, _FRAME_HEADER_BYTES + PAGE_BYTES):
                wal.seek(start)
                if int.from_bytes(wal.read(_FRAME_HEADER_BYTES)[:4], "big") == 3:
                    yield wal.read(PAGE_BYTES)


def _rows_at(pages: Pages, page: bytes, start: int) -> Iterator[Row]:
    """Try position ``start`` as the beginning of a row's payload."""
    header_bytes = page[start]
    serials = _varints(page, start + 1, start + header_bytes)
    if serials is None or len(serials) != _COLUMNS or serials[0] != 0:
        return
    sizes = [_size(serial) for serial in serials]
    if None in sizes:
        return
    payload_bytes = header_bytes + sum(size for size in sizes if size is not None)
    expected = _encode_varint(payload_bytes)
    for id_bytes in range(1, 6):
        at = start - id_bytes
        ids = _varints(page, at, start) if at > 0 else None
        if ids is None or len(ids) != 1 or page[at - len(expected) : at] != expected:
            continue
        for payload in _payloads(pages, page, start, payload_bytes):
            row = _decode(payload[header_bytes:], serials, [size or 0 for size in sizes], ids[0])
            if row is not None:
                yield row


def _payloads(pages: Pages, page: bytes, start: int, size: int) -> Iterator[bytes]:
    """Yield the possible ways to read a payload of ``size`` bytes that begins at ``start`` of a leaf page."""
    usable = pages.size
    if size <= usable - 35:
        if start + size <= len(page):
            yield page[start : start + size]
        return
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    if local > usable - 35:
        local = least
    first = int.from_bytes(page[start + local : start + local + 4], "big")
    rest = size - local
    for follow_pointers in (True, False):  # pages are written one after the other, so the target of a damaged pointer can be guessed
        chain = _chain(pages, first, rest, follow_pointers=follow_pointers)
        if chain is None:
            continue
        newest = [versions[0] for versions in chain]
        yield page[start : start + local] + _joined(newest, rest)
        for index, versions in enumerate(chain):
            for other in versions[1:]:
                if other != versions[0]:
                    yield page[start : start + local] + _joined([*newest[:index], other, *newest[index + 1 :]], rest)


def _chain(pages: Pages, first: int, size: int, *, follow_pointers: bool) -> list[list[memoryview]] | None:
    """Return the versions of every overflow page that holds the ``size`` bytes, or None if one is missing."""
    chain: list[list[memoryview]] = []
    number = first
    while size > 0:
        needed = 4 + min(size, pages.size - 4)
        versions = [version for version in pages.versions(number) if len(version) >= needed]
        if not versions or len(chain) >= _OVERFLOW_PAGES_MAX:
            return None
        chain.append(versions)
        size -= pages.size - 4
        number = int.from_bytes(versions[0][:4], "big") if follow_pointers else number + 1
    return chain


def _joined(chain: list[memoryview], size: int) -> bytes:
    return b"".join(page[4:] for page in chain)[:size]


def _decode(content: bytes, serials: list[int], sizes: list[int], id_: int) -> Row | None:
    values: list[int | bytes] = []
    at = 0
    for serial, size in zip(serials[1:], sizes[1:], strict=True):
        part = content[at : at + size]
        at += size
        values.append(part if serial >= 12 else 1 if serial == 9 else int.from_bytes(part, "big", signed=True))
    try:
        match values:
            case [bytes(kind), bytes(source), int(received_at), int(count), bytes(detail), bytes(body), int(expected)]:
                return id_, kind.decode(), source.decode(), received_at, count, detail.decode(), body, expected
    except UnicodeDecodeError:
        return None
    return None


def _size(serial: int) -> int | None:
    """Return the number of bytes that a value of a serial type takes; None for a type that our rows never have."""
    if serial >= 12:
        return (serial - 12) // 2
    return 0 if serial == 0 else _INTEGER_BYTES.get(serial)


def _varints(page: bytes, start: int, end: int) -> list[int] | None:
    """Decode SQLite's variable-length integers (up to 5 bytes each) between two positions; None if they do not end there."""
    values: list[int] = []
    value = length = 0
    for byte in page[start:end]:
        value = value << 7 | byte & 127
        length += 1
        if byte < 128:
            values.append(value)
            value = length = 0
        elif length >= 5:
            return None
    return None if length or end > len(page) else values


def _encode_varint(value: int) -> bytes:
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))


def frames_of_last_run(path: Path) -> int:
    """Return the number of frames in the WAL since it was last restarted, intact or not."""
    wal_path = path.with_name(path.name + "-wal")
    try:
        with wal_path.open("rb") as wal:
            header = wal.read(_WAL_HEADER_BYTES)
            if len(header) < _WAL_HEADER_BYTES:
                return 0
            step = _FRAME_HEADER_BYTES + PAGE_BYTES
            last = 0
            total = (wal_path.stat().st_size - _WAL_HEADER_BYTES) // step
            for index in range(total):
                wal.seek(_WAL_HEADER_BYTES + index * step + 8)
                if wal.read(8) == header[16:24]:
                    last = index + 1
            return last
    except FileNotFoundError:
        return 0
