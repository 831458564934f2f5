"""Who is speaking: a token names its source, and where none does, what the signals say of themselves."""

from __future__ import annotations

import pytest

from collector.ingest.authentication import Senders
from collector.rejection import Rejection
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.signal import Lane

CRM, SHOP = "crm-token", "shop-token"


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM", CRM)
    monkeypatch.setenv("SHOP", SHOP)
    monkeypatch.setenv("NEW_SHOP", f"new-{SHOP}")


def senders(*, token_required: bool = False, **default: Lane) -> Senders:
    sources = [
        Source(source="crm", owner="it", lane=Lane.CRITICAL, tokens=["env:CRM"], services=["crm", "crm-batch"]),
        Source(source="shop", owner="it", tokens=["env:NEW_SHOP", "env:SHOP"], services=["web"]),
        *(Source(source=name, owner="it", lane=lane) for name, lane in default.items()),
    ]
    return Senders(Catalog(sources={source.source: source for source in sources}), token_required=token_required)


@pytest.mark.parametrize(
    ("authorization", "andon_token", "source"),
    [
        (f"Bearer {CRM}", None, "crm"),
        (f"bearer  {SHOP} ", None, "shop"),
        (f"Bearer new-{SHOP}", None, "shop"),
        (None, CRM, "crm"),
        ("Basic of-a-proxy", CRM, "crm"),
    ],
)
def test_a_token_names_its_source_in_either_header(authorization: str | None, andon_token: str | None, source: str) -> None:
    for required in (False, True):
        assert senders(token_required=required).identify(authorization, andon_token).source == source


@pytest.mark.parametrize(
    ("authorization", "andon_token"),
    [("Bearer wrong", None), ("Bearer", None), ("", None), (f"Basic {CRM}", None), (None, ""), (None, "wrong"), (f"Bearer {CRM}", "wrong")],
)
def test_a_wrong_token_is_rejected_also_where_none_is_needed(authorization: str | None, andon_token: str | None) -> None:
    with pytest.raises(Rejection) as caught:
        senders().identify(authorization, andon_token)
    assert (caught.value.status, caught.value.error.reason, caught.value.keep) == (401, "unauthenticated", False)


def test_without_a_token_the_sender_is_the_default_unless_one_is_required() -> None:
    assert (senders().identify(None, None).source, senders().identify(None, None).lane) == ("default", Lane.STANDARD)
    assert senders(default=Lane.BULK).identify(None, None).lane is Lane.BULK
    with pytest.raises(Rejection) as caught:
        senders(token_required=True).identify(None, None)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("services", "source"),
    [
        ({"crm"}, "crm"),
        ({"crm", "crm-batch"}, "crm"),
        ({"/crm"}, "crm"),
        ({"crm", "web"}, "default"),
        ({"crm", "unknown"}, "default"),
        ({""}, "default"),
        (set(), "default"),
    ],
)
def test_services_tell_a_source_where_all_are_of_one(services: set[str], source: str) -> None:
    found = senders()
    assert found.told_by(found.default, services).source == source
    shop = found.identify(None, SHOP)
    assert found.told_by(shop, services) is shop, "a token says more"


def test_a_wrong_token_may_be_right_while_a_secret_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEW_SHOP")
    found = senders()
    assert [("shop" in each, "NEW_SHOP" in each) for each in found.unreadable] == [(True, True)]
    assert found.identify(None, CRM).source == "crm"
    assert found.identify(None, SHOP).source == "shop"
    with pytest.raises(Rejection) as caught:
        found.identify(None, "wrong")
    assert (caught.value.status, caught.value.retry_after_seconds > 0) == (503, True)
