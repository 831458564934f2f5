"""Reads what ``strace -f -yy -xx`` saw of a process: calls in the order in which they were over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRACED = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"
WRAPPER = ("strace", "-f", "-yy", "-xx", "-s", "200000", "-e", f"trace={TRACED}")
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((?:\d+)?(?:<(.*?)>(?=[,)]))?")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNFINISHED, _RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>")


@dataclass(frozen=True)
class Call:
    """One call that is over: ``began`` and ``ended`` count lines of the trace; ``on`` is the file or the two ends of the connection."""

    name: str
    on: str
    data: bytes
    result: int
    began: int
    ended: int

    @property
    def sends(self) -> bool:
        return self.name in {"write", "writev", "sendto", "sendmsg"}

    @property
    def syncs(self) -> bool:
        return self.name in {"fdatasync", "fsync"} and self.result == 0


def calls(trace: Path) -> Iterator[Call]:
    """Yield the calls of all threads."""
    waiting: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(trace.read_text().splitlines()):
        thread, text = _LINE.fullmatch(line).groups()  # type: ignore[union-attr] # every line has this form, or the test fails here
        if text.endswith(_UNFINISHED):
            waiting[thread] = (text.removesuffix(_UNFINISHED), number)
            continue
        began = number
        if resumed := _RESUMED.match(text):
            first, began = waiting.pop(thread)
            text = first + text[resumed.end() :]
        if found := _CALL.match(text):
            data = b"".join(bytes.fromhex(part.replace("\\x", "")) for part in _BYTES.findall(text[found.end() :]))
            result = re.search(r"= (-?\d+)(?: |$)[^\"]*$", text)
            yield Call(found[1], _plain(found[2] or ""), data, int(result[1]) if result else -1, began, number)


def _plain(name: str) -> str:
    """With -xx strace writes names of files in hexadecimal too."""
    return bytes.fromhex(name.partition("<")[0].replace("\\x", "")).decode() if name.startswith("\\x") else name


def holds_http2_data(sent: bytes) -> bool:
    """Return whether what a server sent holds a DATA frame: the reply's message itself, not a setting or a ping."""
    while len(sent) >= 9:
        length, kind = int.from_bytes(sent[:3], "big"), sent[3]
        if kind == 0:
            return True
        sent = sent[9 + length :]
    return False


def amqp_acknowledged(sent: bytes) -> int:
    """Return the highest delivery tag that a consumer's ``basic.ack`` frames name in what it sent, 0: none (AMQP 0-9-1, 2.3.5 and
    1.8.3.13)."""
    highest = 0
    while len(sent) >= 8 and not sent.startswith(b"AMQP"):
        kind, length = sent[0], int.from_bytes(sent[3:7], "big")
        payload = sent[7 : 7 + length]
        if kind == 1 and payload[:4] == b"\x00\x3c\x00\x50":
            highest = max(highest, int.from_bytes(payload[4:12], "big"))
        sent = sent[8 + length :]
    return highest
