"""What a new evaluation changes: compares with the clocks written before, numbers verdict versions, builds rows for the tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.catalog.flow import PARTIES
from core.verdict import pauses_as_text
from slas.clock import TIMES
from slas.due import MISSING

KEY = ["flow", "sla", "transaction_id"]
_COMPARED = [
    "reference", "stage", "verdict", "cause", "severity", "owner", "runbook", "value", "currency", "penalty", *PARTIES, "plant",
]  # fmt: skip
_COMPARED_TIMES = [*TIMES, "next_at"]


def merge_previous(measured: pd.DataFrame, previous: pd.DataFrame, now: int) -> pd.DataFrame:
    """Return the clocks that differ from what was written before, with ``verdict_version``, ``verdict_at``, ``previous``, ``fresh``.

    ``fresh`` marks a new version of the verdict: a different verdict, due time or stop. A clock that no longer exists is returned as
    removed.
    """
    known = dict(zip(_keys(previous), range(len(previous)), strict=True))
    found = np.array([known.pop(key, -1) for key in _keys(measured)], np.int64)  # what is left is no longer measured
    gone = previous.iloc[[*known.values()]] if known else previous.iloc[:0]
    gone = gone[gone["removed"] == 0] if len(gone) else gone
    parts = [_compared(measured, previous, found, now)] if len(measured) else []
    if len(gone):
        none = np.fromiter(([] for _ in range(len(gone))), object, len(gone))  # the written clocks come with their pauses as a text alone
        times = {name: _milliseconds(gone[name]) for name in [*_COMPARED_TIMES, "verdict_at"]} | {"next_at": MISSING}
        parts.append(gone.assign(**times, removed=1, fresh=False, previous=gone["verdict"], lacking="", paused=none))
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0] if parts else pd.DataFrame()
    return frame if len(frame) else pd.DataFrame({name: [] for name in [*KEY, "fresh", "verdict", "next_at"]}).astype({"fresh": bool})


def _keys(clocks: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(*(clocks[name] for name in KEY), strict=True)) if len(clocks) else []


def _compared(measured: pd.DataFrame, previous: pd.DataFrame, found: NDArray[np.int64], now: int) -> pd.DataFrame:
    """Return the measured clocks that differ from the row of ``previous`` at ``found`` (-1: there is none), and how."""
    new = found < 0
    before = previous.iloc[found[~new]]

    def of(values: NDArray[Any], where_new: Any) -> NDArray[Any]:
        filled = np.full(len(found), where_new, values.dtype)
        filled[~new] = values
        return filled

    def differ(names: list[str]) -> NDArray[np.bool_]:
        result = new.copy()
        for name in names:
            is_time = name in _COMPARED_TIMES
            old = _milliseconds(before[name]) if is_time else before[name].to_numpy()
            result[~new] |= np.asarray(measured[name].to_numpy()[~new] != old, np.bool_)
        return result

    changes: dict[str, Any]
    if not len(before):
        fresh = different = new
        changes = {"previous": "", "verdict_version": np.int64(1), "verdict_at": now}
    else:
        fresh = differ(["verdict", "due_at", "stopped_at"])
        different = fresh | differ([*_COMPARED, *_COMPARED_TIMES]) | of(before["removed"].to_numpy(np.bool_), where_new=False)
        # one after its due time, or in the night, moves nothing else
        different[~new] |= (
            np.fromiter(map(pauses_as_text, measured["paused"].to_numpy(object)[~new]), object, len(before)) != before["pauses"].to_numpy()
        )
        changes = {
            "previous": of(before["verdict"].to_numpy(object), ""),
            "verdict_version": of(before["verdict_version"].to_numpy(np.int64), 0) + fresh,
            "verdict_at": np.where(fresh, now, of(_milliseconds(before["verdict_at"]), now)),
        }
    chosen = {name: values[different] if isinstance(values, np.ndarray) else values for name, values in changes.items()}
    changed: pd.DataFrame = measured[different].assign(**chosen, fresh=fresh[different], removed=np.int64(0))
    return changed


def _milliseconds(moments: pd.Series) -> NDArray[np.int64]:
    """Return times as they are stored in milliseconds; MISSING for none."""
    return moments.to_numpy("datetime64[ms]").astype(np.int64)


def to_rows(changed: pd.DataFrame) -> pd.DataFrame:
    """Return rows of ``clocks`` except for ``revision``, with times as datetime64."""
    if not len(changed):
        return pd.DataFrame()
    times = [*_COMPARED_TIMES, "verdict_at"]
    names = [*KEY, *_COMPARED, "previous", "paused", "contract_version", "verdict_version", "removed"]
    columns = {name: changed[name].to_numpy() for name in names}
    return pd.DataFrame({**columns, **{name: changed[name].to_numpy(np.int64).astype("datetime64[ms]") for name in times}})


def to_verdict_rows(fresh: pd.DataFrame, now: int, reasons: list[str]) -> pd.DataFrame:
    """Return rows of ``verdicts`` except for ``revision``, with times as datetime64."""
    if not len(fresh):
        return pd.DataFrame()
    columns = {name: fresh[name].to_numpy() for name in (*KEY, "verdict", "previous", "contract_version", "value", "currency")}
    times = {name: fresh[name].to_numpy(np.int64).astype("datetime64[ms]") for name in ("started_at", "due_at", "stopped_at")}
    return pd.DataFrame(
        {
            **columns,
            "version": fresh["verdict_version"].to_numpy(np.int64),
            "decided_at": np.full(len(fresh), now, np.int64).astype("datetime64[ms]"),
            **times,
            "reason": reasons,
        }
    )
