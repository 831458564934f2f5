from __future__ import annotations

import tracemalloc

import pytest

from andon.plugins import formats
from core.errors import WrongSetting
from tests.collector.formats.reading import data, read

ORDERS = """<?xml version="1.0"?>
<o:Orders xmlns:o="urn:orders" date="2026-03-27">
  <o:Order id="4711"><Customer><Name>Müller &amp; Söhne</Name></Customer><Line>A-1</Line><Line no="2">A-2</Line><Note/></o:Order>
  <o:Order id="4712"><Line>A-3</Line></o:Order>
</o:Orders>"""


def test_the_whole_is_a_document_by_local_names():
    (document,) = read("xml", ORDERS)

    assert document.type == "Orders"
    orders = data(document)["Orders"]
    assert orders["@date"] == "2026-03-27"
    assert orders["Order"][0]["Customer"]["Name"] == "Müller & Söhne"
    assert orders["Order"][0]["Line"] == ["A-1", {"@no": "2", "#text": "A-2"}]
    assert orders["Order"][0]["Note"] == ""


def test_each_element_at_a_path_is_a_document():
    found = read("xml", ORDERS, each="Orders/Order")
    assert [(one.type, data(one)["Order"]["@id"]) for one in found] == [("Order", "4711"), ("Order", "4712")]
    assert [data(one)["Order"]["@id"] for one in read("xml", ORDERS, each="*/Order")] == ["4711", "4712"]
    assert read("xml", ORDERS, each="Orders/Invoice") == []


@pytest.mark.parametrize("each", ["Order", "Envelope/Body/Order", "orders/Order"])
def test_xml_in_which_the_documents_have_no_place_is_told_and_not_passed_over(each: str):
    (lost,) = read("xml", ORDERS, each=each)
    assert lost == ("xml_path", f"there is no element at '{each}': the XML is one Orders (line 5, column 12)", ORDERS.encode())


@pytest.mark.parametrize("empty", ["<Orders/>", "<Orders><page>1</page></Orders>"])
def test_a_list_without_items_has_no_documents(empty: str):
    assert read("xml", empty, each="Orders/Order") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings_are_those_that_the_xml_names_or_the_settings(encoding: str):
    named = {"utf-8-sig": "utf-8", "utf-16": "utf-16"}.get(encoding, encoding)
    body = ORDERS.replace('version="1.0"', f'version="1.0" encoding="{named}"').encode(encoding)
    assert data(read("xml", body, each="Orders/Order")[0])["Order"]["Customer"]["Name"] == "Müller & Söhne"
    if encoding in {"latin-1", "cp1252"}:
        assert read("xml", ORDERS.encode(encoding))[0][0] == "xml_syntax"
        assert data(read("xml", ORDERS.encode(encoding), encoding=encoding)[0])["Orders"]


BILLION = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'
ATTACKS: dict[str, tuple[str | bytes, str]] = {
    "entities": (BILLION, "xml_dtd"),
    "entities in UTF-16": (BILLION.encode("utf-16"), "xml_dtd"),
    "external type": ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "xml_dtd"),
    "external entity": ('<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/">]><x>&e;</x>', "xml_dtd"),
    "parameter entity": ('<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><x/>', "xml_dtd"),
    "unknown entity": ("<x>&unknown;</x>", "xml_syntax"),
    "depth": ("<a>" * 200_000, "xml_limits"),
    "attributes beyond a part": ("<a " + " ".join(f'a{number}="1"' for number in range(200_000)) + "/>", "xml_limits"),
    "attributes beyond an event": ("<a " + " ".join(f'a{number}="1"' for number in range(60_000)) + "/>", "xml_limits"),
    "many attributes": ("<a " + " ".join(f'a{number}="1"' for number in range(20_000)) + "/>", ""),
    "elements": ("<a>" + "<b/>" * 60_000 + "</a>", "xml_limits"),
    "never closed": ("<a><b>1</b>", "xml_syntax"),
    "end of CDATA": ("<a>]]></a>", "xml_syntax"),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?><a/>', "xml_encoding"),
    "nothing": ("", "xml_syntax"),
    "no XML": ("no xml", "xml_syntax"),
    "no text": (b"\x00\xff\xfe", "xml_syntax"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_with_its_place(attack: str):
    body, reason = ATTACKS[attack]
    found = read("xml", body)

    assert [one[0] for one in found if isinstance(one, tuple)] == ([reason] if reason else [])


def test_an_inclusion_is_an_element_like_any_other():
    text = '<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></x>'
    assert data(read("xml", text)[0]) == {"x": {"include": {"@href": "/etc/passwd", "@parse": "text"}}}


def test_what_breaks_off_costs_only_what_comes_after_it():
    first, bad = read("xml", ORDERS[: ORDERS.index('id="4712"')], each="Orders/Order")

    assert data(first)["Order"]["@id"] == "4711"
    assert bad[:2] == ("xml_syntax", "the XML breaks off: unclosed token (line 4, column 3)")


def test_an_element_too_large_for_an_event_costs_no_other():
    body = "<r><d><v>1</v></d><d>" + "<v>1</v>" * 60_000 + "</d><d><v>3</v></d></r>"
    first, bad, third = read("xml", body, each="r/d")

    assert (data(first), data(third)) == ({"d": {"v": "1"}}, {"d": {"v": "3"}})
    assert bad[1].startswith("the element d number 2 has more than 50000 values")
    assert bad[2].startswith(b"<d><v>1</v><v>1</v>")


def test_memory_is_bounded_by_a_part_and_not_by_the_body(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("collector.documents.xml_tree._CHUNK_BYTES", 16 << 10)
    body = ("<r>" + "<d><a>1</a><b>2</b></d>" * 10_000 + "</r>").encode()
    read_each = formats()["xml"].reader({"type": "xml", "each": "r/d"})
    tracemalloc.start()
    count = sum(1 for _ in read_each(body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 10_000
    assert peak < 1 << 20


def test_a_wrong_path_is_refused():
    with pytest.raises(WrongSetting, match="'each' is wrong"):
        read("xml", "", each="//Order")


def test_utf_16_without_its_mark_is_read():
    for encoding in ("utf-16-le", "utf-16-be"):
        assert [data(each) for each in read("xml", '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode(encoding))] == [{"a": "é"}]
