from __future__ import annotations

import time

import pytest

from collector.format import Document
from tests.collector.formats.reading import data, read

ORDER = (
    "UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4711+9'DTM+137:202603271450:203'DTM+2:20260402:102'RFF+CT:C-9'DTM+171:20260101:102'"
    "NAD+BY+871157::9++M?'Gregor ?+ Sons??'LOC+7+DE07'NAD+SU+502043::9'CTA+OC+:Ana'COM+ana@example.com:EM'COM+123:TE'"
    "LIN+1++502085:EN'QTY+21:8'RFF+PD:99'LIN+2++502108:EN'QTY+21:3'UNS+S'CNT+2:2'UNT+20+1'"
)
WHOLE = f"UNA:+.? 'UNB+UNOC:3+ACME:14+BOLTS:14+260327:1450+807'{ORDER}UNZ+1+807'"

STAND_INS = WHOLE.removeprefix("UNA:+.? '").replace("??", "\2").replace("?'", "\1").replace("?+", "\3")
OTHER_SEPARATORS = "UNA=*.! ~" + STAND_INS.translate(str.maketrans({":": "=", "+": "*", "'": "~", "\1": "'", "\2": "?", "\3": "+"}))

WITH_CONTROL_CHARACTERS = STAND_INS.translate(str.maketrans({":": "\x1f", "+": "\x1d", "'": "\x1c", "\1": "'", "\2": "?", "\3": "+"}))


def only(text: str, **settings: str) -> Document:
    (found,) = read("edifact", text, **settings)
    assert isinstance(found, Document)
    return found


def test_an_order_says_its_number_type_and_time_and_is_read_by_segment():
    order = only(WHOLE, time_zone="Europe/Berlin")
    found = data(order)

    assert (order.type, order.subject, order.time) == ("ORDERS", "4711", "2026-03-27T14:50:00+01:00")
    assert found["BGM"]["2"] == "4711"
    assert found["DTM"]["2"]["1-2"] == "20260402"
    assert found["RFF"]["CT"]["1-2"] == "C-9"
    assert found["RFF"]["CT"]["DTM"]["171"]["1-2"] == "20260101"
    assert (found["NAD"]["BY"]["2"], found["NAD"]["BY"]["4"]) == ("871157", "M'Gregor + Sons?")
    assert found["NAD"]["BY"]["LOC"]["7"]["2"] == "DE07"
    assert [one["1-2"] for one in found["NAD"]["SU"]["CTA"]["OC"]["COM"]] == ["EM", "TE"]
    assert [line["QTY"]["21"]["1-2"] for line in found["LIN"]] == ["8", "3"]
    assert found["LIN"][0]["RFF"]["PD"]["1-2"] == "99"
    assert found["CNT"]["2"]["1-2"] == "2"
    assert "problems" not in found


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("\ufeff" + WHOLE, "byte order mark"),
        (WHOLE.replace("'UN", "'\r\n    UN"), "lines"),
        ("\n".join(WHOLE[at : at + 50] for at in range(0, len(WHOLE), 50)), "wrapped lines"),
        (WHOLE.removeprefix("UNA:+.? '"), "no advice"),
        (OTHER_SEPARATORS, "other separators"),
        (WITH_CONTROL_CHARACTERS, "control characters"),
        ("UNA\x1f\x1d.  \x1c" + WITH_CONTROL_CHARACTERS, "control characters, with advice"),
    ],
)
def test_what_partners_make_of_an_envelope_changes_nothing(sent: str, why: str):
    (found,) = read("edifact", sent)

    assert data(found) == data(only(WHOLE)), why


def test_line_ends_terminate_where_no_apostrophe_does():
    plain = "UNB+UNOA:1+A+B+260327:1450+7\nUNH+1+ORDERS:D:96A:UN\nBGM+220+4711\nUNT+3+1\nUNZ+1+7\n"
    assert (only(plain).subject, "problems" in data(only(plain))) == ("4711", False)


def test_umlauts_are_read_in_the_encoding_named_or_guessed():
    body = WHOLE.replace("Ana", "M\xfcller").encode("latin-1")
    assert data(read("edifact", body)[0])["NAD"]["SU"]["CTA"]["OC"]["2-2"] == "M\xfcller"
    assert data(read("edifact", body, encoding="latin-1")[0])["NAD"]["SU"]["CTA"]["OC"]["2-2"] == "M\xfcller"


@pytest.mark.parametrize(
    ("syntax", "encoding", "name"),
    [("UNOD", "iso8859-2", "Łódź"), ("UNOE", "iso8859-5", "Москва"), ("UNOF", "iso8859-7", "Αθήνα"), ("UNOK", "iso8859-9", "Eskişehir")],
)
def test_letters_are_read_in_the_encoding_that_the_interchange_names(syntax: str, encoding: str, name: str):
    sent = WHOLE.replace("UNOC", syntax).replace("Ana", name)
    for body in (sent.encode(encoding), sent.encode()):  # some write UTF-8, whatever they say
        assert data(read("edifact", body)[0])["NAD"]["SU"]["CTA"]["OC"]["2-2"] == name


