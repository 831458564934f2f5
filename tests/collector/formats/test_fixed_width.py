from __future__ import annotations

import pytest

from core.errors import WrongSetting
from tests.collector.formats.reading import data, read

FIELDS = {"NO": 6, "CUSTOMER": 10, "PLANT": 4}


def test_each_line_is_a_document_by_its_fields():
    first, second = read("fixed_width", "HEADER\r\n004711Müller    DE07\r\n004712\r\n", fields=FIELDS, skip=1)

    assert data(first) == {"NO": "004711", "CUSTOMER": "Müller", "PLANT": "DE07"}
    assert data(second) == {"NO": "004712"}


def test_a_line_longer_than_its_fields_is_told_and_costs_no_other():
    bad, good = read("fixed_width", "004711Müller    DE07X\n004712", fields=FIELDS)

    assert bad == ("fixed_width", "line 1 has 21 characters, its fields have 20", "004711Müller    DE07X".encode())
    assert data(good) == {"NO": "004712"}


def test_fields_and_encoding_are_checked():
    with pytest.raises(WrongSetting, match="'fields' is missing; add it"):
        read("fixed_width", "")
    with pytest.raises(WrongSetting, match=r"'fields\.NO' is wrong"):
        read("fixed_width", "", fields={"NO": 0})
    assert read("fixed_width", "Müller".encode("latin-1"), fields=FIELDS, encoding="utf-8")[0][0] == "bad_text"
