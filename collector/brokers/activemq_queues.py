"""What stands in queues of ActiveMQ and Artemis, and for durable subscriptions: as their management over HTTP (Jolokia) tells.

Both brokers are asked for what both call differently, so that nobody has to say which of them it is. Artemis also tells the time of the
first message that waits; of ActiveMQ, the first message of a queue is looked at. What a transaction has taken and not yet confirmed counts
as unacknowledged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.brokers.activemq_oldest import first_sent_at
from collector.brokers.management import ManagementApi, SaidOnce, looking, why
from collector.brokers.queue_series import QueueState, age_seconds
from collector.receiver import ReceiverContext
from core.errors import Retryable

_LOG = logging.getLogger("andon.collector.stomp")
_CLASSIC = ("QueueSize", "InFlightCount", "DequeueCount")
_CLASSIC_SUBSCRIPTION = ("PendingQueueSize", "DispatchedQueueSize", "DequeueCounter")
_ARTEMIS = ("MessageCount", "DeliveringCount", "MessagesAcknowledged", "FirstMessageTimestamp")
_EMPTY: Mapping[str, Any] = dict.fromkeys(_ARTEMIS[:3], 0)
_NO_SUCH = 404
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "*": r"\*", "?": r"\?", "\n": r"\n"})
_REPLACED = str.maketrans({**dict.fromkeys(":,'\"", "_"), "?": "&qe;", "=": "&amp;", "*": "&ast;"})


@dataclass(frozen=True)
class Place:
    """A queue or, with the client's id and the name of a durable subscription, what waits for that in a topic."""

    name: str
    client_id: str = ""
    subscription: str = ""


@dataclass(frozen=True)
class Watched:
    """Whose state is told, by the management API at ``management``; ``dead_letters``: a queue's dead-letter queue.

    ``url`` is where the broker itself is, by STOMP; both are references to secrets.
    """

    url: str
    management: str
    places: Sequence[Place]
    dead_letters: Mapping[str, str]

    def dead_letter_queue(self, place: Place) -> Place | None:
        """Return the dead-letter queue of a place, if it has one that is known."""
        return Place(self.dead_letters[place.name]) if place.name in self.dead_letters else None


@asynccontextmanager
async def telling_queues(context: ReceiverContext, watched: Watched) -> AsyncIterator[None]:
    """Tell the states of the queues until the block ends. What cannot be told is logged once, and never keeps messages from being read."""
    if not watched.places:
        yield
        return
    async with looking(_Teller(context, watched).look, context.source.source):
        yield


async def doubts(watched: Watched) -> list[str]:
    """Return which of the queues there are not, or not yet. Raises whatever a broker that does not answer raises."""
    found = await _found(watched)
    return [
        f"the broker has no queue '{place.name}'; correct its name, unless it is made for the first message"
        for place, told in found.items()
        if told is None
    ]


async def _found(watched: Watched) -> dict[Place, Mapping[str, Any] | None]:
    """Return what the broker says of each place and dead-letter queue; None of one that there is not."""
    dead = [queue for place in watched.places if (queue := watched.dead_letter_queue(place)) is not None]
    asked = list(dict.fromkeys([*watched.places, *dead]))
    async with _Jolokia(watched.management) as management:
        return dict(zip(asked, await management.attributes(asked), strict=True))


class _Teller:
    def __init__(self, context: ReceiverContext, watched: Watched) -> None:
        self._context, self._watched = context, watched
        self._say = SaidOnce(context, _LOG).say
        self._seen: set[Place] = set()

    async def look(self) -> None:
        """Ask about all at once, and tell what is answered."""
        try:
            found = await _found(self._watched)
            for place in self._watched.places:
                await self._tell(place, found)
        except Exception as error:  # boundary: what answers may answer anything
            self._say("management", "the management API does not tell what stands in queues", why=why(error))
        else:
            self._say("management", "")

    async def _tell(self, place: Place, found: Mapping[Place, Mapping[str, Any] | None]) -> None:
        told = found[place]
        if told is not None:
            self._seen.add(place)
        elif place in self._seen:  # Artemis deletes a queue that is empty and not read, and makes it again for the next message
            told = _EMPTY
        dead = self._watched.dead_letter_queue(place)
        missing = [one.name for one, there in ((place, told), (dead, dead and found[dead])) if one is not None and there is None]
        self._say(f"missing {place.name}", "the broker has no such queue, at least not yet" if missing else "", queues=missing)
        if told is not None:
            letters = None if dead is None else _counts(found[dead] or _EMPTY)[0]  # it is made for the first dead letter, which counts
            first = await self._first_sent_at(place, told)
            self._context.tell_queue(_state(place, told, first, letters, self._context.clock.now()))

    async def _first_sent_at(self, place: Place, told: Mapping[str, Any]) -> Any:
        """Return when the first message was sent, in milliseconds; None if there is none, or nobody says."""
        if not told.get(_CLASSIC[0]):
            return told.get(_ARTEMIS[3])
        try:
            sent_at = await asyncio.to_thread(first_sent_at, self._watched.url, place.name)
        except Exception as error:  # boundary: a client of a broker
            self._say(f"first {place.name}", "the broker does not show the first message of a queue", queue=place.name, why=why(error))
            return None
        self._say(f"first {place.name}", "")
        return sent_at


