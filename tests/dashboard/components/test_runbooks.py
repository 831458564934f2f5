"""Images in runbooks: of our own hosts they are shown, of others they are links."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.config import Settings
from dashboard.components.runbooks import with_own_images

HOSTS = ["wiki.example.com", "*.cdn.example.com", "10.0.0.7:8443"]
SHOWN = [
    "https://wiki.example.com/a.png", "http://WIKI.example.com:80/a.png", "https://x.y.cdn.example.com/a.png", "https://10.0.0.7:8443/a.png", "plan.png",
    "/media/plan.png", "data:image/png;base64,AAAA",
]  # fmt: skip
LINKS = [
    "https://evil.example/a.png", "//evil.example/a.png", "https://wiki.example.com.evil.example/a.png", "https://wiki.example.com@evil.example/a.png",
    "https://wiki.example.com:444/a.png", "https://10.0.0.7/a.png", "https://cdn.example.com/a.png", "https://[bad/a.png", "ftp://wiki.example.com/a.png",
    "data:text/html,x", "https://wiki.example.com:x/a.png",
]  # fmt: skip


@pytest.mark.parametrize("place", SHOWN)
@pytest.mark.parametrize(
    "form", ["![a plan]({place})", '![a plan]( <{place}> "title")', "![a plan][p]\n\n[p]: {place}", "![p]\n\n[P]: {place}"]
)
def test_images_of_our_own_hosts_are_shown(form: str, place: str) -> None:
    body = f"1. Look.\n{form.format(place=place)}"
    assert with_own_images(body, HOSTS) == body


@pytest.mark.parametrize("place", LINKS)
@pytest.mark.parametrize(
    "form", ["![a plan]({place})", '![]( <{place}> "title")', "![a plan][p]\n\n[p]: {place}", "![p][]\n\n[P]: {place}"]
)
def test_images_of_others_are_links(form: str, place: str) -> None:
    shown = with_own_images(f"1. Look.\n{form.format(place=place)}", HOSTS)
    assert "![" not in shown
    assert f"]({place})" in shown
    assert "is not among the image\\_hosts" in shown or "is not among the image_hosts" in shown


def test_what_is_no_image_is_left_as_it_is() -> None:
    body = "Stop! [The plan](https://evil.example/plan) and ![what is it]"
    assert with_own_images(body, []) == body


@pytest.mark.parametrize("value", ["https://wiki.example.com", "wiki.example.com/path", "x; script-src *", "*", "'unsafe-inline'", "a b;c"])
def test_the_setting_holds_nothing_but_hosts(value: str) -> None:
    with pytest.raises(ValidationError, match="is not a host name"):
        Settings(image_hosts=value)
