"""The operations desk takes messages, and a taken port costs only the desk."""

import httpx

from plant.desk import MAX_BODY_BYTES, OpsDesk
from plant.run import _open_desk


def test_keeps_what_it_is_sent_and_refuses_the_rest() -> None:
    desk = OpsDesk()
    desk.start()
    try:
        assert httpx.post(desk.url, json={"title": "late"}, headers={"webhook-id": "d1"}).status_code == 200
        assert httpx.post(desk.url, content=b"{broken").status_code == 400
        assert httpx.post(desk.url, content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
        assert httpx.get(desk.url).json() == [{"id": "d1", "message": {"title": "late"}}]
        port = int(desk.url.split(":")[2].split("/")[0])
        assert _open_desk(port) is None
    finally:
        desk.close()
    assert _open_desk(None) is None