def test_a_control_message_and_what_it_acknowledges_have_the_same_reference():
    acknowledged = (
        "UNB+UNOC:3+BOLTS:14+ACME:14+260327:1500+1'UNH+1+CONTRL:D:3:UN'UCI+807+ACME:14+BOLTS:14+7'UCM+1+ORDERS:D:96A:UN+7'UNT+4+1'UNZ+1+1'"
    )
    found = data(only(acknowledged))

    assert found["acknowledges"] == {"envelope": "ACME/BOLTS/807", "messages": [data(only(WHOLE))["reference"]]}
    assert found["UCI"]["4"] == "7"


def test_a_rejection_names_the_order_and_the_reason():
    rejected = "UNB+UNOC:3+B+A+260327:1500+1'UNH+1+APERAK:D:96A:UN'BGM+27+X-1'RFF+ACW:4711'ERC+12'FTX+AAI+++no such item'UNT+6+1'UNZ+1+1'"
    found = data(only(rejected))

    assert (found["RFF"]["ACW"]["1-2"], found["ERC"]["1"], found["ERC"]["FTX"]["AAI"]["4"]) == ("4711", "12", "no such item")


def test_a_transport_status_is_read_by_consignment():
    status = "UNB+UNOC:3+C+A+260327:1500+1'UNH+1+IFTSTA:D:96A:UN'BGM+23+S-1'CNI+1+D-77'STS+1+21'DTM+334:202603271400:203'RFF+ON:4711'UNT+7+1'UNZ+1+1'"
    found = data(only(status))

    assert (found["CNI"]["2"], found["CNI"]["STS"]["2"]) == ("D-77", "21")
    assert found["CNI"]["STS"]["DTM"]["334"]["1-2"] == "202603271400"
    assert found["CNI"]["STS"]["RFF"]["ON"]["1-2"] == "4711"


def test_what_is_wrong_is_told_with_its_place():
    assert data(only(WHOLE.replace("UNT+20+1", "UNT+21+2")))["problems"] == ["UNT counts 21 segments, there are 20"]
    assert data(only(ORDER))["problems"] == ["there is no UNB before it"]
    document, bad = read("edifact", WHOLE[: WHOLE.index("UNZ")])
    assert (document.subject, bad[0]) == ("4711", "edi_cut_off")
    (bad,) = read("edifact", WHOLE[: WHOLE.index("QTY")])
    assert bad[1] == (
        "a message breaks off after 13 segments: the text ends before UNT"
        f" (segment 14, character {WHOLE.index('LIN+1') + 1})"
    )  # fmt: skip
    assert b"M?'Gregor" in bad[2]


def test_tradacoms_is_refused_by_name_of_what_was_expected():
    (bad,) = read("edifact", "STX=ANA:1+5000000000000:SOME STORES LTD'MHD=1+ORDHDR:9'END=3'")
    assert bad[:2] == ("edi_stray", "this is no EDIFACT: UNB was expected here (character 1)")


UNB, MESSAGE = "UNB+UNOA:1+a+b+260327:1450+1'", "UNH+1+ORDERS:D'UNT+2+1'"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (f"{UNB}{MESSAGE}", "X?+'"),
        ("", f"UNA:+.? '{UNB}UNZ+0+1'"),
        ("", UNB),
        (f"{UNB}{MESSAGE}", "?"),
        (f"{UNB}{MESSAGE}", "?'"),
    ],
    ids=["strays", "interchanges", "beginnings", "releases", "released"],
)
def test_a_hostile_interchange_takes_no_longer_than_another(begin: str, more: str) -> None:
    """One of half a mebibyte took a minute, and of sixteen it would have been a day."""

    def seconds(size: int) -> float:
        before = time.process_time()
        found = read("edifact", begin + more * (size // len(more)))
        took = time.process_time() - before
        assert sum(len(each[2]) for each in found if isinstance(each, tuple)) <= 2 * (size + 100), "nothing is kept again and again"
        return took

    assert min(seconds(128_000) for _ in range(3)) < 10 * min(seconds(32_000) for _ in range(3)) + 0.1


@pytest.mark.parametrize(
    "head",
    [
        f"UNB+UNOA:1+{'a' * 50_000}+b+260327:1450+1'",
        f"{UNB}UNG+{'a' * 50_000}'",
        UNB + "".join(f"A{number}+x'" for number in range(5_000)),
        f"{UNB}AAA+{'a' * 50_000}'",
    ],
    ids=["interchange", "group", "segments", "segment"],
)
def test_an_envelope_without_end_is_not_repeated_in_each_message(head: str) -> None:
    """64 KiB became 388 MiB."""
    found = read("edifact", head + MESSAGE * 1_000)
    messages = [each for each in found if isinstance(each, Document)]
    assert len(messages) == 1_000
    assert sum(len(each.data) for each in messages) < 1 << 20
    assert {each[0] for each in found if isinstance(each, tuple)} & {"edi_envelope", "edi_stray"}, "and it is told"
