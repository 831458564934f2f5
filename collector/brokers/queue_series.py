"""What stands in the queues of brokers, over time: points of metrics of Andon's own source, which reach the store through the journal.

Pages and incidents read them there; a queue without a change is told again after a while, so that it is known to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from collector.own_points import OwnPoint
from core.clock import to_milliseconds
from core.telemetry import M

KEEP_SECONDS = 10.0
"""How often what changed is kept."""
AGAIN_MILLISECONDS = 30_000
"""How long after a queue's last point another follows although nothing has changed."""
FORGET_MILLISECONDS = 600_000
"""How long after it was last told of a queue is forgotten: it is gone, or nobody reads its source."""
DONE = "andon_queue_done_messages"
"""Counts up as messages leave the queue; of use only for whether it rises, so it is no metric of its own for Prometheus."""
TIME_MILLISECONDS_MIN = 10**12
"""What is below is no time of a message, but a number that its sender gave (2001)."""
_AHEAD_MILLISECONDS = 86_400_000


@dataclass(frozen=True, slots=True)
class QueueState:
    """What stands in a queue, topic or stream of the source, as its broker says. None: this broker does not tell.

    ``reader``: the consumer or group of consumers that the figures are of; empty if the queue has one figure for all. ``waiting``: messages
    not delivered to it yet; ``unacknowledged``: delivered, and not done; ``oldest_seconds``: the age of the oldest that is not done;
    ``dead_letters``: messages in the queue's dead-letter queue; ``done``: a number that rises with every message done, such as an offset.
    """

    queue: str
    reader: str = ""
    waiting: int | None = None
    unacknowledged: int | None = None
    oldest_seconds: float | None = None
    dead_letters: int | None = None
    done: int | None = None

    def figures(self) -> dict[M, float | None]:
        """Return what is known, and None for what is not, by its metric."""
        told = {
            M.QUEUE_WAITING: self.waiting,
            M.QUEUE_UNACKNOWLEDGED: self.unacknowledged,
            M.QUEUE_OLDEST_SECONDS: self.oldest_seconds,
            M.QUEUE_DEAD_LETTERS: self.dead_letters,
        }
        return {metric: None if value is None else float(value) for metric, value in told.items()}


def age_seconds(milliseconds: int, now: datetime) -> float | None:
    """Return how old a message is whose sender wrote this time, since 1970 UTC; None if it is none: before 2001, or over a day ahead."""
    ahead = milliseconds - to_milliseconds(now)
    return max(0.0, -ahead / 1000) if milliseconds >= TIME_MILLISECONDS_MIN and ahead < _AHEAD_MILLISECONDS else None


LABELS = ("source", "queue", "reader")
_Queue = tuple[str, str, str]
"""What :data:`LABELS` name."""


@dataclass
class QueueSeries:
    """The latest state of every queue, and the last one that was kept. Any thread may note; one loop keeps."""

    _told: dict[_Queue, tuple[QueueState, int]] = field(default_factory=dict)
    _kept: dict[_Queue, tuple[QueueState, int]] = field(default_factory=dict)

    def note(self, source: str, state: QueueState, at: int) -> None:
        """Note a state of a source's queue at a moment in milliseconds."""
        self._told[source, state.queue, state.reader] = (state, at)

    def due(self) -> dict[_Queue, tuple[QueueState, int]]:
        """Return what is to be kept: states that have changed, and those told again a while after they were last kept."""
        return {queue: told for queue, told in list(self._told.items()) if self._is_due(told, self._kept.get(queue))}

    def keep(self, states: dict[_Queue, tuple[QueueState, int]]) -> None:
        """Remember that these states are on disk."""
        self._kept.update(states)

    def forget(self, now: int) -> list[_Queue]:
        """Forget, and return, the queues that nobody has told of for long at a moment in milliseconds."""
        gone = [queue for queue, (_, at) in list(self._told.items()) if at < now - FORGET_MILLISECONDS]
        for queue in gone:
            del self._told[queue]
            self._kept.pop(queue, None)
        return gone

    @staticmethod
    def _is_due(told: tuple[QueueState, int], kept: tuple[QueueState, int] | None) -> bool:
        return kept is None or told[0] != kept[0] or told[1] >= kept[1] + AGAIN_MILLISECONDS


def points_of(states: dict[_Queue, tuple[QueueState, int]]) -> list[OwnPoint]:
    """Return the points that keep states: one for each figure that is known, with the queue in its attributes."""
    return [
        OwnPoint(name, value, at, dict(zip(LABELS, queue, strict=True)))
        for queue, (state, at) in states.items()
        for name, value in ({metric.value.name: value for metric, value in state.figures().items()} | {DONE: state.done}).items()
        if value is not None
    ]
