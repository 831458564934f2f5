"""Where one message of syslog ends in a stream and the next begins: its length comes before it, or a newline behind it. Source: RFC 6587.

Both are known by how a message begins, so that a sender needs no setting. Memory is bounded by one message, whatever comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MESSAGE_MAX_BYTES = 60 << 10
"""OTLP shortens texts of more than 64 KiB."""
_LENGTH = re.compile(rb"([1-9]\d{0,7}) ")
_BEGINNING_OF_LENGTH = re.compile(rb"[1-9]\d{0,7}\Z")


@dataclass(frozen=True, slots=True)
class Unusable:
    """What is no message: why, and its beginning."""

    reason: str
    what: str
    body: bytes


class Framing:
    """One connection."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skip_bytes = 0
        self._skip_line = False

    def feed(self, data: bytes) -> list[bytes | Unusable]:
        """Return the messages that are complete with these bytes."""
        self._held += data
        found: list[bytes | Unusable] = []
        at = 0
        while at < len(self._held):
            if self._skip_bytes or self._skip_line:
                at = self._skipped(at)
                continue
            message, end = self._next(at)
            if end == at:
                break
            if message:
                found.append(message)
            at = end
        del self._held[:at]
        return found

    def end(self) -> list[bytes | Unusable]:
        """Return what is left when the connection ends: a line without its newline is whole, a counted message is not."""
        rest = bytes(self._held)
        self._held.clear()
        if self._skip_bytes or self._skip_line or not rest.strip(b"\0\r\n "):
            return []
        if _LENGTH.match(rest) or _BEGINNING_OF_LENGTH.match(rest):
            return [Unusable("message_cut_off", "the connection ended in the middle of this message", rest)]
        return [rest]

    def _next(self, at: int) -> tuple[bytes | Unusable | None, int]:
        """Return the message that begins at a place, and where it ends: there, if it is not complete."""
        if counted := _LENGTH.match(self._held, at):
            return self._counted(at, counted.end(), int(counted[1]))
        if _BEGINNING_OF_LENGTH.match(self._held, at):
            return None, at
        newline = self._held.find(b"\n", at, at + MESSAGE_MAX_BYTES + 1)
        if newline >= 0:
            return bytes(self._held[at:newline]), newline + 1
        if len(self._held) - at > MESSAGE_MAX_BYTES:
            self._skip_line = True
            return _too_long(bytes(self._held[at : at + MESSAGE_MAX_BYTES])), at + MESSAGE_MAX_BYTES
        return None, at

    def _counted(self, at: int, begin: int, size: int) -> tuple[bytes | Unusable | None, int]:
        end = begin + min(size, MESSAGE_MAX_BYTES)
        if len(self._held) < end:
            return None, at
        body = bytes(self._held[begin:end])
        self._skip_bytes = size - len(body)
        return (_too_long(body) if self._skip_bytes else body), end

    def _skipped(self, at: int) -> int:
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(self._held) - at)
            self._skip_bytes -= skipped
            return at + skipped
        newline = self._held.find(b"\n", at)
        self._skip_line = newline < 0
        return len(self._held) if newline < 0 else newline + 1


def _too_long(body: bytes) -> Unusable:
    return Unusable("message_too_long", f"a message may have {MESSAGE_MAX_BYTES} bytes; only the beginning of this one is kept", body)
