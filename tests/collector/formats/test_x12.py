from __future__ import annotations

import pytest

from collector.format import Document
from core.errors import WrongSetting
from tests.collector.formats.reading import data, read

ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*BOLTS          *260327*1450*^*00501*000000017*0*P*>~"
ORDER = (
    "ST*850*0001~BEG*00*SA*4711**20260327~REF*DP*038~REF*IA*77*first~DTM*002*20260402~N1*ST*Plant 7*92*DE07~N3*Main St 1~N4*Laredo*TX*78045~"
    "N1*BY*ACME*92*1~PO1*1*25*EA*2.5**BP*A-1~PID*F****Bolt~PO1*2*1*EA*9**BP*A-2~CTT*2~SE*14*0001~"
)
WHOLE = f"{ISA}GS*PO*ACMEHQ*BOLTSINC*20260327*145003*42*X*005010~{ORDER}GE*1*42~IEA*1*000000017~"


def only(text: str, **settings: str) -> Document:
    (found,) = read("x12", text, **settings)
    assert isinstance(found, Document)
    return found


def test_an_order_says_its_number_type_and_time_and_is_read_by_segment():
    order = only(WHOLE, time_zone="America/Chicago")
    found = data(order)

    assert (order.type, order.subject, order.time) == ("850", "4711", "2026-03-27T14:50:03-05:00")
    assert found["BEG"]["3"] == "4711"
    assert found["REF"]["DP"]["2"] == "038"
    assert found["DTM"]["002"]["2"] == "20260402"
    assert found["N1"]["ST"]["4"] == "DE07"
    assert found["N1"]["ST"]["N4"]["2"] == "TX"
    assert [line["7"] for line in found["PO1"]] == ["A-1", "A-2"]
    assert found["PO1"][0]["PID"]["5"] == "Bolt"
    assert (found["ISA"]["13"], found["GS"]["6"]) == ("000000017", "42")
    assert "problems" not in found


def test_without_a_time_zone_the_time_is_not_guessed():
    assert only(WHOLE).time == ""


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("\ufeff" + WHOLE, "byte order mark"),
        (WHOLE.replace("~", "~\r\n\t") + "\x1a\0", "indented lines, the end mark of an old system"),
        (WHOLE.replace("~", "\n"), "line ends as terminators"),
        (WHOLE.replace("~", "\r\n"), "two of them"),
        (WHOLE.replace("~", "…"), "a terminator beyond ASCII"),
        (WHOLE.replace("*", "|"), "another separator"),
        (WHOLE.translate(str.maketrans("~*>^", "\x1c\x1d\x1f\x1e")), "separators that are control characters"),
        ("\n".join(WHOLE[at : at + 80] for at in range(0, len(WHOLE), 80)), "wrapped at 80 characters"),
        (WHOLE.replace("          ", " "), "an ISA without its padding"),
        (WHOLE.encode("utf-16").decode("latin-1"), "UTF-16 with its mark"),
    ],
)
def test_what_partners_make_of_an_envelope_changes_nothing(sent: str, why: str):
    body = sent.encode("latin-1") if why.startswith("UTF-16") else sent.encode()
    (found,) = read("x12", body)
    expected = data(only(WHOLE))

    assert data(found) == expected, why


def test_a_set_that_is_sent_again_is_the_same_event_and_another_one_is_not():
    first = only(WHOLE).id
    assert only(WHOLE.replace("~", "~\n")).id == first
    assert only(WHOLE.replace("4711", "4712")).id != first  # with the same control numbers: some partners always send 1


def test_several_interchanges_groups_and_sets_are_all_read():
    second = WHOLE.replace("~", "'").replace("0001", "0002")
    assert [one.type for one in read("x12", WHOLE + "\n" + second)] == ["850", "850"]
    two = WHOLE.replace(ORDER, ORDER + ORDER.replace("0001", "0002")).replace("GE*1", "GE*2")
    assert [one.subject for one in read("x12", two)] == ["4711", "4711"]


def test_an_acknowledgement_and_what_it_acknowledges_have_the_same_reference():
    acknowledged = (
        ISA.replace("ACME ", "BOLTS").replace("*ZZ*BOLTS          *", "*ZZ*ACME           *")
        + "GS*FA*BOLTSINC*ACMEHQ*20260327*1500*9*X*005010~ST*997*0001~AK1*PO*42~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*9~IEA*1*000000017~"
    )
    found = data(only(acknowledged))

    assert found["acknowledges"]["sets"] == [data(only(WHOLE))["reference"]] == ["ACMEHQ/BOLTSINC/PO/42/0001"]
    assert found["acknowledges"]["envelope"] == data(only(WHOLE))["envelope"]
    assert found["AK2"]["AK5"]["1"] == found["AK9"]["1"] == "A"


