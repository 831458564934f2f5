"""What a new evaluation changes: compares with the clocks written before, numbers verdict versions, builds rows for the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slas.clock import TIMES
from slas.due import MISSING

KEY = ["flow", "sla", "transaction_id"]
_COMPARED = ["reference", "stage", "verdict", "cause", "severity", "owner", "runbook", "value", "currency", "penalty", "customer", "plant"]
_COMPARED_TIMES = [*TIMES, "next_at"]


def merge_previous(measured: pd.DataFrame, previous: pd.DataFrame, now: int) -> pd.DataFrame:
    """Return the clocks that differ from what was written before, with ``verdict_version``, ``verdict_at``, ``previous``, ``fresh``.

    ``fresh`` marks a new version of the verdict: a different verdict, due time or stop. A clock that no longer exists is returned as
    removed.
    """
    before = _in_milliseconds(previous)
    both = measured.merge(before, how="outer", on=KEY, suffixes=("", "_before"), indicator=True) if len(measured) else None
    gone = before if both is None else both.loc[both["_merge"] == "right_only", KEY].merge(before, on=KEY)
    gone = gone[gone["removed"] == 0]
    parts = []
    if both is not None:
        kept = both[both["_merge"] != "right_only"].reset_index(drop=True)
        parts.append(_compared(kept, now))
    if len(gone):
        none: pd.Series = pd.Series(
            [[] for _ in range(len(gone))], index=gone.index, dtype=object
        )  # the written clocks come without their pauses
        parts.append(gone.assign(removed=1, next_at=MISSING, fresh=False, previous=gone["verdict"], lacking="", paused=none))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return frame if len(frame) else pd.DataFrame({name: [] for name in [*KEY, "fresh", "verdict", "next_at"]}).astype({"fresh": bool})


def _compared(rows: pd.DataFrame, now: int) -> pd.DataFrame:
    new = (rows["_merge"] == "left_only").to_numpy(np.bool_)
    for name in _COMPARED_TIMES:
        rows[name] = rows[name].to_numpy(np.int64)
        old = rows[f"{name}_before"].to_numpy()
        rows[f"{name}_before"] = np.where(new, MISSING, pd.Series(old).fillna(MISSING).astype(np.int64))
    fresh = new | _differ(rows, ["verdict", "due_at", "stopped_at"])
    different = fresh | _differ(rows, [*_COMPARED, *_COMPARED_TIMES]) | (rows["removed"].fillna(0).to_numpy(np.float64) != 0)
    version = rows["verdict_version"].fillna(0).to_numpy(np.int64) + fresh
    at = np.where(fresh, now, rows["verdict_at"].fillna(now).to_numpy(np.int64))
    rows = rows.assign(
        fresh=fresh, previous=rows["verdict_before"].where(~new, ""), verdict_version=version, verdict_at=at, removed=np.int64(0)
    )
    changed: pd.DataFrame = rows[different]
    return changed


def _differ(rows: pd.DataFrame, names: list[str]) -> NDArray[np.bool_]:
    result = np.zeros(len(rows), np.bool_)
    for name in names:
        result |= (rows[name] != rows[f"{name}_before"]).fillna(value=True).to_numpy(np.bool_)
    return result


def _in_milliseconds(previous: pd.DataFrame) -> pd.DataFrame:
    """Return clocks as they were stored, with times in milliseconds."""
    if not len(previous):
        names = [*KEY, *_COMPARED, *_COMPARED_TIMES, "verdict_version", "verdict_at", "removed", "contract_version"]
        texts = {name: pd.Series(dtype=object) for name in names}
        return pd.DataFrame(texts).astype(dict.fromkeys([*_COMPARED_TIMES, "verdict_at", "verdict_version", "removed"], np.int64))
    frame = previous.copy()
    for name in [*_COMPARED_TIMES, "verdict_at"]:
        frame[name] = frame[name].to_numpy("datetime64[ms]").astype(np.int64)
    return frame


def to_rows(changed: pd.DataFrame) -> pd.DataFrame:
    """Return rows of ``clocks`` except for ``revision``, with times as datetime64."""
    if not len(changed):
        return pd.DataFrame()
    names = [*KEY, *_COMPARED, "previous", "paused", "contract_version", "verdict_version", "removed", *_COMPARED_TIMES, "verdict_at"]
    frame = changed[names].copy()
    for name in [*_COMPARED_TIMES, "verdict_at"]:
        frame[name] = changed[name].to_numpy(np.int64).astype("datetime64[ms]")
    return frame


def to_verdict_rows(fresh: pd.DataFrame, now: int, reasons: list[str]) -> pd.DataFrame:
    """Return rows of ``verdicts`` except for ``revision``, with times as datetime64."""
    if not len(fresh):
        return pd.DataFrame()
    frame = fresh[[*KEY, "verdict", "previous", "contract_version", "value", "currency"]].copy()
    frame["version"] = fresh["verdict_version"].to_numpy(np.int64)
    frame["decided_at"] = np.full(len(fresh), now, np.int64).astype("datetime64[ms]")
    for name in ("started_at", "due_at", "stopped_at"):
        frame[name] = fresh[name].to_numpy(np.int64).astype("datetime64[ms]")
    frame["reason"] = reasons
    return frame
