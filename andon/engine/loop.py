"""The engine's loop: it loads, correlates, evaluates and alerts; delivery has its own threads.

The loop runs a stage only when the one before it wrote something or a timer is due, so an idle engine costs almost nothing. Ticks follow
the load (:data:`CYCLE_SECONDS`): what is critical is processed at once, a trickle of anything else is gathered. A stage that fails is
retried with the same input, for ever, with growing pauses; every stage is idempotent.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from andon.engine.ports import Deliverer, Stage, Stages, TimedStage
from andon.process import run_in_background
from core.clock import EPOCH, Clock
from core.errors import NoRoom
from core.signal import Lane
from core.telemetry import M, Telemetry
from store.loading.loader import SLICE_MAX_BYTES

logger = logging.getLogger("andon.engine")

POLL_SECONDS = 0.1
IN_FLIGHT_SECONDS = 0.25
"""A record gets its time of receipt before it waits for the disk; that takes some milliseconds on most disks."""
MANY_SIGNALS = 100
"""A tick costs the same for few signals as for this many. More in one tick: what arrives is worth ticks that follow each other closely."""
CYCLE_SECONDS = (0.25, 0.5, 2.0)
"""How long after one tick with work the next begins: after many signals; after few, for what is critical or due; for everything else, which
is gathered meanwhile, also while ticks of what is critical go on. After a pause, the first tick begins at once in any case."""
LONGEST_PAUSE_SECONDS = 30.0
CATCH_UP_SECONDS = 10.0
"""The most that a tick correlates before it evaluates and alerts."""
AHEAD = (Lane.CRITICAL,)
"""The lane that goes all the way to the alert before a backlog in the others is touched."""
AHEAD_SECONDS = 5.0
"""The most that a tick loads of this lane, so that the others get their share."""
SHARE_SECONDS = 0.7
"""The most that a tick loads of all lanes."""
SLICE_BYTES = (1 << 18, 4 << 20, SLICE_MAX_BYTES)
"""The size of slices of all lanes: minimum, initial and maximum."""
TURN_SECONDS = 2.5
"""How long it may take to load a share of a backlog and process it completely, which is how long the critical lane waits for it."""
TURN_FACTOR = 3.0
"""Or this many times as long as the critical lane alone takes: if that is long in any case, small shares help nobody."""
STAGES = frozenset({"correlate", "evaluate", "alert"})


@dataclass
class Engine:
    """Runs the tick in the calling thread until :attr:`stopping` is set."""

    stages: Stages
    clock: Clock
    telemetry: Telemetry
    between_ticks: Callable[[], None] = lambda: None
    in_flight: timedelta = timedelta(0)
    """How long ago something may have been received that is not on disk yet: deadlines are evaluated up to then."""
    clock_trusted: Callable[[], bool] = lambda: True
    """Whether the time can be relied on; asked before every verdict."""
    stopping: threading.Event = field(default_factory=threading.Event)
    last_tick: float = 0.0
    """When a tick last completed, in monotonic seconds; 0: none yet."""
    last_step: float = 0.0
    """When a batch of a stage last completed, even within a tick, unless ticks fail."""
    failures: int = 0
    """Consecutive ticks that failed."""
    owed: set[str] = field(default_factory=lambda: set(STAGES))
    """The stages that must run, whatever they find: at first all of them, so that whatever a crash interrupted is finished."""
    evaluated: datetime = EPOCH
    """Deadlines have been evaluated up to this time; EPOCH: none yet."""
    _correlation_unfinished: bool = False
    """Whether the last tick left something loaded that is not correlated yet."""
    _backlog_left: bool = True
    """Whether a backlog was left in the journal, as far as is known."""
    _signals: int = 0
    """How many signals the last tick loaded."""
    _worked_at: float = -inf
    """When the last tick that had work began, in monotonic seconds."""
    _gathered_at: float = -inf
    """The same, of the last tick that loaded every lane."""
    _slice_bytes: int = SLICE_BYTES[1]
    _critical_seconds: deque[float] = field(default_factory=lambda: deque([0.0] * 3, maxlen=3))
    """How long the critical lane alone took the last few times, in seconds; a backlog of its own makes it long."""
    _received_upto: datetime = EPOCH
    """What was received up to then is loaded, so that deadlines may be evaluated up to then once it is correlated."""
    _asked_all_lanes: bool = False
    """Whether the last load asked the journal for what waits in every lane."""
    _disk_refused: bool = False
    """Whether the store's disk did not take the last slice."""
    _evaluated_positions: Mapping[str, int] | None = None
    """Everything up to there in the journal was correlated before deadlines were last evaluated; None: they have not been yet."""
    _stored_positions: Mapping[str, int] | None = None
    """The same, as it was when the store's disk began to refuse what came later; None: it accepts everything."""
    _wake_deliveries: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Loop until stopped."""
        delivery = run_in_background("deliveries", self._deliver)
        while not self.stopping.is_set():
            try:
                self.between_ticks()
                lanes = self.due_lanes()
                worked = bool(lanes) and self.tick(lanes)
                pause = min(POLL_SECONDS, max(0.0, self._pace() - self._passed(self._worked_at))) if worked else POLL_SECONDS
                self.failures = 0
            except Exception:  # boundary: the tick loop; whatever fails is logged and retried with the same input
                logger.exception("a tick failed and will be tried again", extra={"fields": {"owed": sorted(self.owed)}})
                pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(self.failures, 5))
                self.failures += 1
            self.stopping.wait(pause)
        self._wake_deliveries.set()
        delivery.join(timeout=20.0)

    def due_lanes(self) -> tuple[Lane, ...]:
        """Return what a tick should load now: every lane, or the critical one while the others are gathered; none: it is too soon."""
        if self._passed(self._worked_at) < self._pace():
            return ()
        gathered = self._passed(self._gathered_at) >= CYCLE_SECONDS[-1]
        if gathered or self._many() or self.owed or self._any_due():
            return tuple(Lane)
        return AHEAD if self.stages.waits(AHEAD) else ()

    def _passed(self, since: float) -> float:
        return self.clock.monotonic() - since

    def _pace(self) -> float:
        return CYCLE_SECONDS[0 if self._many() else 1]

    def _many(self) -> bool:
        return self._signals > MANY_SIGNALS or self._backlog_left

    def _any_due(self) -> bool:
        now = self.clock.now()
        return self._is_due(self.stages.evaluate, now - self.in_flight) or self._is_due(self.stages.alert, now)

    def tick(self, lanes: tuple[Lane, ...] = tuple(Lane)) -> bool:
        """Run every stage that has something to do; return whether there was more to do than to meet a deadline.

        ``lanes``: what is loaded. If there is a backlog, what is waiting in the critical lane is processed completely first.
        """
        worked, self._signals = False, 0
        began = started = self.clock.monotonic()
        if self._backlog_left:
            self._load(AHEAD, AHEAD_SECONDS)
            if worked := self._correlate_evaluate_alert():
                self._critical_seconds.append(self.clock.monotonic() - started)
        started = self.clock.monotonic()
        self._load(lanes, SHARE_SECONDS)
        worked |= self._correlate_evaluate_alert()
        if self._backlog_left:
            self._resize(self.clock.monotonic() - started)
        self.last_tick = self.last_step = self.clock.monotonic()
        if worked:
            self._worked_at = began
            self._gathered_at = self._gathered_at if lanes == AHEAD else began
        return worked

    def _correlate_evaluate_alert(self) -> bool:
        """Correlate, evaluate and tell what was loaded; return whether there was anything.

        A deadline is evaluated only once everything received before it is correlated: a signal that only we are late to process is not
        late.
        """
        worked = bool(self.owed)
        refused = self._disk_refused
        if "correlate" in self.owed:
            try:
                self._correlate()
            except NoRoom:
                self._correlation_unfinished = refused = True
        nothing_waits = not (refused or self._correlation_unfinished or self._backlog_left)
        self._evaluate_without_store(refused, all_stored=self._asked_all_lanes and nothing_waits)
        if (not self._correlation_unfinished or self._stored_positions is not None) and self.clock_trusted():
            try:
                self._evaluate()
            except (
                NoRoom
            ):  # the maximum number of rows is waiting for the disk: alerts go out for what was evaluated, the rest must run again
                self.owed.add("alert")
        if self.evaluated > EPOCH:
            self.telemetry.set(M.EVALUATION_LAG_SECONDS, (self.clock.now() - self.evaluated).total_seconds())
        if "alert" in self.owed or self._is_due(self.stages.alert, self.clock.now()):
            while self._run("alert", self.stages.alert, self.clock.now()) and not self.stopping.is_set():
                self.owed.add("alert")
            self._wake_deliveries.set()
        return worked

    def clock_stepped(self) -> None:
        """Evaluate from the corrected time on, even if it is earlier."""
        self.evaluated = self._received_upto = EPOCH
        self.owed.update({"evaluate", "alert"})

    def _evaluate_without_store(self, refused: bool, *, all_stored: bool) -> None:
        """Evaluate deadlines up to now while the store's disk accepts nothing, except those that signals it did not accept may meet."""
        if all_stored:
            self._stored_positions = None
        elif refused and self._stored_positions is None:
            self._stored_positions = self._evaluated_positions
        if self._stored_positions is not None:
            self._received_upto = self.clock.now() - self.in_flight
        self.stages.unseen(self._stored_positions)

    def _load(self, lanes: tuple[Lane, ...], seconds: float) -> None:
        """Load what is waiting in these lanes, for a while; what was loaded is correlated before more is loaded."""
        started = self.clock.monotonic()
        more = not self._correlation_unfinished
        self._asked_all_lanes = more and lanes != AHEAD
        while more and not self.stopping.is_set() and self.clock.monotonic() - started < seconds:
            asked = self.clock.now() - self.in_flight
            loaded = self.stages.load(lanes, SLICE_MAX_BYTES if lanes == AHEAD else self._slice_bytes)
            self._disk_refused = loaded.no_room
            more, self._received_upto = (
                loaded.more,
                min(loaded.upto or asked, asked),
            )  # received according to a clock that has been set back since: count it from now
            self._backlog_left = more or (lanes == AHEAD and self._backlog_left)
            self._signals += loaded.signals
            if loaded.some:
                self.owed.add("correlate")
        self._observe("load", started)

    def _resize(self, seconds: float) -> None:
        """Make the slices of a backlog larger or smaller, according to how long the last ones took."""
        least, _, most = SLICE_BYTES
        may_take = max(TURN_SECONDS, TURN_FACTOR * min(self._critical_seconds))
        if seconds < may_take / 2:
            self._slice_bytes = min(most, self._slice_bytes * 2)
        elif seconds > may_take:
            self._slice_bytes = max(least, self._slice_bytes // 2)

    def _correlate(self) -> None:
        """Correlate everything that was loaded; what is left after a while has its turn in the next tick."""
        # A transaction's failure is an alert of its own, with or without an SLA.
        self.owed.update({"evaluate", "alert"})
        started = self.clock.monotonic()
        self._correlation_unfinished = False
        while self._run("correlate", self.stages.correlate, self.clock.now()):
            self.owed.add("correlate")
            if self.stopping.is_set() or self.clock.monotonic() - started >= CATCH_UP_SECONDS:
                self._correlation_unfinished = True
                break

    def _evaluate(self) -> None:
        upto = max(self.evaluated, self._received_upto)
        owed = "evaluate" in self.owed or self._is_due(self.stages.evaluate, upto)
        if owed and upto > EPOCH and self._run("evaluate", self.stages.evaluate, upto):
            self.owed.add("alert")
        self.evaluated = upto
        if not self._correlation_unfinished:
            self._evaluated_positions = self.stages.positions()

    def _run(self, name: str, stage: Stage, now: datetime) -> bool:
        """Run a stage and take it off the list; return its result."""
        started = self.clock.monotonic()
        result = stage.run(now)
        self.owed.discard(name)
        self._observe(name, started)
        return result

    def _is_due(self, stage: TimedStage | Deliverer, now: datetime) -> bool:
        deadline = stage.next_deadline()
        return deadline is not None and deadline <= now

    def _observe(self, name: str, started: float) -> None:
        now = self.clock.monotonic()
        self.last_step = self.last_step if self.failures else now
        self.telemetry.observe(M.TICK_SECONDS, now - started, stage=name)

    def _deliver(self) -> None:
        while not self.stopping.is_set():
            self._wake_deliveries.clear()
            wait = timedelta(seconds=5.0)
            now = self.clock.now()
            following = self.stages.alert.deliver(now)
            if following is not None:
                wait = min(wait, max(timedelta(0), following - now))
            self._wake_deliveries.wait(max(0.05, wait.total_seconds()))
