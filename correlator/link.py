"""Keys seen together → transactions, in whatever order they were seen.

A batch is a graph: milestone events, their exclusive keys (relation ``one`` or ``many``) and the transactions that those keys already name
are its nodes; every connected component is one transaction. It keeps the smallest id it had, and the others merge into it; if it had none,
it takes the smallest candidate id of its events. Keys of relation ``many-to-many`` never connect: they are attached to the transaction of
the event that carries them, and an event with no other keys waits on a *shelf* per key, from which every attached transaction takes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

_SEPARATOR = "\x1f"
_TEXTS = ("flow", "event_id", "candidate_id", "key_type", "key_value", "transaction_id")


@dataclass(frozen=True)
class Links:
    """The result of a batch. Frames, whose index means nothing.

    ``keys``: flow, key_type, key_value, transaction_id of pairs not yet known. ``merges``: flow, from_id, to_id. ``assignments``: flow,
    event_id, transaction_id (or shelf) of the events. ``copies``: flow, from_id (a shelf), to_id (a transaction attached to its key).
    ``keyless``: events without a usable key. ``oversized``: events with a key over the limit.
    """

    keys: pd.DataFrame
    merges: pd.DataFrame
    assignments: pd.DataFrame
    copies: pd.DataFrame
    keyless: int
    oversized: int


def link(batch: pd.DataFrame, attached: Collection[tuple[str, str]], bad_key: str) -> Links:
    """Link a batch.

    ``batch``: one row per event, key and transaction that the key names now, with columns flow, event_id, candidate_id, key_type, key_value
    (empty: the event has no key) and transaction_id (empty: the key names none). ``attached``: (flow, key type) of relation many-to-many.
    """
    batch = batch.astype(dict.fromkeys(_TEXTS, object))  # one type of text, whatever the driver returned

    # Keys that cannot be used, and events that have no other.
    events = batch["flow"] + _SEPARATOR + batch["event_id"]
    oversized = int(events[batch["key_type"] == bad_key].nunique())
    usable = (batch["key_type"] != "") & (batch["key_type"] != bad_key)
    keyless = int(events.nunique() - events[usable].nunique())
    batch = batch[usable].assign(event=events[usable])

    # Exclusive keys say which transaction each of their events belongs to; many-to-many keys are attached to it afterwards.
    kinds = pd.MultiIndex.from_arrays([batch["flow"], batch["key_type"]])
    loose = np.asarray(kinds.isin(list(attached))) if attached else np.zeros(len(batch), dtype=bool)
    owned = _owners(batch[~loose])
    shelved = batch[loose]
    owner = owned.drop_duplicates("event").set_index("event")["owner"]

    # Where a component had several transactions, all but its owner merge into it.
    merges = owned[(owned["transaction_id"] != "") & (owned["transaction_id"] != owned["owner"])][["flow", "transaction_id", "owner"]]
    merges = merges.drop_duplicates().set_axis(["flow", "from_id", "to_id"], axis=1)

    # An event with an exclusive key attaches its many-to-many keys to its transaction; one without waits on their shelves.
    holder = shelved["event"].map(owner).astype(object)
    pairs = shelved.assign(owner=holder)[holder.notna().to_numpy()]
    assignments = [owned.drop_duplicates("event")[["flow", "event_id", "owner"]], *_shelve(shelved[holder.isna().to_numpy()], merges)]
    return Links(
        keys=pd.concat([_unknown(owned), _unknown(pairs)], ignore_index=True),
        merges=merges.reset_index(drop=True),
        assignments=pd.concat([part.set_axis(["flow", "event_id", "transaction_id"], axis=1) for part in assignments], ignore_index=True),
        copies=_copies(pairs),
        keyless=keyless,
        oversized=oversized,
    )


def shelf(key_type: pd.Series, key_value: pd.Series) -> pd.Series:
    """Return the names under which events of many-to-many keys wait; they never look like a transaction id."""
    return "@" + key_type + ":" + key_value


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


def _owners(batch: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of exclusive keys with the id of the transaction each belongs to, in column ``owner``."""
    if batch.empty:
        return batch.assign(owner=pd.Series(dtype=object))
    events, event_names = pd.factorize(batch["event"])
    keys, key_names = pd.factorize(batch["flow"] + _SEPARATOR + batch["key_type"] + _SEPARATOR + batch["key_value"])
    transactions, transaction_names = pd.factorize(batch["flow"] + _SEPARATOR + batch["transaction_id"])
    keys = keys + len(event_names)
    transactions = transactions + len(event_names) + len(key_names)
    known = (batch["transaction_id"] != "").to_numpy()
    part = components(
        len(event_names) + len(key_names) + len(transaction_names),
        np.concatenate([events, keys[known]]).astype(np.int64),
        np.concatenate([keys, transactions[known]]).astype(np.int64),
    )[events]
    # A known id sorts before every candidate: ids are hexadecimal, so a leading blank is smaller.
    offered = np.where(known, " " + batch["transaction_id"], batch["candidate_id"]).astype(str)
    ids, rank = np.unique(offered, return_inverse=True)
    smallest = np.full(part.max() + 1, len(ids))
    np.minimum.at(smallest, part, rank)
    return batch.assign(owner=np.char.lstrip(ids[smallest[part]]).astype(object))


def _unknown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the (key, transaction) pairs that the store does not have; those of a merge are rewritten by the merge."""
    key = ["flow", "key_type", "key_value"]
    columns = [*key, "owner"]
    rows = rows.assign(has=rows["transaction_id"] == rows["owner"])
    known = rows.groupby(columns, sort=False)["has"].any().reset_index()
    return known[~known["has"].astype(bool)][columns].set_axis([*key, "transaction_id"], axis=1)


def _shelve(waiting: pd.DataFrame, merges: pd.DataFrame) -> list[pd.DataFrame]:
    """Assign events that have only many-to-many keys: to the shelf of each key, and to every transaction attached to one."""
    shelves = waiting.assign(owner=shelf(waiting["key_type"], waiting["key_value"]))
    survivors = dict(zip(merges["flow"] + _SEPARATOR + merges["from_id"], merges["to_id"], strict=True))
    taken = waiting[waiting["transaction_id"] != ""]
    named = zip(taken["flow"] + _SEPARATOR + taken["transaction_id"], taken["transaction_id"], strict=True)
    now = [survivors.get(name, transaction) for name, transaction in named]
    columns = ["flow", "event_id", "owner"]
    return [part[columns].drop_duplicates() for part in (shelves, taken.assign(owner=now)) if len(part)]


def _copies(pairs: pd.DataFrame) -> pd.DataFrame:
    made = pd.DataFrame({"flow": pairs["flow"], "from_id": shelf(pairs["key_type"], pairs["key_value"]), "to_id": pairs["owner"]})
    return made.drop_duplicates().reset_index(drop=True)
