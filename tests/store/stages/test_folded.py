"""What a fold hands on is what a stage would read of it from the store, value by value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa

from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from store.stages.folded import COLUMNS, as_frame
from store.statement import statement
from tests.correlator.recording import NOW, catalog, feed
from tests.model.transactions import Heard

HEARD = [
    Heard("a", "captured", 1000, (("order", "A"),)),
    Heard("b", "booked", 2000, (("order", "A"), ("ticket", "T"), ("delivery", "D"))),
    *(Heard(f"c{number}", "shipped", 3000 + number, (("delivery", f"D{number}"), ("order", "A"))) for number in range(4)),
    Heard("d", "stuck", 9000, (("order", "B"),), failure=True, cause="jam"),
    Heard("e", "captured", 8000, (("order", "B"),)),
    Heard("f", "captured", 8000, (("order", "C"),)),
]


def stored(store: Store) -> pd.DataFrame:
    found = store.frame(statement("clocks/changed_transactions", bounded=False), {"after": 0, "limit": 1_000})
    return found.sort_values(["revision", "transaction_id"], ignore_index=True)


def test_rows_handed_on_are_those_that_the_store_gives(store: Store) -> None:
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    correlator.run(NOW)  # the first run reads from the store what to fold
    feed(store, HEARD, store.revision())
    after = store.revision()
    correlator.run(NOW)
    handed = store.fresh["folded"].above(after)
    assert handed is not None
    rows = handed[0].sort_values(["revision", "transaction_id"], ignore_index=True)
    expected = stored(store)
    assert len(expected) == 3
    assert rows.columns.tolist() == expected.columns.tolist() == list(COLUMNS)
    for name in COLUMNS:
        pd.testing.assert_series_equal(rows[name], expected[name])
    for name in ("keys", "facts", "first_at", "last_at", "reached", "moments"):
        assert [list(each.items()) for each in rows[name]] == [list(each.items()) for each in expected[name]], name


def test_nothing_is_handed_on_as_nothing_and_times_as_milliseconds() -> None:
    at = datetime(2026, 3, 27, tzinfo=UTC)
    moments = pa.timestamp("ms", "UTC")
    text = pa.string()
    entry = pa.struct([("type", text), ("value", text), ("at", moments)])
    types = {
        **dict.fromkeys(("flow", "transaction_id", "reference", "state", "failed_milestone", "failed_stage", "cause"), text),
        "keys": pa.map_(text, pa.list_(text)), "facts": pa.map_(text, text), "failed_at": moments,
        "first_at": pa.map_(text, moments), "last_at": pa.map_(text, moments),
        "reached": pa.map_(text, pa.list_(entry)), "moments": pa.map_(text, pa.list_(moments)),
    }  # fmt: skip
    empty = as_frame(pa.table({name: pa.array([], type_) for name, type_ in types.items()}), 7)
    assert (len(empty), empty.columns.tolist()) == (0, list(COLUMNS))
    texts = {name: ["x"] for name, type_ in types.items() if type_ == text}
    values = {
        **texts, "keys": [[("order", ["1", "2"])]], "facts": [[]], "failed_at": [None], "first_at": [[("booked", at)]], "last_at": [[]],
        "reached": [[("booked", [{"type": "order", "value": "1", "at": at}])]], "moments": [[("booked", [at, at + timedelta(seconds=1)])]],
    }  # fmt: skip
    (row,) = as_frame(pa.table({name: pa.array(values[name], type_) for name, type_ in types.items()}), 7).to_dict("records")
    known = int(at.timestamp() * 1000)
    assert (row["keys"], row["facts"], row["revision"]) == ({"order": ["1", "2"]}, {}, 7)
    assert pd.isna(row["failed_at"])
    assert (row["first_at"], row["moments"]) == ({"booked": known}, {"booked": [known, known + 1000]})
    assert row["reached"] == {"booked": [("order", "1", known)]}