class _Jolokia(ManagementApi):
    """A session with the management API of ActiveMQ or Artemis."""

    async def attributes(self, places: Sequence[Place]) -> list[Mapping[str, Any] | None]:
        """Return what is said of each place; None of one that there is not. Raises :class:`Retryable` for what may not be asked.

        What a backup that is not active says is none of it.
        """
        questions = [*_BROKER, *(question for place in places for question in _questions(place))]
        answers = await self._asked("", questions)
        if not isinstance(answers, list) or len(answers) != len(questions):
            raise Retryable(
                _refusal(answers) or "the management API answers otherwise than Jolokia does; does its address end as Jolokia's?"
            )
        broker, *found = [_first(answers[number : number + 2]) for number in range(0, len(answers), 2)]
        if broker is None:
            raise Retryable("neither ActiveMQ nor Artemis is managed there")
        if broker.get("Slave") is True or broker.get("Active") is False:  # which has no queues: they would seem to be deleted
            raise Retryable("the broker that is managed there is a backup which is not active")
        return found


def _questions(place: Place) -> list[dict[str, Any]]:
    """Return what is asked about a place: first of ActiveMQ, then of Artemis."""
    address, _, queue = place.name.rpartition("::")
    at = f"type=Broker,brokerName=*,destinationName={place.name.translate(_REPLACED)}"
    if place.subscription:
        client, durable = place.client_id.translate(_REPLACED), f"{place.client_id}_{place.subscription}".translate(_REPLACED)
        classic = f"{at},destinationType=Topic,endpoint=Consumer,clientId={client},consumerId=Durable({durable})"
        address, queue = place.name, f"{place.client_id}.{place.subscription}"
    else:
        classic = f"{at},destinationType=Queue"
    within = f'"{address.translate(_QUOTED)}"' if address else "*"
    artemis = f'broker=*,component=addresses,address={within},subcomponent=queues,routing-type=*,queue="{queue.translate(_QUOTED)}"'
    return [
        _read(f"org.apache.activemq:{classic}", _CLASSIC_SUBSCRIPTION if place.subscription else _CLASSIC),
        _read(f"org.apache.activemq.artemis:{artemis}", _ARTEMIS),
    ]


def _read(bean: str, attributes: Sequence[str]) -> dict[str, Any]:
    return {"type": "read", "mbean": bean, "attribute": list(attributes)}


_BROKER = (
    _read("org.apache.activemq:type=Broker,brokerName=*", ["Slave"]),
    _read("org.apache.activemq.artemis:broker=*", ["Active"]),
)
"""What is asked about the broker itself."""


def _first(answers: Sequence[Any]) -> Mapping[str, Any] | None:
    """Return what one of the two brokers' questions was answered."""
    for answer in answers:
        if isinstance(answer.get("value"), dict) and answer["value"]:
            found: Mapping[str, Any] = next(iter(answer["value"].values()))
            return found
        if answer.get("status") != _NO_SUCH:
            raise Retryable(_refusal(answer) or "the management API answers neither with a value nor with an error")
    return None


def _refusal(answer: Any) -> str:
    """Return why a question was refused."""
    said = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    origin = "; allow the address's own origin in the broker's jolokia-access.xml" if "rigin" in said else ""
    return f"the management API refuses: {said[:300]}{origin}" if said else ""


def _state(place: Place, told: Mapping[str, Any], first: Any, dead_letters: int | None, now: datetime) -> QueueState:
    inside, held, done = _counts(told)
    waiting = inside if inside is None or held is None or _CLASSIC_SUBSCRIPTION[0] in told else max(0, inside - held)
    oldest = age_seconds(first, now) if isinstance(first, int) else None if waiting or held else 0.0
    return QueueState(place.name, place.subscription, waiting, held, oldest, dead_letters, done)


def _counts(told: Mapping[str, Any]) -> list[int | None]:
    """Return how much is inside (of ActiveMQ's subscriptions: is waiting), delivered and not done, and done."""
    names = next((names for names in (_CLASSIC, _CLASSIC_SUBSCRIPTION) if names[0] in told), _ARTEMIS[:3])
    return [value if isinstance(value := told.get(name), int) else None for name in names]
