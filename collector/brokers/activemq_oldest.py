"""How old the first message of a queue of ActiveMQ is: a browser of the queue reads it again, for its management does not tell."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue

import stomp
from stomp.exception import StompException
from stomp.utils import Frame

from collector.brokers.stomp_connection import ANSWER_SECONDS, connect
from core.errors import Retryable


def first_sent_at(url: str, queue: str) -> int | None:
    """Return when the oldest message of a queue that is not done was sent, in milliseconds UTC; None if there is none, or it does not say.

    Blocks for half a minute at the most. Raises :class:`Retryable` if the broker refuses or does not answer, and what
    :func:`collector.brokers.stomp_connection.connect` raises.
    """
    heard: SimpleQueue[dict[str, str] | str] = SimpleQueue()
    connection = connect(url, _First(heard))
    try:
        one = {"browser": "true", "activemq.prefetchSize": "1"}  # a browser gets the next message once it has acknowledged this one
        connection.subscribe(f"/queue/{queue}", "andon", ack="client", headers=one)
        headers = heard.get(timeout=ANSWER_SECONDS)
    except Empty as error:
        raise Retryable(f"the broker did not show the first message within {ANSWER_SECONDS:.0f} seconds") from error
    finally:
        with suppress(StompException, OSError):
            connection.transport.disconnect_socket()
    if isinstance(headers, str):
        raise Retryable(headers)
    sent_at = headers.get("timestamp", "")
    return int(sent_at) if sent_at.isascii() and sent_at.isdecimal() else None


class _First(stomp.ConnectionListener):  # type: ignore[misc]  # the client has no types
    """Puts the headers of what is browsed, or why nothing is, where another thread waits for them."""

    def __init__(self, heard: SimpleQueue[dict[str, str] | str]) -> None:
        self._heard = heard

    def on_message(self, frame: Frame) -> None:
        """Take a message, or that there is none."""
        self._heard.put(dict(frame.headers))

    def on_error(self, frame: Frame) -> None:
        """Take the broker's refusal."""
        self._heard.put(f"the broker refused: {str(frame.headers.get('message', ''))[:500]}")

    def on_disconnected(self) -> None:
        """Take the end of the connection."""
        self._heard.put("the broker closed the connection")
