"""Verdicts: what a clock says at a given moment. Pure and columnar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.verdict import Verdict
from slas.calendar import DAY, Milliseconds
from slas.due import MISSING


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when the sources of a stage have been silent, and the source that was seen last; nothing is read of one that is paused."""

    since: int
    source: str
    is_paused: bool = False


Silences = Callable[[str, str], Silence | None]


def evaluate(clocks: pd.DataFrame, now: int, silences: Silences) -> pd.DataFrame:
    """Return the clocks with ``verdict``, ``cause``, ``next_at`` and ``penalty`` at ``now`` (milliseconds).

    A growing penalty is evaluated again when its next day begins. A deadline that passes counts only if the awaited stage's sources were
    not silent at that moment; otherwise the verdict is unknown. A promise about what a queue holds up (``at_once``) is at risk before its
    warning. A transaction cancelled after a deadline has missed it: the clock is
    ``cancelled`` and owes what lateness cost until it stopped.
    """
    warn, due, stopped = (clocks[name].to_numpy(np.int64) for name in ("warn_at", "due_at", "stopped_at"))
    done, lacking = stopped != MISSING, (clocks["lacking"] != "").to_numpy(np.bool_)
    cancelled = clocks["cancelled"].to_numpy(np.bool_)
    pause_from = _open_pause(clocks)
    paused = ~done & (pause_from != MISSING) & (pause_from <= now) & (pause_from < due)
    since, silent_source = _silent(clocks, silences)
    late, soon = now >= due, now >= warn
    silent = (late & (since <= due)) | (~late & soon & (since <= warn))
    rules = [  # the first that holds decides
        (cancelled, Verdict.CANCELLED),
        (lacking, Verdict.UNKNOWN),
        (done & (stopped <= due), Verdict.MET),
        (done, Verdict.MET_LATE),
        (paused, Verdict.PAUSED),
        (silent, Verdict.UNKNOWN),
        (late, Verdict.BREACHED),
        (soon | clocks["at_once"].to_numpy(np.bool_), Verdict.AT_RISK),
    ]
    verdict = np.select([holds for holds, _ in rules], [str(name) for _, name in rules], str(Verdict.RUNNING)).astype(object)
    missed = (verdict == str(Verdict.BREACHED)) | (done & ~lacking & (stopped > due))
    penalty, grows_at = _penalty(clocks, missed, ~done, np.where(done, stopped, now) - due)
    waiting = ~(cancelled | lacking | done | paused)
    following = _following(waiting, np.where(~soon, warn, np.where(~late, due, MISSING)), pause_from, now, due)
    next_at = np.where(grows_at != MISSING, grows_at, following)
    return clocks.assign(verdict=verdict, cause=_cause(clocks, verdict, missed, silent_source), next_at=next_at, penalty=penalty)


def _following(waiting: NDArray[np.bool_], deadline: Milliseconds, pause_from: Milliseconds, now: int, due: Milliseconds) -> Milliseconds:
    """Return when a clock that waits must be looked at again: at its next deadline, or when a known pause begins before it."""
    pauses = (pause_from > now) & (pause_from < due)
    first = np.where(pauses, np.where(deadline == MISSING, pause_from, np.minimum(deadline, pause_from)), deadline)
    return np.where(waiting, first, MISSING)


def _cause(
    clocks: pd.DataFrame, verdict: NDArray[np.object_], missed: NDArray[np.bool_], silent_source: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Return why a promise is in danger: what is missing to tell, the silent source, the failure of the step, the queue, or overdue."""
    lacking, failure, held_up = (clocks[name].to_numpy(object) for name in ("lacking", "failure", "held_up"))
    unknown, overdue = verdict == str(Verdict.UNKNOWN), missed | (verdict == str(Verdict.AT_RISK))
    rules = [  # the first that holds decides
        (unknown & (lacking != ""), lacking),
        (unknown, silent_source),
        ((overdue | (verdict == str(Verdict.RUNNING))) & (failure != ""), failure),
        (overdue & (held_up != ""), held_up),
        (overdue, np.full(len(clocks), "overdue", object)),
    ]
    return np.select([holds for holds, _ in rules], [cause for _, cause in rules], "").astype(object)


def _penalty(
    clocks: pd.DataFrame, missed: NDArray[np.bool_], runs: NDArray[np.bool_], late_by: Milliseconds
) -> tuple[NDArray[np.float64], Milliseconds]:
    """Return the penalty so far and when it next grows (MISSING: never): each day begun counts, after the free ones, up to the cap."""
    free, daily, cap = (clocks[f"penalty_{name}"].to_numpy(np.float64) for name in ("free", "day", "cap"))
    begun = late_by // DAY + 1
    owed = np.minimum(np.clip(begun - free, 0, None) * daily, cap)
    growing = missed & runs & (daily > 0) & (owed < cap)
    following = np.maximum(begun, np.floor(free).astype(np.int64))
    grows_at = np.where(growing, clocks["due_at"].to_numpy(np.int64) + following * DAY, MISSING)
    return np.where(missed, owed, 0.0), grows_at


def _open_pause(clocks: pd.DataFrame) -> Milliseconds:
    return np.array([pauses[-1][0] if pauses and pauses[-1][1] == MISSING else MISSING for pauses in clocks["paused"]], np.int64)


def _silent(clocks: pd.DataFrame, silences: Silences) -> tuple[Milliseconds, NDArray[np.object_]]:
    """Return per row since when its stage's sources have been silent (the far future: they are not) and the cause."""
    since = np.full(len(clocks), np.iinfo(np.int64).max, np.int64)
    cause = np.full(len(clocks), "", object)
    flows, stages = clocks["flow"].to_numpy(object), clocks["stage"].to_numpy(object)
    for flow, stage in set(zip(flows, stages, strict=True)):
        silence = silences(str(flow), str(stage))
        if silence is not None:
            rows = (flows == flow) & (stages == stage)
            since[rows], cause[rows] = silence.since, f"source-{'paused' if silence.is_paused else 'silent'}:{silence.source}"
    return since, cause
