"""Links inside the dashboard: relative, with what is stored quoted."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboard.components import links


def test_empty_parameters_are_left_out() -> None:
    assert links.to("slas") == links.to("slas", flow="", sla="") == "slas"
    assert links.to("slas", flow="o2c", sla="") == "slas?flow=o2c"


@given(st.text(min_size=1))
def test_an_id_stays_one_parameter_whatever_is_in_it(identity: str) -> None:
    for link, page in ((links.transaction, "transactions"), (links.incident, "incidents")):
        address = urlsplit(link(identity))
        assert (address.scheme, address.netloc, address.path, address.fragment) == ("", "", page, "")
        assert parse_qs(address.query, keep_blank_values=True, errors="strict") == {"id": [identity]}
