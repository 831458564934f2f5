from __future__ import annotations

from tests.collector.formats.reading import data, read


def test_each_line_is_a_document_and_a_bad_one_costs_no_other():
    first, bad, second = read("json_lines", '\ufeff{"no": 4711}\r\n{"no": \r\n\n{"no": 12345678901234567890.10}\n')

    assert data(first) == {"no": 4711}
    assert bad[0] == "bad_json:syntax"
    assert bad[1].startswith("line 2 cannot be read: ")
    assert bad[2] == b'{"no": '
    assert second.data == b'{"no": 12345678901234567890.10}'  # as it was written


def test_what_is_beyond_the_bounds_or_no_text_is_told():
    assert read("json_lines", "[" * 100)[0][0] == "bad_json:too_deep"
    assert read("json_lines", b'{"a": "\xff"}', encoding="utf-8")[0][0] == "bad_text"
    assert read("json_lines", "") == []


def test_utf_16_without_its_mark_is_read():
    for encoding in ("utf-16-le", "utf-16-be"):
        assert [data(each) for each in read("json_lines", '{"a": "é"}\n{"a": "ß"}\n'.encode(encoding))] == [{"a": "é"}, {"a": "ß"}]
    assert read("json_lines", b"1\0")[0].data == b"1"
