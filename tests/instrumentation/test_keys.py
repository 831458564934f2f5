"""Keys in the context: set, limited, sent with a message and taken from it."""

import asyncio
import os
import urllib.parse

import pytest
from andon_instrumentation import business_keys, current_keys, extract, inject
from andon_instrumentation.keys import MAX_BAGGAGE_BYTES, MAX_KEYS, MAX_VALUE_LENGTH
from opentelemetry import baggage, context
from opentelemetry.baggage import propagation


def test_keys_hold_within_the_block_and_nest() -> None:
    with business_keys(sales_order="4711"):
        with business_keys(delivery=80, sales_order="4712", empty=None):
            assert current_keys() == {"sales_order": "4712", "delivery": "80"}
        assert current_keys() == {"sales_order": "4711"}
    assert current_keys() == {}


def test_decorates_functions_that_run_at_the_same_time() -> None:
    seen = []

    @business_keys(sales_order="4711")
    async def task(own: str) -> None:
        with business_keys(delivery=own):
            await asyncio.sleep(0)
            seen.append(current_keys())

    async def both() -> None:
        await asyncio.gather(task("1"), task("2"))

    asyncio.run(both())
    assert sorted(keys["delivery"] for keys in seen) == ["1", "2"]
    assert all(keys["sales_order"] == "4711" for keys in seen)

    @business_keys(invoice="9")
    def recursive(depth: int) -> dict[str, str]:
        return recursive(depth - 1) if depth else current_keys()

    assert recursive(3) == {"invoice": "9"}
    assert current_keys() == {}


def test_a_wrong_key_type_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="Order"):
        business_keys(Order="1")


def test_a_message_carries_trace_and_keys_whatever_the_broker_does_to_header_names() -> None:
    with business_keys(sales_order="47,11;=ä %"):
        headers = inject({})
    assert "baggage" in headers
    delivered = {name.title(): value.encode() for name, value in headers.items()}
    with extract(delivered):
        assert current_keys() == {"sales_order": "47,11;=ä %"}
    assert current_keys() == {}


@pytest.mark.parametrize("sdk", ["as it is", "with plain percent encoding", "with a plus for a blank"])
def test_a_value_survives_whatever_the_version_of_the_sdk_does_with_blanks(monkeypatch: pytest.MonkeyPatch, sdk: str) -> None:
    values = {"a": "1+1", "b": "50 % off", "c": "a,b; c=d", "d": "a%2Bb%20c", "e": "PO 4711/10", "f": "ä+ö"}
    if sdk != "as it is":
        names = ("quote", "unquote") if sdk == "with plain percent encoding" else ("quote_plus", "unquote_plus")
        for name, other in zip(("quote_plus", "unquote_plus"), names, strict=True):
            monkeypatch.setattr(propagation, name, getattr(urllib.parse, other))
    with business_keys(**values):
        headers = inject({})
    assert "+" not in headers["baggage"], "W3C knows no plus for a blank: other languages would read it as a plus"
    with extract(headers):
        assert current_keys() == values
    with extract({"baggage": "andon.key.order=PO+4711"}):  # as the SDK of some languages sends it by itself
        assert current_keys() == {"order": "PO 4711"}


def test_a_message_without_headers_has_an_empty_context_not_ours() -> None:
    with business_keys(sales_order="1"), extract({"content-type": "text/plain"}):
        assert current_keys() == {}


def test_limits_leave_out_what_is_too_much_and_keep_the_rest() -> None:
    with business_keys(**{f"k{n}": str(n) for n in range(MAX_KEYS + 4)}):
        assert len(current_keys()) == MAX_KEYS
        with business_keys(k0="again"):
            assert current_keys()["k0"] == "again"
    with business_keys(long="x" * (MAX_VALUE_LENGTH + 1), short="y" * MAX_VALUE_LENGTH):
        assert list(current_keys()) == ["short"]
    token = context.attach(baggage.set_baggage("other", "z" * (MAX_BAGGAGE_BYTES - 100)))
    try:
        with business_keys(a="1" * 40, b="2" * 90):
            assert list(current_keys()) == ["a"]
    finally:
        context.detach(token)


def test_text_that_utf_8_cannot_write_is_sent_as_far_as_it_can() -> None:
    with business_keys(file=os.fsdecode(b"order-\xff.xml"), sales_order="4711"):
        assert current_keys() == {"file": "order-?.xml", "sales_order": "4711"}
        headers = inject({})
    with extract(headers):
        assert current_keys() == {"file": "order-?.xml", "sales_order": "4711"}


def test_such_text_in_foreign_baggage_does_no_harm_either() -> None:
    token = context.attach(baggage.set_baggage("tenant", "\udcff"))
    try:
        with business_keys(sales_order="4711"):
            assert current_keys() == {"sales_order": "4711"}
    finally:
        context.detach(token)


def test_foreign_baggage_beyond_the_limits_is_not_trusted() -> None:
    long = "x" * (MAX_VALUE_LENGTH + 1)
    with extract({"baggage": f"andon.key.order=1,andon.key.Bad%20Type=2,andon.key.long={long},other=3,broken"}):
        assert current_keys() == {"order": "1"}
