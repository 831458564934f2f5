from __future__ import annotations

from typing import Any

import pytest

from collector.documents.idoc_segments import CONTROL, SEGMENTS
from collector.format import Document
from tests.collector.formats.reading import data, read

HEADER = {
    "TABNAM": "EDI_DC40", "MANDT": "100", "DOCNUM": "0000000000815815", "DIRECT": "1", "IDOCTYP": "ORDERS05", "MESTYP": "ORDERS",
    "SNDPOR": "SAPECC", "SNDPRN": "ECCCLNT100", "RCVPRN": "BOLTS", "CREDAT": "20260327", "CRETIM": "145003",
}  # fmt: skip
CONTENT: list[tuple[str, int, dict[str, str]]] = [
    ("E1EDK01", 1, {"CURCY": "EUR", "BELNR": "4500004711"}),
    ("E1EDK03", 1, {"IDDAT": "012", "DATUM": "20260402"}),
    ("E1EDKA1", 1, {"PARVW": "AG", "PARTN": "ACME"}),
    ("E1EDKA1", 1, {"PARVW": "WE", "PARTN": "DE07", "NAME1": "Werk Würzburg"}),
    ("E1EDK02", 1, {"QUALF": "001", "BELNR": "PO-9"}),
    ("E1EDP01", 1, {"POSEX": "000010", "MENGE": "25.000", "MENEE": "PCE"}),
    ("E1EDP19", 2, {"QUALF": "002", "IDTNR": "A-1"}),
    ("E1EDP01", 1, {"POSEX": "000020", "MENGE": "1.000"}),
    ("E1EDP19", 2, {"QUALF": "002", "IDTNR": "A-2"}),
]


def as_xml() -> str:
    lines, level = ["<?xml version='1.0'?><ORDERS05><IDOC BEGIN='1'><EDI_DC40 SEGMENT='1'>"], 0
    lines += [f"<{name}>{value}</{name}>" for name, value in HEADER.items()]
    lines.append("</EDI_DC40>")
    opened: list[str] = []
    for name, level, fields in CONTENT:
        while len(opened) >= level:
            lines.append(f"</{opened.pop()}>")
        lines.append(f"<{name} SEGMENT='1'>" + "".join(f"<{field}>{value}</{field}>" for field, value in fields.items()))
        opened.append(name)
    return "".join([*lines, *(f"</{name}>" for name in reversed(opened)), "</IDOC></ORDERS05>"])


def padded(fields: tuple[tuple[str, int], ...], values: dict[str, str]) -> str:
    return "".join(values.get(name, "").ljust(length) for name, length in fields)


def as_flat(*, parents: bool = True) -> list[str]:
    records, last = [padded(CONTROL, HEADER)], ""
    for number, (name, level, values) in enumerate(CONTENT, 1):
        parent = last if level == 2 else "000000"
        last = f"{number:06}" if level == 1 else last
        head = f"{name.replace('1', '2', 1) + '005':30}100{HEADER['DOCNUM']}{number:06}{parent if parents else '':6}{level:02}"
        records.append((head + padded(SEGMENTS[name], values)).ljust(1063))
    return records


def only(body: str | bytes, **settings: Any) -> Document:
    (found,) = read("idoc", body, **settings)
    assert isinstance(found, Document)
    return found


def test_an_order_says_its_number_type_and_time_and_is_read_by_segment():
    order = only(as_xml(), time_zone="Europe/Berlin")
    idoc = data(order)["IDOC"]

    assert (order.type, order.subject, order.time) == ("ORDERS", "4500004711", "2026-03-27T14:50:03+01:00")
    assert order.id.startswith("ORDERS/SAPECC/ECCCLNT100/100/0000000000815815/")
    assert idoc["E1EDK01"]["BELNR"] == "4500004711"
    assert idoc["E1EDK02"]["001"]["BELNR"] == "PO-9"
    assert idoc["E1EDKA1"]["WE"]["PARTN"] == "DE07"
    assert idoc["E1EDK03"]["012"]["DATUM"] == "20260402"
    assert [item["E1EDP19"]["002"]["IDTNR"] for item in idoc["E1EDP01"]] == ["A-1", "A-2"]


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(as_flat()),
        "\r\n".join(as_flat()) + "\r\n",
        "\n".join(line.rstrip() for line in as_flat()),
        "\n".join(as_flat(parents=False)),
        "".join(as_flat()),
        "\ufeff" + "\n".join(as_flat()),
    ],
    ids=["lines", "CR LF", "trailing blanks lost", "levels alone", "end to end", "byte order mark"],
)
def test_a_flat_file_says_the_same_as_the_xml(body: str):
    assert data(only(body)) == data(only(as_xml()))
    assert only(body).id == only(as_xml()).id


