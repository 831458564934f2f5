"""What EDI becomes is bounded: neither short messages behind a long envelope nor an acknowledgement makes a small text a huge one."""

from __future__ import annotations

import tracemalloc

import pytest

from andon.plugins import formats
from collector.format import Document
from tests.collector.formats.reading import data, read

LONG = "+".join(["a"] * 240)
UNB = "UNB+UNOA:1+a+b+260327:1450+1'"
ISA = "ISA*00*          *00*          *ZZ*S              *ZZ*R              *260101*1200*U*00401*000000001*0*P*>~"


@pytest.mark.parametrize(
    ("name", "begin", "message"),
    [
        ("edifact", f"UNB+{LONG}'X1+{LONG}'X2+{LONG}'UNG+{LONG}'Y1+{LONG}'", "UNH'"),
        ("edifact", f"UNB+{LONG}'", "UNG'UNH'"),
        ("x12", f"{ISA}X1*{LONG.replace('+', '*')}~X2*{LONG.replace('+', '*')}~", "TA1~"),
    ],
    ids=["messages", "groups", "answers"],
)
def test_an_envelope_is_not_repeated_in_messages_that_are_shorter_by_far(name: str, begin: str, message: str) -> None:
    """128 KiB became 576 MiB."""
    found = read(name, begin + message * 8_000)
    documents = [each for each in found if isinstance(each, Document)]
    told = [each[1] for each in found if isinstance(each, tuple) and each[0] == "edi_envelope"]
    assert len(documents) >= 7_999
    assert sum(len(each.data) for each in documents) < 2 << 20
    assert "so short beside" in told[0]
    assert "(segment " in told[0]
    assert any(key in data(documents[0]) for key in ("UNB", "ISA"))
    assert not any(key in data(documents[-1]) for key in ("UNB", "ISA"))


def test_short_messages_that_partners_really_send_keep_their_envelope() -> None:
    message = "ST*997*0001~AK1*PO*1~AK9*A*1*1*1~SE*4*0001~"
    found = read("x12", f"{ISA}GS*FA*SENDER*RECEIVER*20260327*1450*1*X*004010~{message * 5_000}GE*5000*1~IEA*1*000000001~")
    assert len(found) == 5_000
    assert all("GS" in data(each) and "ISA" in data(each) for each in found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x12", f"{ISA}GS*FA*S*R*20260327*1450*1*X*004010~ST*997*1~AK1*PO*{'1' * 20_000}~{'AK2*850*1~' * 2_000}SE*2003*1~"),
        ("edifact", f"{UNB}UNH+1+CONTRL'UCI+{'1' * 20_000}+a+b'{chr(39).join(['UCM+1'] * 2_000)}'UNT+2003+1'"),
    ],
)
def test_an_answer_to_a_name_that_no_envelope_has_names_it_once(name: str, text: str) -> None:
    """64 KiB became 80 MiB."""
    document = next(each for each in read(name, text) if isinstance(each, Document))
    assert len(document.data) < 10 * len(text)
    assert "reference" in data(document)
    assert "acknowledges" not in data(document)


def test_a_message_of_more_segments_than_it_may_have_is_not_kept_in_memory() -> None:
    """One of 2 MiB took 302 MiB."""
    body = f"{UNB}UNH+1+ORDERS'{chr(39).join(['A'] * 400_000)}'UNT+400002+1'UNZ+1+1'".encode()
    reader = formats()["edifact"].reader({"type": "edifact"})
    tracemalloc.start()
    try:
        found = [one for one in reader(body) if not isinstance(one, Document)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    ((error, lost),) = found
    assert error.reason == "edi_too_large"
    assert (lost[:4], lost[-10:]) == (b"UNH+", b"A'A'A'A'A'"[-10:])
    assert peak < 30 * len(body)
