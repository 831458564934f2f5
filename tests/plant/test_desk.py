"""The operations desk keeps the messages that it is sent, and refuses what is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from plant.desk import KEPT, MAX_BODY_BYTES, OpsDesk
from tests import plain_http


@pytest.fixture
def desk() -> Iterator[OpsDesk]:
    opened = OpsDesk()
    opened.start()
    yield opened
    opened.close()


def test_keeps_what_it_is_sent_and_refuses_the_rest(desk: OpsDesk) -> None:
    assert plain_http.post(desk.url, json={"title": "late"}, headers={"webhook-id": "d1"}).status_code == 200
    assert plain_http.post(desk.url, content=b"{broken").status_code == 400
    assert plain_http.post(desk.url, content=b"\xff\xfe").status_code == 400
    assert plain_http.post(desk.url, content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert plain_http.post(desk.url, content=b"").status_code == 413
    assert plain_http.get(desk.url).json() == [{"id": "d1", "message": {"title": "late"}}]


def test_a_refusal_says_what_to_send(desk: OpsDesk) -> None:
    assert plain_http.post(desk.url, content=b"").json() == {"error": f"send 1 to {MAX_BODY_BYTES} bytes with a Content-Length"}
    assert plain_http.post(desk.url, content=b"x").json() == {"error": "send JSON"}


def test_the_newest_comes_first_and_the_oldest_go(desk: OpsDesk) -> None:
    desk.messages.extend({"id": "", "message": number} for number in range(KEPT))  # 0 came last
    assert plain_http.post(desk.url, json="new").status_code == 200
    assert [each["message"] for each in plain_http.get(desk.url).json()] == ["new", *range(KEPT - 1)]


def test_it_stands_in_for_what_runbooks_ask() -> None:
    opened = OpsDesk(0, lambda queue: queue == "orders.inbound")
    opened.start()
    place = opened.url.removesuffix("/ops-desk")
    stuck = plain_http.get(f"{place}/consumers/orders.inbound")
    assert (stuck.status_code, stuck.json()) == (503, {"queue": "orders.inbound", "consumers": 0})
    assert plain_http.get(f"{place}/consumers/shopfloor.orders").json() == {"queue": "shopfloor.orders", "consumers": 1}
    assert plain_http.get(f"{place}/tms/shipments/SH-48%2F1").json()["shipment"] == "SH-48/1"
    opened.close()


def test_it_listens_on_loopback_alone_and_until_it_is_closed() -> None:
    opened = OpsDesk()
    opened.start()
    host, port = opened.url.removeprefix("http://").split("/")[0].split(":")
    assert host == "127.0.0.1"
    opened.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port)), timeout=5):
        pass
