-- Where journal slices of CloudEvents arrive, one JSON document a record; keeps nothing itself.
CREATE TABLE landing_events
(
    slice UInt64,
    source String,
    received_at UInt64,
    lane String,
    detail String,
    body String
)
ENGINE = Null