def test_a_shipping_notice_is_read_by_level():
    notice = (
        WHOLE.replace(ORDER, "")
        .replace("GS*PO", "GS*SH")
        .replace(
            "GE*1",
            "ST*856*0007~BSN*00*D-1*20260327*1450~HL*1**S~TD5*B*2*UPSN~HL*2*1*O~PRF*4711~HL*3*2*I~LIN*1*BP*A-1~SN1*1*25*EA~HL*4*1*O~PRF*4712~"
            "CTT*4~SE*13*0007~GE*1",
        )
    )
    document = only(notice)
    found = data(document)

    assert (document.subject, found["HL"]["S"]["TD5"]["2"]) == ("D-1", "2")
    assert [order["PRF"]["1"] for order in found["HL"]["O"]] == ["4711", "4712"]
    assert found["HL"]["I"]["SN1"]["2"] == "25"


def test_components_repetitions_and_binary_data_are_kept_apart():
    extra = WHOLE.replace("REF*DP*038~", "SVC*HC>99213>25*A^B~BIN*5*a~b*c~").replace("SE*14", "SE*15")
    found = data(only(extra))

    assert found["SVC"] == {"1": "HC", "1-2": "99213", "1-3": "25", "2": ["A", "B"]}
    assert found["BIN"] == {"1": "5"}
    assert "problems" not in found


def test_a_wrong_count_is_told_in_the_set_and_one_of_the_envelope_goes_to_quarantine():
    assert data(only(WHOLE.replace("SE*14", "SE*15")))["problems"] == ["SE counts 15 segments, there are 14"]
    assert "problems" not in data(only(WHOLE.replace("SE*14", "SE*0014")))
    assert data(only(WHOLE.replace("SE*14", f"SE*{'9' * 5_000}")))["problems"] == [f"SE counts {'9' * 20} segments, there are 14"]
    document, bad = read("x12", WHOLE.replace("GE*1*", "GE*3*"))

    assert document.subject == "4711"
    assert bad[:2] == ("edi_count", f"GE counts 3 messages or groups, there are 1 (segment 17, character {WHOLE.index('GE*1') + 1})")


def test_a_set_that_breaks_off_is_lost_with_its_place_and_what_came_of_it():
    cut = WHOLE[: WHOLE.index("PID*")]
    (bad,) = read("x12", cut)

    assert bad[0] == "edi_cut_off"
    assert bad[1].startswith("a message breaks off after 10 segments: the text ends before SE (segment 12, character ")
    assert bad[2].startswith(b"ST*850*0001~BEG*00")


def test_missing_ends_before_the_next_beginning_cost_no_set():
    document, bad = read("x12", WHOLE.replace("SE*14*0001~", "").replace("GE*1*42~", ""))

    assert data(document)["problems"] == ["there is no SE before IEA"]
    assert bad[1].startswith("there is no GE before IEA")


def test_what_is_no_interchange_is_told_and_the_next_one_is_read():
    stray, document = read("x12", f"From: partner\n\n{WHOLE}")
    assert (stray[0], stray[2], document.subject) == ("edi_stray", b"From: partner", "4711")

    broken, document = read("x12", f"ISA*00*nothing\n{WHOLE}")[-2:]
    assert document.subject == "4711"
    assert broken[0] in {"edi_envelope", "edi_stray"}

    assert read("x12", "") == []
    assert read("x12", b"\xff\xfe\x00")[0][0] == "bad_text"  # half a character of UTF-16
    assert read("x12", b"\xff\xff\x00")[0][0] == "edi_stray"


def test_a_set_too_large_for_an_event_is_refused_and_the_others_are_read():
    large = ORDER.replace("CTT*2~", "PO1*1*25*EA*2.5**BP*A-1~" * 9_000 + "CTT*2~").replace("0001", "0002")
    document, bad = read("x12", WHOLE.replace(ORDER, ORDER + large).replace("GE*1", "GE*2"))

    assert document.subject == "4711"
    assert bad[0] == "edi_too_large"
    assert "more than 50000 values" in bad[1]


def test_a_wrong_encoding_or_zone_is_refused_naming_it():
    with pytest.raises(WrongSetting, match="'time_zone' is wrong: time zone 'CET/Berlin' is not known"):
        read("x12", "", time_zone="CET/Berlin")
    with pytest.raises(WrongSetting, match="'encoding' is wrong: encoding 'ansi1' is not known"):
        read("x12", "", encoding="ansi1")
    with pytest.raises(WrongSetting, match="'delimiter' is not a setting of this format"):
        read("x12", "", delimiter=";")
    assert read("x12", WHOLE.replace("Main", "M\xfcller").encode("latin-1"), encoding="utf-8")[0][:2] == (
        "bad_text",
        f"byte {WHOLE.index('Main') + 2} is not utf-8; name the right one as the format's encoding",
    )
