"""Settings of pull receivers: what is wrong is named, and its value is never shown."""

from __future__ import annotations

import pytest

from collector.receiver_settings import ReceiverSettings, parse_settings
from core.errors import WrongSetting


class Settings(ReceiverSettings):
    queue: str
    prefetch: int = 10


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"queues": "orders"}, "queue", "is missing; add it"),
        ({"queue": "orders", "prefech": 1}, "prefech", "is not a setting of this receiver; did you mean 'prefetch'?"),
        ({"queue": "orders", "prefetch": "many"}, "prefetch", "is wrong: "),
        ({"queue": "orders", "url": "amqp://user:hunter2@host/"}, "url", "may hold a secret; write env:NAME or file:PATH"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(given: dict[str, object], path: str, says: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        parse_settings(Settings, {"type": "queue", "url": "env:BROKER", **given})
    assert path in str(caught.value)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "many" not in str(caught.value)


def test_settings_are_typed_and_have_their_defaults() -> None:
    assert parse_settings(Settings, {"type": "queue", "url": "env:BROKER", "queue": "orders"}).prefetch == 10
