"""Messages in a stream, counted or ended by a newline, whatever the pieces in which they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.logs.syslog_framing import MESSAGE_MAX_BYTES, Framing, Unusable

LONG = b"<14>" + b"x" * MESSAGE_MAX_BYTES


def read(*parts: bytes) -> list[bytes | str]:
    framing = Framing()
    found = [message for part in parts for message in framing.feed(part)] + framing.end()
    return [message.reason if isinstance(message, Unusable) else message for message in found]


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"<14>one\n<14>two\n", [b"<14>one", b"<14>two"]),
        (b"<14>one\n<14>two", [b"<14>one", b"<14>two"]),
        (b"7 <14>one8 <14>t\nwo", [b"<14>one", b"<14>t\nwo"]),
        (b"7 <14>one<14>two\n7 <14>six", [b"<14>one", b"<14>two", b"<14>six"]),
        (b"9 <14>on", ["message_cut_off"]),
        (b"12", ["message_cut_off"]),
        (b"\n\n<14>one\n\0", [b"<14>one"]),
        (b"no syslog\n", [b"no syslog"]),
        (LONG + b"\n<14>one\n", ["message_too_long", b"<14>one"]),
        (LONG + b"yy", ["message_too_long"]),
        (b"%d " % len(LONG) + LONG + b"7 <14>one", ["message_too_long", b"<14>one"]),
        (b"999999999 <14>one\n", [b"999999999 <14>one"]),
        (b"", []),
    ],
)
def test_messages_are_told_apart(stream: bytes, messages: list[bytes | str]) -> None:
    assert read(stream) == messages
    assert read(*(stream[at : at + 1] for at in range(min(len(stream), 200))), stream[200:]) == messages


@given(st.lists(st.binary(max_size=200)))
def test_nothing_that_comes_is_an_error(parts: list[bytes]) -> None:
    read(*parts)


@given(st.lists(st.binary(min_size=1).filter(lambda body: body.strip(b"\0\r\n ") != b"")), st.integers(1, 50))
def test_counted_messages_come_out_as_they_went_in(bodies: list[bytes], size: int) -> None:
    stream = b"".join(b"%d %s" % (len(body), body) for body in bodies)
    assert read(*(stream[at : at + size] for at in range(0, len(stream), size))) == bodies