def test_several_idocs_are_several_documents():
    flat = "\n".join(as_flat() + [line.replace("815815", "815816") for line in as_flat()])
    xml = as_xml().replace(
        "</IDOC>", "</IDOC>" + as_xml().partition("<ORDERS05>")[2].partition("</ORDERS05>")[0].replace("815815", "815816")
    )

    assert [one.id.split("/")[4][-1] for one in read("idoc", flat)] == ["5", "6"]
    assert [one.id.split("/")[4][-1] for one in read("idoc", xml)] == ["5", "6"]


def test_an_idoc_is_found_however_it_is_wrapped():
    """As SAP's SOAP port sends it, or as the middleware has cut it out."""
    (plain,) = read("idoc", as_xml())
    bare = as_xml().partition("<ORDERS05>")[2].removesuffix("</ORDERS05>")
    soap = f"<s:Envelope xmlns:s='urn:s'><s:Header/><s:Body><n:ORDERS05 xmlns:n='urn:n'>{bare}{bare}</n:ORDERS05></s:Body></s:Envelope>"
    assert read("idoc", bare) == [plain]
    assert read("idoc", soap) == [plain, plain]


def test_xml_without_an_idoc_is_told_and_not_passed_over():
    assert read("idoc", "<Orders><Order/></Orders>") == [
        ("xml_path", "there is no element at '//IDOC': the XML is one Orders (line 1, column 26)", b"<Orders><Order/></Orders>")
    ]


def test_a_delivery_and_a_status_say_their_numbers():
    delivery = as_xml().replace("E1EDK01", "E1EDL20").replace("BELNR>4500004711</BELNR", "VBELN>0080001516</VBELN")
    assert only(delivery).subject == "0080001516"
    status = as_xml().replace(">ORDERS<", ">STATUS<").replace("E1EDK01", "E1STATS").replace("BELNR>4500004711</BELNR", "DOCNUM>42</DOCNUM")
    assert (only(status).type, only(status).subject) == ("STATUS", "42")


def test_segments_of_your_own_are_read_by_the_fields_that_you_name_and_others_are_kept_as_they_are():
    line = f"{'Z2ORDER000':30}100{HEADER['DOCNUM']}{'000010':6}{'000000':6}01{'PR-1':12}DE07rest"
    body = "\n".join([*as_flat(), line])

    assert data(only(body))["IDOC"]["Z1ORDER"] == {"SDATA": "PR-1        DE07rest"}
    named = only(body, segments={"Z1ORDER": {"PROJECT": 12, "PLANT": 4}})
    assert data(named)["IDOC"]["Z1ORDER"] == {"PROJECT": "PR-1", "PLANT": "DE07", "SDATA": "rest"}


def test_what_is_broken_is_told_with_its_record_and_costs_no_other():
    bad, document = read("idoc", "\n".join(["rubbish", *as_flat()]))
    assert bad[:2] == ("idoc_control", "this is no flat IDoc: a control record EDI_DC40 was expected here (record 1)")
    assert document.subject == "4500004711"
    bad, document = read("idoc", "\n".join(as_flat())[: 524 + 1 + 1064 * 3 + 40])
    assert bad[:2] == ("idoc_record", "a data record is cut off after 40 characters (record 5)")
    assert data(document)["IDOC"]["E1EDK01"]["BELNR"] == "4500004711"
    assert read("idoc", as_xml()[:-30])[0][0] == "xml_syntax"
    assert read("idoc", "<!DOCTYPE x [<!ENTITY a 'b'>]><x><IDOC/></x>")[0][0] == "xml_dtd"


def test_an_idoc_too_large_for_an_event_is_refused():
    (bad,) = read("idoc", "\n".join(as_flat()[:1] + as_flat()[6:7] * 20_000))
    assert bad[:2] == ("idoc_too_large", "an IDoc has more than 50000 values (record 1)")


def test_records_that_are_nested_without_end_are_told_and_end_nothing():
    """One that named the one before it, two thousand times, ended the reading of its source for good."""
    records = "\n".join(f"E2XXX{'':44}{number:06}{number - 1:06}02" for number in range(1, 3_001))
    (bad,) = read("idoc", f"EDI_DC40  100{'1':>16}\n{records}\n")
    assert bad[:2] == ("idoc_too_large", "its record 62 is nested deeper than 60 levels in an IDoc (record 1)")
    assert bad[2].count(b"\n") == 3_000
