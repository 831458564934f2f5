"""Keys seen together → transactions, in whatever order they were seen.

A batch is a graph: milestone events, their exclusive keys (relation ``one`` or ``many``) and the transactions that those keys already name
are its nodes; every connected component is one transaction. It keeps the smallest id it had, and the others merge into it; if it had none,
it takes the smallest candidate id of its events. Keys of relation ``many-to-many`` never connect: they are attached to the transaction of
the event that carries them, and an event with no other keys waits on a *shelf* per key, from which every attached transaction takes it.

Most batches have few rows, for which an operation on a data frame takes twenty times as long as one on arrays: so these are arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from correlator.columns import SEPARATOR

Texts = npt.NDArray[np.object_]
_Codes = npt.NDArray[np.intp]

_TEXTS = ("flow", "event_id", "candidate_id", "key_type", "key_value", "transaction_id")


@dataclass(frozen=True)
class Links:
    """The result of a batch. Frames, whose index means nothing.

    ``keys``: flow, key_type, key_value, transaction_id of pairs not yet known. ``merges``: flow, from_id, to_id. ``assignments``: flow,
    event_id, transaction_id (or shelf) of the events. ``copies``: flow, from_id (a shelf), to_id (a transaction attached to its key).
    ``keyless``: events without a usable key. ``bad_keys``: events with a key that cannot be one.
    """

    keys: pd.DataFrame
    merges: pd.DataFrame
    assignments: pd.DataFrame
    copies: pd.DataFrame
    keyless: int
    bad_keys: int


_Rows = dict[str, Texts]
"""Rows of a batch by column; ``event`` names an event over all flows, ``owner`` is the transaction that it belongs to."""


def link(batch: pd.DataFrame, attached: Collection[tuple[str, str]], bad_key: str) -> Links:
    """Link a batch.

    ``batch``: one row per event, key and transaction that the key names now, with columns flow, event_id, candidate_id, key_type, key_value
    (empty: the event has no key) and transaction_id (empty: the key names none). ``attached``: (flow, key type) of relation many-to-many.
    """
    rows: _Rows = {name: np.asarray(batch[name], dtype=object) for name in _TEXTS}  # one type of text, whatever the driver returned
    rows["event"] = _joined(rows["flow"], rows["event_id"])

    # Keys that cannot be used, and events that have no other.
    bad = rows["key_type"] == bad_key
    usable = (rows["key_type"] != "") & ~bad
    bad_keys = len(_first_of(rows["event"][bad]))
    keyless = len(_first_of(rows["event"])) - len(_first_of(rows["event"][usable]))
    rows = _taken(rows, usable)

    # Exclusive keys say which transaction each of their events belongs to; many-to-many keys are attached to it afterwards.
    loose = np.isin(_joined(rows["flow"], rows["key_type"]), [SEPARATOR.join(pair) for pair in attached])
    owned, shelved = _taken(rows, ~loose), _taken(rows, loose)
    owned["owner"] = _owners(owned)
    of_events = _taken(owned, _first_of(owned["event"]))

    # Where a component had several transactions, all but its owner merge into it.
    merges = _taken(owned, (owned["transaction_id"] != "") & (owned["transaction_id"] != owned["owner"]))
    merges = _taken(merges, _first_of(merges["flow"], merges["transaction_id"]))

    # An event with an exclusive key attaches its many-to-many keys to its transaction; one without waits on their shelves.
    owners = dict(zip(of_events["event"], of_events["owner"], strict=True)) if len(shelved["event"]) else {}
    shelved["owner"] = np.array([owners.get(event, "") for event in shelved["event"]], dtype=object)
    pairs, waiting = _taken(shelved, shelved["owner"] != ""), _taken(shelved, shelved["owner"] == "")
    shelves, attached_now = _shelves(waiting), _attached(waiting, merges)
    return Links(
        keys=_frame(_unknown(_concatenated(owned, pairs)), flow="flow", key_type="key_type", key_value="key_value", transaction_id="owner"),
        merges=_frame(merges, flow="flow", from_id="transaction_id", to_id="owner"),
        assignments=_frame(_concatenated(of_events, shelves, attached_now), flow="flow", event_id="event_id", transaction_id="owner"),
        copies=_copies(pairs),
        keyless=keyless,
        bad_keys=bad_keys,
    )


def shelf(key_type: Texts, key_value: Texts) -> Texts:
    """Return the names under which events of many-to-many keys wait; they never look like a transaction id."""
    named: Texts = "@" + key_type + ":" + key_value
    return named


def components(count: int, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return for each of ``count`` nodes the smallest node it is connected with by the edges ``left[i]``-``right[i]``."""
    label = np.arange(count)
    while True:
        low = np.minimum(label[left], label[right])
        lower = label.copy()
        for ends in (left, right, label[left], label[right]):
            np.minimum.at(lower, ends, low)
        lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower


def _owners(rows: _Rows) -> Texts:
    """Return the id of the transaction that each row of an exclusive key belongs to."""
    if not len(rows["event"]):
        return rows["event"]
    events, event_names = pd.factorize(rows["event"])
    keys, key_names = pd.factorize(_joined(rows["flow"], rows["key_type"], rows["key_value"]))
    transactions, transaction_names = pd.factorize(_joined(rows["flow"], rows["transaction_id"]))
    keys = keys + len(event_names)
    transactions = transactions + len(event_names) + len(key_names)
    known = rows["transaction_id"] != ""
    part = components(
        len(event_names) + len(key_names) + len(transaction_names),
        np.concatenate([events, keys[known]]).astype(np.int64),
        np.concatenate([keys, transactions[known]]).astype(np.int64),
    )[events]
    # A known id sorts before every candidate: ids are hexadecimal, so a leading blank is smaller.
    offered = np.where(known, " " + rows["transaction_id"], rows["candidate_id"]).astype(str)
    ids, rank = np.unique(offered, return_inverse=True)
    smallest = np.full(part.max() + 1, len(ids))
    np.minimum.at(smallest, part, rank)
    owners: Texts = np.char.lstrip(ids[smallest[part]]).astype(object)
    return owners


def _unknown(rows: _Rows) -> _Rows:
    """Return rows of the (key, transaction) pairs that the store does not have; those of a merge are rewritten by the merge."""
    codes, pairs = pd.factorize(_joined(rows["flow"], rows["key_type"], rows["key_value"], rows["owner"]))
    known = np.zeros(len(pairs), dtype=bool)
    known[codes[rows["transaction_id"] == rows["owner"]]] = True
    return _taken(rows, _first(codes)[~known])


def _shelves(waiting: _Rows) -> _Rows:
    """Assign events that have only many-to-many keys to the shelf of each key."""
    shelves = {**waiting, "owner": shelf(waiting["key_type"], waiting["key_value"])}
    return _taken(shelves, _first_of(shelves["event"], shelves["owner"]))


def _attached(waiting: _Rows, merges: _Rows) -> _Rows:
    """And to every transaction that is attached to one: to the one it merges into, if it does so now."""
    taken = _taken(waiting, waiting["transaction_id"] != "")
    survivors = dict(zip(_joined(merges["flow"], merges["transaction_id"]), merges["owner"], strict=True))
    named = zip(_joined(taken["flow"], taken["transaction_id"]), taken["transaction_id"], strict=True)
    taken["owner"] = np.array([survivors.get(name, transaction) for name, transaction in named], dtype=object)
    return _taken(taken, _first_of(taken["event"], taken["owner"]))


def _copies(pairs: _Rows) -> pd.DataFrame:
    shelves = {**pairs, "shelf": shelf(pairs["key_type"], pairs["key_value"])}
    return _frame(_taken(shelves, _first_of(pairs["flow"], shelves["shelf"], pairs["owner"])), flow="flow", from_id="shelf", to_id="owner")


def _joined(*texts: Texts) -> Texts:
    """Return the texts of each row as one, which is equal where all of them are."""
    joined = texts[0]
    for more in texts[1:]:
        joined = joined + SEPARATOR + more
    return joined


def _first_of(*texts: Texts) -> _Codes:
    """Return where each combination of texts stands first, in the order of the rows."""
    return _first(pd.factorize(_joined(*texts))[0])


def _first(codes: _Codes) -> _Codes:
    """Return where each of the numbers 0, 1 and so on stands first; they appear in this order."""
    return np.unique(codes, return_index=True)[1]


def _taken(rows: Mapping[str, Texts], chosen: npt.NDArray[np.bool_] | _Codes) -> _Rows:
    return {name: values[chosen] for name, values in rows.items()}


def _concatenated(*parts: _Rows) -> _Rows:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _frame(rows: _Rows, **columns: str) -> pd.DataFrame:
    """Return rows as a frame whose columns are those named by the values."""
    return pd.DataFrame({name: rows[column] for name, column in columns.items()})
